"""Which rows are watched? The moments a model learns from or is asked about, with features, and outcomes once known.

Deals are looked at at fixed ages, customers at regular moments. Rows are computed from the history as it stood at each
moment, so those of the history that a model learned from and those that came later are alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.as_of import DAY, Moments, micros, moments_back
from features.definition import Feature
from features.evaluate import Category, Values
from features.history import History
from features.kernel import MISSING
from training.bundle import SURE
from training.drift.outcomes import Decided

MOST = 60_000
"""Rows that are looked at; above, deals or customers are drawn, the same ones in every run."""
AHEAD = 28.0
"""Days after which a customer's silence, or leaving, is looked at."""
EVERY = 7
"""Days between looks at customers."""
SCORE = "score"
"""The name under which the model's own answer is watched, beside its features."""


@dataclass(frozen=True)
class Rows:
    """Rows [n]: features by name, moment (microseconds), age in days; outcome (NaN unknown) with the moment it was
    known and the subject's age then; whether it is the last look before the outcome; the model's answer."""

    x: dict[str, NDArray[Any]]
    at: NDArray[np.int64]
    age: NDArray[np.float64]
    outcome: NDArray[np.float64]
    known: NDArray[np.int64]
    age_then: NDArray[np.float64]
    last: NDArray[np.bool_]
    p: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.at)

    def known_by(self, end: int) -> "Rows":
        """The rows of looks before `end` (microseconds), with outcomes only as known then."""
        unknown = (self.known == MISSING) | (self.known >= end)
        rows = replace(
            self,
            outcome=np.where(unknown, np.nan, self.outcome),
            known=np.where(unknown, MISSING, self.known),
            age_then=np.where(unknown, np.nan, self.age_then),
            last=self.last & ~unknown,
        )
        kept = self.at < end
        each = {f.name: getattr(rows, f.name)[kept] for f in fields(rows) if f.name != "x"}
        return Rows(x={name: column[kept] for name, column in self.x.items()}, **each)

    @property
    def decided(self) -> Decided:
        """The outcomes, each once, with the chance given at the last look."""
        rows = self.last & ~np.isnan(self.p)
        return Decided(self.outcome[rows], self.p[rows], self.age_then[rows], self.known[rows])


def rows_of(
    history: History, bundle: Any, since: datetime | None, until: datetime, before: timedelta = timedelta(0)
) -> Rows:
    """The rows looked at in [since - before, until), or decided in [since, until), naive UTC.

    From the beginning where `since` is None. Raises NotInHistory where the history no longer gives a feature.
    """
    return (_customers if bundle.model == "churn" else _deals)(history, bundle, since, until, before)


def _deals(history: History, bundle: Any, since: datetime | None, until: datetime, before: timedelta) -> Rows:
    from training.labels import match, outcomes
    from training.moments import life_moments

    moments, age = life_moments(history, until, most=10 * MOST if since is None else None)
    outcome, _, known = match(moments.ids, outcomes(history, until))
    last = _last_looks(moments)
    begin = np.iinfo(np.int64).min if since is None else micros(since)
    looked = begin if since is None else micros(since - before)
    asked = (moments.at >= looked) | (last & (known != MISSING) & (known >= begin))
    kept = asked & _drawn(moments.ids, asked)
    moments = Moments(moments.ids[kept], moments.at[kept])
    age, outcome, known, last = age[kept], outcome[kept], known[kept], last[kept]
    decided = known != MISSING
    age_then = np.where(decided, age + (known - moments.at) / DAY, np.nan)
    last &= decided & (known >= begin)
    return _computed(history, bundle, moments, age, outcome, known, age_then, last)


def _customers(history: History, bundle: Any, since: datetime | None, until: datetime, before: timedelta) -> Rows:
    from features.open_deals import active_customers
    from training.churn.events import contracts, leavings, purchases
    from training.churn.looks import first_known, running

    first = first_known(history, until)
    begin = datetime.fromisoformat(str(np.datetime64(first or 0, "us"))) if since is None else since
    # Whose silence is judged in the first week had been looked at before it.
    start = min(begin - max(before, timedelta(days=0 if since is None else AHEAD + EVERY)), until)
    moments = active_customers(history, *moments_back(until, start, EVERY))
    contract = running(history, moments)
    kept = _drawn(moments.ids, np.ones(len(moments), bool))
    moments, contract = Moments(moments.ids[kept], moments.at[kept]), contract[kept]
    end, ahead = micros(until), round(AHEAD * DAY)
    came = np.zeros(len(moments), bool)
    for rows, events in ((~contract, purchases(history, until)), (contract, leavings(contracts(history, until), end))):
        if rows.any():
            happened, known = events.next_after(moments.ids[rows], moments.at[rows], end)
            came[rows] = (happened != MISSING) & (happened <= moments.at[rows] + ahead) & (known < end)
    over = moments.at + ahead <= end
    # Every fourth look, so that no week of a customer's life is judged twice.
    turn = ((end - moments.at) // (EVERY * DAY)) % round(AHEAD / EVERY) == 0
    outcome = np.where(over, np.where(contract, came, ~came).astype(np.float64), np.nan)
    known = np.where(over, moments.at + ahead - 1, MISSING)
    age = np.zeros(len(moments))
    last = over & turn & (known >= micros(begin))
    return _computed(history, bundle, moments, age, outcome, known, np.where(over, AHEAD, np.nan), last)


def _computed(
    history: History,
    bundle: Any,
    moments: Moments,
    age: NDArray[np.float64],
    outcome: NDArray[np.float64],
    known: NDArray[np.int64],
    age_then: NDArray[np.float64],
    last: NDArray[np.bool_],
) -> Rows:
    features: tuple[Feature, ...] = bundle.features
    values = values_at(features, moments, history)
    x = {name: value.texts() if isinstance(value, Category) else value for name, value in values.items()}
    p = answers(bundle, values) if len(moments) else np.zeros(0)
    return Rows(x, moments.at, age, outcome, known, age_then, last, p)


def values_at(features: Sequence[Feature], moments: Moments, history: History) -> dict[str, Values]:
    """Each feature's values at the moments. Raises NotInHistory where the history no longer gives one."""
    from features.engines.local import LocalFeatures
    from features.table import check

    chosen = tuple(features)
    check(chosen, history)
    if not len(moments):
        return {feature.name: np.zeros(0) for feature in chosen}
    with LocalFeatures(chosen, moments, history) as found:
        # What lies in files goes with them.
        return {name: _kept(value) for name, value in found.values().items()}


def _kept(value: Values) -> Values:
    return Category(np.array(value.codes), value.levels) if isinstance(value, Category) else np.array(value)


def answers(bundle: Any, values: dict[str, Values]) -> NDArray[np.float64]:
    """What the model says of each row: the chance to be won ever, or of four weeks' silence or leaving."""
    from pandas import DataFrame

    columns = {name: value.texts() if isinstance(value, Category) else value for name, value in values.items()}
    x = DataFrame(columns)
    if bundle.model == "churn":
        said = bundle.chances_of(x, [AHEAD], bundle.until)
        return np.array([chances[0] for chances in said], np.float64)
    if bundle.estimate is None:
        return np.full(len(x), np.nan)
    return np.asarray(np.clip(bundle.estimate.predict(x), SURE, 1 - SURE), np.float64)


def _last_looks(moments: Moments) -> NDArray[np.bool_]:
    """Whether each row is the last of its subject."""
    _, code = moments.names
    subject = np.asarray(code, np.int64)
    order = np.lexsort((moments.at, subject))
    last = np.ones(len(order), bool)
    last[:-1] = subject[order][1:] != subject[order][:-1]
    found = np.zeros(len(order), bool)
    found[order] = last
    return found


def _drawn(ids: NDArray[np.object_], asked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The rows of as many subjects, drawn alike in every run, as keep to `MOST` rows."""
    total = int(asked.sum())
    if total <= MOST:
        return np.ones(len(ids), bool)
    names, code = np.unique(ids.astype(str), return_inverse=True)
    order = np.random.default_rng(0).permutation(len(names))
    kept = np.zeros(len(names), bool)
    kept[order[: max(1, int(len(names) * MOST / total))]] = True
    return kept[code]
