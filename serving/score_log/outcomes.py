"""Did what was served come true? Served scores beside what happened afterwards, as far as it was on record by a day.

The deal or customer counts once a day and version: the day's last score. A chance within some days counts once those
days have passed, whatever happened; a chance "ever" counts for deals that were decided, and those decided soon are not
like the others, so it says less. What-ifs are left out: they did not happen.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from features.as_of import DAY, micros
from features.history import History
from features.kernel import MISSING

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DECILES = 10
EVER = "ever"
SURE = 1e-9


@dataclass(frozen=True)
class Band:
    """Scores of one tenth, from the lowest: how likely it was said to be, and how often it came."""

    scores: int
    said: float
    came: float


@dataclass(frozen=True)
class Judged:
    """How the scores of one version at one horizon (days, or "ever") came true.

    `log_loss` and `brier` are those of the scores, `log_loss_of_share` that of telling everyone the share that came.
    """

    model: str
    version: str
    role: str
    kind: str | None
    horizon: str
    scores: int
    said: float
    came: float
    log_loss: float
    brier: float
    log_loss_of_share: float
    bands: tuple[Band, ...]

    def facts(self) -> dict[str, Any]:
        """All of it as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class _Rows:
    """Served scores of one version, one a subject and day."""

    ids: NDArray[np.object_]
    at: Ints
    probability: Floats
    by_days: Sequence[Mapping[float, float]]

    def horizons(self) -> list[float]:
        """Every horizon that any of them was asked for."""
        return sorted({days for one in self.by_days for days in one})

    def asked(self, days: float) -> tuple[NDArray[np.bool_], Floats]:
        """Which of them were asked for the horizon, and their chances."""
        chances = np.array([one.get(days, np.nan) for one in self.by_days])
        return ~np.isnan(chances), chances


def judge(history: History, table: "pa.Table", as_of: datetime) -> list[Judged]:
    """Judge served scores by what was on record before `as_of` (naive UTC)."""
    found: list[Judged] = []
    for (model, version, role, kind), rows in _groups(table, as_of):
        judged = _of_deals if model == "win" else _of_orders if kind == "orders" else _of_contracts
        for horizon, outcome, said in judged(history, rows, as_of):
            if len(said):
                found.append(_judged(model, version, role, kind, horizon, outcome, said))
    return found


def _groups(table: "pa.Table", as_of: datetime) -> Iterator[tuple[tuple[str, str, str, str | None], _Rows]]:
    groups: dict[tuple[str, str, str, str | None], dict[tuple[str, str], dict[str, Any]]] = {}
    for row in table.to_pylist():
        if row["form"] == "what_if" or row["subject"] is None or row["probability"] is None or row["as_of"] >= as_of:
            continue
        group = groups.setdefault((row["model"], row["version"], row["role"], row["kind"]), {})
        # Rows come oldest first: the day's last stays.
        group[row["subject"], row["as_of"].date().isoformat()] = row
    for name, group in sorted(groups.items(), key=lambda each: tuple(str(part) for part in each[0])):
        rows = list(group.values())
        yield (
            name,
            _Rows(
                np.array([row["subject"] for row in rows], object),
                np.array([micros(row["as_of"]) for row in rows], np.int64),
                np.array([row["probability"] for row in rows], np.float64),
                [dict(zip(row["horizons"], row["chances"], strict=True)) for row in rows],
            ),
        )


Found = Iterator[tuple[str, Floats, Floats]]


def _of_deals(history: History, rows: _Rows, as_of: datetime) -> Found:
    from training.labels import match, outcomes

    end = micros(as_of)
    won, happened, known = match(rows.ids, outcomes(history, as_of))
    # What was on record when the score was made was no forecast.
    open_then = (known == MISSING) | (known >= rows.at)
    decided = open_then & ~np.isnan(won)
    yield EVER, won[decided], rows.probability[decided]
    for days in rows.horizons():
        asked, said = rows.asked(days)
        chosen = asked & open_then & (rows.at + round(days * DAY) < end)
        came = (won == 1) & (happened <= rows.at + round(days * DAY))
        yield f"{days:g}", came[chosen].astype(np.float64), said[chosen]


def _of_orders(history: History, rows: _Rows, as_of: datetime) -> Found:
    from training.churn.events import purchases

    happened, _ = purchases(history, as_of).next_after(rows.ids, rows.at, micros(as_of))
    yield from _within(rows, as_of, 0.0, lambda end: (happened == MISSING) | (happened > end))


def _of_contracts(history: History, rows: _Rows, as_of: datetime) -> Found:
    from training.churn.events import contracts, lag_of, leavings

    told = contracts(history, as_of)
    happened, _ = leavings(told, micros(as_of)).next_after(rows.ids, rows.at, micros(as_of))
    lag = lag_of(told, micros(as_of))
    yield from _within(rows, as_of, lag, lambda end: (happened != MISSING) & (happened <= end))


def _within(rows: _Rows, as_of: datetime, lag: float, came: Callable[[Ints], NDArray[np.bool_]]) -> Found:
    for days in rows.horizons():
        asked, said = rows.asked(days)
        ends = rows.at + round(days * DAY)
        chosen = asked & (ends + round(lag * DAY) < micros(as_of))
        yield f"{days:g}", came(ends)[chosen].astype(np.float64), said[chosen]


def _judged(
    model: str, version: str, role: str, kind: str | None, horizon: str, outcome: Floats, said: Floats
) -> Judged:
    share = float(outcome.mean())
    order = np.argsort(said, kind="stable")
    bands = tuple(
        Band(len(some), float(said[some].mean()), float(outcome[some].mean()))
        for some in np.array_split(order, min(DECILES, len(order)))
    )
    return Judged(
        model,
        version,
        role,
        kind,
        horizon,
        len(said),
        float(said.mean()),
        share,
        _log_loss(outcome, said),
        float(((said - outcome) ** 2).mean()),
        _log_loss(outcome, np.full(len(outcome), share)),
        bands,
    )


def _log_loss(outcome: Floats, said: Floats) -> float:
    p = np.clip(said, SURE, 1 - SURE)
    return float(-(outcome * np.log(p) + (1 - outcome) * np.log(1 - p)).mean())
