"""A company whose deals are drawn at random, for tests of what the audit finds."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.audit import Finding, audit
from features.contracts import STORED_AS, TABLES, Kind, Known
from features.history import Delivery, History

DAY = 86_400_000_000
START = 1_672_531_200_000_000  # 2023-01-01
TAKEN, LATER = datetime(2025, 12, 1), datetime(2026, 1, 1)
Rows = dict[str, list[object]]


class Company:
    """A history made of rows; columns beyond the contract are attributes known at creation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.history = History.open(folder / "home")

    def add(self, known: dict[str, Known] | None = None, taken_at: datetime = TAKEN, **tables: Rows) -> History:
        """Append these tables as one delivery."""
        declared: dict[str, dict[str, Known]] = {table: {} for table in tables}
        files = {}
        for table, rows in tables.items():
            columns = {}
            for column, values in rows.items():
                found = TABLES[table].column(column)
                if found is None:
                    declared[table][column] = Known.AT_CREATION
                    columns[f"attr_{column}"] = pa.array([None if v is None else str(v) for v in values], pa.string())
                else:
                    columns[column] = _typed(found.kind, values)
            files[table] = self.folder / f"{table}-{len(self.history.entries)}.parquet"
            pq.write_table(pa.table(columns), files[table])
        declared.setdefault("deals", {}).update(known or {})
        self.history.append(Delivery(files, declared, "UTC", "EUR", "test", taken_at))
        return self.history


def _typed(kind: Kind, values: list[object]) -> pa.Array:
    if kind is Kind.MONEY:
        return pa.array(np.asarray(values, float)).cast(STORED_AS[kind], safe=False)
    return pa.array(values, STORED_AS[kind])


class Draw:
    """Deals drawn at random: won with the odds that `strength` times a hidden score gives; some still open."""

    def __init__(self, count: int = 1500, seed: int = 0, strength: float = 0.0) -> None:
        self.chance = chance = np.random.default_rng(seed)
        self.count = count
        self.score = chance.normal(size=count)
        self.won = chance.random(count) < 1 / (1 + np.exp(-strength * self.score + 0.5))
        self.days = chance.gamma(2, 20, count) + 0.5
        self.created = START + np.sort(chance.integers(0, 700 * DAY, count))
        self.open = self.created + self.days * DAY > START + 720 * DAY
        self.closed = (self.created + self.days * DAY).astype(np.int64)

    def rows(self, **more: object) -> Rows:
        status = np.where(self.open, "open", np.where(self.won, "won", "lost"))
        columns: Rows = {
            "deal_id": [f"d{i:05d}" for i in range(self.count)],
            "status": status.tolist(),
            "created_at": self.created.tolist(),
            "closed_at": [None if o else c for o, c in zip(self.open.tolist(), self.closed.tolist(), strict=True)],
        }
        return columns | {name: list(values) for name, values in more.items()}  # type: ignore[call-overload]

    def hide_on_open(self, values: object) -> list[object]:
        return [None if o else v for o, v in zip(self.open, values, strict=True)]  # type: ignore[call-overload]


def against(history: History, until: datetime = LATER) -> dict[str, set[str]]:
    """The columns found at error level, with what was found."""
    found: dict[str, set[str]] = {}
    for finding in audit(history, until).findings:
        if finding.severity == "error":
            found.setdefault(finding.column, set()).add(finding.finding)
    return found


def only(history: History, code: str) -> Finding:
    (finding,) = [f for f in audit(history, LATER).findings if f.finding == code]
    return finding
