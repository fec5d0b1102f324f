"""Did what was served come true? Served scores beside what happened afterwards, as far as it was on record by a day.

The deal or customer counts once a day and version: the day's last score. A chance within some days counts once those
days have passed, and as many more as it takes until what happened is on record; a chance "ever" counts for deals that
were decided, and those decided soon are not like the others, so it says less.

Only scores by id count, of what was on record when they were made: what a caller describes, changes or sends as
features need not be so, and may bear any id. Nor does a look back count: its outcome could be known when it was made.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from features.as_of import DAY, micros
from features.history import History
from features.kernel import MISSING
from features.open_deals import customers_known, deals_created

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DECILES = 10
A_DAY = timedelta(days=1)
NEVER = 2**62
EVER = "ever"
SURE = 1e-9
RECORDED = 0.95
"""Share of what happens that is on record once the usual days have passed."""


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
    """Served scores of one version, one a subject and day; `chances` within `days`, and `of` which score each is."""

    ids: NDArray[np.object_]
    at: Ints
    probability: Floats
    of: NDArray[np.intp]
    days: Floats
    chances: Floats

    def horizons(self) -> list[float]:
        """Every horizon that any of them was asked for."""
        return [float(days) for days in np.unique(self.days)]

    def asked(self, days: float) -> tuple[NDArray[np.bool_], Floats]:
        """Which of them were asked for the horizon, and their chances."""
        chances, its = np.full(len(self.ids), np.nan), self.days == days
        chances[self.of[its]] = self.chances[its]
        return ~np.isnan(chances), chances


def judge(history: History, table: "pa.Table", as_of: datetime) -> list[Judged]:
    """Judge served scores by what was on record before `as_of` (naive UTC)."""
    found: list[Judged] = []
    on_record = {"win": _since(deals_created(history, as_of)), "churn": _since(customers_known(history, as_of))}
    groups = sorted(_groups(table, as_of, on_record), key=lambda each: tuple(str(part) for part in each[0]))
    for (model, version, role, kind), rows in groups:
        judged = _of_deals if model == "win" else _of_orders if kind == "orders" else _of_contracts
        for horizon, outcome, said in judged(history, rows, as_of):
            if len(said):
                found.append(_judged(model, version, role, kind, horizon, outcome, said))
    return found


def _since(found: tuple[NDArray[np.object_], Ints]) -> Mapping[str, int]:
    """Since when each is on record (microseconds)."""
    return dict(zip(found[0].tolist(), found[1].tolist(), strict=True))


def _groups(
    table: "pa.Table", as_of: datetime, on_record: Mapping[str, Mapping[str, int]]
) -> Iterator[tuple[tuple[str, str, str, str | None], _Rows]]:
    """The forecasts among served scores, by version: those of a deal or customer on record, before anybody could know.

    Whole columns at a time: a night has a hundred thousand.
    """
    import pyarrow.compute as pc

    fresh = pc.less(pc.subtract(table["scored_at"], table["as_of"]), A_DAY)
    known = pc.and_(pc.equal(table["form"], "known"), pc.is_valid(table["probability"]))
    table = table.filter(pc.and_(pc.and_(known, fresh), pc.less(table["as_of"], as_of)))
    names = ("model", "version", "role", "kind")
    for group in table.group_by(list(names), use_threads=False).aggregate([]).to_pylist():
        chosen = None
        for name in names:
            is_its = pc.is_null(table[name]) if group[name] is None else pc.equal(table[name], group[name])
            chosen = is_its if chosen is None else pc.and_(chosen, is_its)
        rows = _rows(table.filter(chosen, null_selection_behavior="drop"), on_record[group["model"]])
        if len(rows.ids):
            yield (group["model"], group["version"], group["role"], group["kind"]), rows


def _rows(table: "pa.Table", on_record: Mapping[str, int]) -> _Rows:
    """Of each subject on record the last score of a day; the scores come oldest first."""
    subjects = table["subject"].combine_chunks().dictionary_encode()
    codes = subjects.indices.fill_null(-1).to_numpy().astype(np.int64)
    ids = np.array([*subjects.dictionary.to_pylist(), None], object)
    since = np.array([on_record.get(subject, NEVER) for subject in ids], np.int64)[codes]
    at = table["as_of"].cast("int64").to_numpy()
    there = np.flatnonzero(since < at)
    days = at[there] // DAY
    _, first = np.unique(np.column_stack([codes[there], days])[::-1], axis=0, return_index=True)
    last = np.sort(there[len(there) - 1 - first])
    lists = table.select(["horizons", "chances"]).take(last)
    horizons, chances = (lists[name].combine_chunks() for name in ("horizons", "chances"))
    return _Rows(
        ids[codes[last]],
        at[last],
        table["probability"].to_numpy()[last],
        np.repeat(np.arange(len(last)), horizons.value_lengths().fill_null(0).to_numpy()),
        horizons.flatten().to_numpy(zero_copy_only=False),
        chances.flatten().to_numpy(zero_copy_only=False),
    )


Found = Iterator[tuple[str, Floats, Floats]]


def _of_deals(history: History, rows: _Rows, as_of: datetime) -> Found:
    from training.labels import match, outcomes

    decisions = outcomes(history, as_of)
    lag = _lag(rows, decisions.happened, decisions.known)
    won, happened, known = match(rows.ids, decisions)
    # What was on record when the score was made was no forecast.
    open_then = (known == MISSING) | (known >= rows.at)
    decided = open_then & ~np.isnan(won)
    yield EVER, won[decided], rows.probability[decided]
    for days in rows.horizons():
        asked, said = rows.asked(days)
        chosen = asked & open_then & (rows.at + round((days + lag) * DAY) < micros(as_of))
        came = (won == 1) & (happened <= rows.at + round(days * DAY))
        yield f"{days:g}", came[chosen].astype(np.float64), said[chosen]


def _lag(rows: _Rows, happened: Ints, known: Ints) -> float:
    """Days until what happens is on record, of nearly all that came to be on record since the first of the scores."""
    since = (happened != MISSING) & (known >= rows.at.min())
    late = (known[since] - happened[since]) / DAY
    return float(np.quantile(late, RECORDED)) if len(late) else 0.0


def _of_orders(history: History, rows: _Rows, as_of: datetime) -> Found:
    from training.churn.events import purchases

    bought = purchases(history, as_of)
    happened, _ = bought.next_after(rows.ids, rows.at, micros(as_of))
    lag = _lag(rows, bought.happened, bought.known)
    yield from _within(rows, as_of, lag, lambda end: (happened == MISSING) | (happened > end))


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
