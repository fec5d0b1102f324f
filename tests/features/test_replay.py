"""Twelve past Mondays of an invented company are the same to the last bit after a year of later deliveries."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.as_of import Moments, micros
from features.catalog import offered
from features.contracts import STORED_AS, TABLES
from features.history import Delivery, History
from features.importing import import_folder
from features.open_deals import active_customers, open_deals
from features.stream_sql import known_since
from features.table import build_table
from simulation.company import CompanySettings
from simulation.writing import write_company

MONTH = timedelta(days=30)
ROWS = {"deals": "status", "customers": "segment", "orders": "quantity", "activities": "type", "tickets": "kind"}
"""Tables whose rows are corrected and deleted later, and a column that every correction changes."""


class Deliveries:
    """The company as its CRM exported it: everything up to a day, then what came month by month, mended and deleted."""

    def __init__(self, folder: Path) -> None:
        settings = CompanySettings(deals=260)
        write_company(settings, folder / "files")
        end = datetime.combine(settings.end, datetime.min.time())
        import_folder(folder / "files", folder / "whole", folder / "files" / "mapping.yaml", end)
        self.whole = History.existing(folder / "whole")
        self.history = History(folder / "home")
        self.folder = folder / "exports"
        self.folder.mkdir()
        self.begin = end - timedelta(days=370)
        self.end = end
        self.dice = Random(3)

    def deliver(self, since: datetime | None, until: datetime) -> None:
        """What became known from one day to another; deals not closed by then are open in it."""
        files = {table: path for table in self.whole.tables() if (path := self._rows(table, since, until)) is not None}
        self._append(files, until)

    def mend(self, taken_at: datetime) -> int:
        """Corrections and deletions of rows on record, of whatever age; how many."""
        changed = 0
        files = {}
        for table, column in ROWS.items():
            rows = self._latest(table)
            picked = self.dice.sample(rows, min(len(rows), 8))
            changed += len(picked)
            key = TABLES[table].key[0]
            mended = [self._corrected(table, column, row) for row in picked[:5]]
            gone = [{key: row[key], "deleted_at": taken_at - timedelta(days=1)} for row in picked[5:]]
            files[table] = self._write(table, mended)
            self._append({table: files[table]}, taken_at)
            self._append({table: self._write(table, gone)}, taken_at)
        return changed

    def _corrected(self, table: str, column: str, row: dict[str, object]) -> dict[str, object]:
        if table == "deals":
            return row | {"status": "lost", "closed_at": row["created_at"] + timedelta(days=9), "source": "mended"}
        others = {"segment": "mended", "type": "visit", "kind": "question", "quantity": -1.0}
        return row | {column: others[column]}

    def _latest(self, table: str) -> list[dict[str, object]]:
        columns = ", ".join(c for c in self.history.columns(table) if c not in ("recorded_at", "deleted_at"))
        key = TABLES[table].key[0]
        with self.history.connect() as con:
            found = con.sql(f"SELECT {columns} FROM ({self.history.sql_latest(table)}) ORDER BY {key}").to_arrow_table()
        return found.to_pylist()

    def _rows(self, table: str, since: datetime | None, until: datetime) -> Path | None:
        columns = [c for c in self.whole.columns(table) if c != "deleted_at"]
        chosen = ", ".join(columns)
        known = f"{known_since(table)} < {micros(until)}"
        if since is not None:
            known += f" AND {known_since(table)} >= {micros(since)}"
        if table == "deals":
            closed = f"closed_at < TIMESTAMP '{until}'"
            told = {"status": f"CASE WHEN {closed} THEN status ELSE 'open' END"}
            for column in ("closed_at", "lost_reason"):
                told[column] = f"CASE WHEN {closed} THEN {column} END"
            chosen = ", ".join(f"{told[c]} AS {c}" if c in told else c for c in columns)
            known = f"created_at < TIMESTAMP '{until}'"
        with self.whole.connect() as con:
            path = self.folder / f"{table}-{until:%Y%m%d}.parquet"
            rows = con.sql(f"SELECT {chosen} FROM ({self.whole.sql_versions(table)}) WHERE {known}").to_arrow_table()
        if not rows.num_rows:
            return None
        pq.write_table(rows, path)
        return path

    def _write(self, table: str, rows: list[dict[str, object]]) -> Path:
        path = self.folder / f"{table}-mended-{self.dice.random()}.parquet"
        kinds = {}
        for name in dict.fromkeys(c for row in rows for c in row):
            found = TABLES[table].column(name)
            kinds[name] = STORED_AS[found.kind] if found else pa.string()
        pq.write_table(pa.Table.from_pylist(rows, pa.schema(kinds)), path)
        return path

    def _append(self, files: dict[str, Path], taken_at: datetime) -> None:
        known = {t: dict(self.whole.entries[-1].known.get(t, {})) for t in files}
        timezone, currency = self.whole.timezone, self.whole.currency
        assert timezone is not None
        assert currency is not None
        self.history.append(Delivery(files, known, timezone, currency, "export", taken_at))

    def mondays(self) -> list[datetime]:
        last = self.begin - timedelta(days=self.begin.weekday())
        return [last - timedelta(days=7 * back) for back in range(12)]

    def tables(self) -> Iterator[pa.Table]:
        """The features of all open deals and of all active customers on the Mondays."""
        for entity, who in (("deal", open_deals), ("customer", active_customers)):
            asked = [who(self.history, monday) for monday in self.mondays()]
            moments = Moments(np.concatenate([a.ids for a in asked]), np.concatenate([a.at for a in asked]))
            yield build_table(offered(self.history, self.begin, entity).features, moments, self.history)


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> Deliveries:
    return Deliveries(tmp_path_factory.mktemp("replay"))


def test_a_year_of_later_deliveries_changes_no_past_monday(deliveries):
    deliveries.deliver(None, deliveries.begin)
    before = list(deliveries.tables())
    entries = len(deliveries.history.entries)
    day, mended = deliveries.begin, 0
    while day + MONTH <= deliveries.end:
        deliveries.deliver(day, day + MONTH)
        day += MONTH
        mended += deliveries.mend(day)

    after = list(deliveries.tables())

    assert len(deliveries.history.entries) > entries + 12
    assert mended > 300
    for old, new in zip(before, after, strict=True):
        assert old.num_rows > 200
        assert old.num_columns > 60
        differing = [name for name in old.column_names if not old[name].equals(new[name])]
        assert differing == []
    # The year was not for nothing: as of today the record is another one.
    assert open_deals(deliveries.history, deliveries.end).ids.tolist() != before[0]["deal_id"].to_pylist()
