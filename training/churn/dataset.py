"""Features of active customers at regular moments, and what could be known of their future at any later moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from features.as_of import DAY, Micros, Moments, micros
from features.catalog import offered
from features.definition import Feature
from features.errors import ForesellError
from features.history import History
from features.kernel import MISSING
from features.open_deals import active_customers
from features.table import build_table
from training.candidate import CannotTeach
from training.churn.events import Contract, Events, contracts, lag_of, leaving, leavings, purchases
from training.churn.looks import (
    EVERY,
    HORIZONS,
    SETTLING,
    SPANS,
    first_known,
    learnable_horizons,
    look_at_customers,
    running,
    suggested_horizon,
)
from training.churn.market import Market
from training.dataset import Dataset
from training.rivals.buying import COLUMNS
from training.wording.numbers import counted

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["orders", "contract"]
RUNNING = "customer_contracts_running"
NEEDED = (*COLUMNS, RUNNING, "customer_order_value", "customer_recurring_amount", "customer_contract_months")
"""Features kept whatever is left out: they tell who has a contract and what a customer is worth."""
MOST_LEVELS = 100
"""A text with more values than this is a name, not a kind."""
FEWEST_LEFT = 10
"""Leavings all on one day that make a history a snapshot."""


class NobodyToWatch(CannotTeach):
    problem = "The {0} model cannot be learned: {1}."
    fix = "import orders or subscriptions that were on record by then, or train as of a later day (--until)."


class TooYoung(ForesellError):
    problem = "What is on record of orders and contracts before {0} spans {1}; churn can be learned from {2} days on."
    fix = "import more history, or train as of a later day (--until)."


@dataclass(frozen=True)
class Base:
    """The moments of one kind of customers: `x` features, whose and when (microseconds), all arrays [n].

    `events_at` gives the events as they were on record at a moment; `waits` (days, infinity for never) stands in for
    them where labels are shuffled. `lag` days pass before a missed event is known to be missed. A `snapshot` has one
    moment and tells only who had left by its day.
    """

    kind: Kind
    x: pd.DataFrame
    subject: NDArray[np.object_]
    at: Micros
    until: int
    market: Market
    events_at: Callable[[int], Events]
    lag: float = 0.0
    snapshot: bool = False
    waits: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.at)

    def known(self, seen_until: int, since: int | None = None, before: int | None = None) -> Dataset:
        """The moments in [since, before) and before `seen_until`, with what was known of their future by then."""
        chosen = self.at < seen_until
        if since is not None:
            chosen &= self.at >= since
        if before is not None:
            chosen &= self.at < before
        ids, at = self.subject[chosen], self.at[chosen]
        if self.waits is not None:
            waited = self.waits[chosen]
            happened = at + np.where(np.isfinite(waited), np.round(waited * DAY), 0).astype(np.int64)
            seen = np.isfinite(waited) & (happened < seen_until)
            happened, known = np.where(seen, happened, MISSING), np.where(seen, happened, MISSING)
        else:
            happened, known = self.events_at(seen_until).next_after(ids, at, seen_until)
        came = happened != MISSING
        followed = (seen_until - at) / DAY - self.lag
        if self.snapshot:
            # No day is told: who had left by the snapshot has left at once, who had not was watched for ever.
            followed = np.full(len(at), np.inf)
        return Dataset(
            self.x[chosen],
            np.where(came, 1.0, np.nan),
            np.where(came, np.maximum(happened - at, 0) / DAY, np.nan),
            followed,
            np.where(came, 1.0, 0.0),
            ids,
            at.astype("datetime64[us]"),
            np.zeros(len(at)),
            known,
            seen_until,
        )

    def rows(self, chosen: NDArray[np.bool_]) -> Base:
        """The chosen moments."""
        waits = None if self.waits is None else self.waits[chosen]
        return replace(self, x=self.x[chosen], subject=self.subject[chosen], at=self.at[chosen], waits=waits)

    def shuffled(self, seed: int) -> Base:
        """The same moments with one another's futures: whatever is still told apart is told by chance."""
        known = self.known(self.until)
        waits = np.full(len(self), np.inf)
        inside = self.at < self.until
        waits[inside] = np.nan_to_num(known.decided_after, nan=np.inf)
        mixed = waits[np.random.default_rng(seed).permutation(len(waits))]
        return replace(self, waits=mixed)

    @property
    def every(self) -> int:
        """Days between looks; EVERY[1] where there was but one."""
        steps = np.diff(np.unique(self.at))
        return max(round(int(steps.min()) / DAY), 1) if len(steps) else EVERY[1]

    @property
    def horizons(self) -> tuple[float, ...]:
        """The horizons in days that can be learned; of a snapshot the one that stands for all."""
        if self.snapshot:
            return (30.0,)
        if not len(self):
            return ()
        return learnable_horizons((self.until - int(self.at.min())) / DAY - self.lag)


@dataclass(frozen=True)
class ChurnData:
    """Everything churn is learned from: the kinds of customers there are, the features, the horizon suggested."""

    bases: tuple[Base, ...]
    features: tuple[Feature, ...]
    left_out: dict[str, str]
    leaks: dict[str, str]
    suggested: float | None
    until: datetime
    notes: tuple[tuple[str, str], ...] = field(default=())

    def shuffled(self, seed: int) -> ChurnData:
        """The same with the futures of moments mixed."""
        return replace(self, bases=tuple(base.shuffled(seed) for base in self.bases))


def churn_data(history: History, until: datetime, progress: Callable[[str], None] = lambda _: None) -> ChurnData:
    """Look at the customers of a history, with what was on record before `until` (naive UTC).

    Raises NobodyToWatch, TooYoung.
    """
    if not {"orders", "subscriptions"} & set(history.tables()):
        raise NobodyToWatch("churn", "there are neither orders nor subscriptions on record")
    progress("choosing features")
    features, left_out, leaks = learnable(history, until)
    told, end = contracts(history, until), micros(until)
    bought = purchases(history, until)
    day = snapshot_day(told, end) if not len(bought.happened) else None
    looks = None if day is not None else look_at_customers(history, until)
    if day is not None:
        moments = active_customers(history, day)
        contract = running(history, moments)
    elif looks is not None:
        moments, contract = looks.moments, looks.contract
    if (day is None and looks is None) or not len(moments):
        raise NobodyToWatch("churn", f"nobody had an order or a contract before {until.date()}")
    progress(f"building {len(features)} features of {len(moments):,} moments")
    x, plain = _table(features, moments, history)
    left_out |= plain
    market = Market.of(history, until)
    lag = lag_of(told, end)
    bases = (
        Base("orders", x, moments.ids, moments.at, end, market, lambda _: bought).rows(~contract),
        Base(
            "contract", x, moments.ids, moments.at, end, market, leaving(told), 0.0 if day else lag, day is not None
        ).rows(contract),
    )
    there = tuple(base for base in bases if len(base))
    if not any(base.horizons for base in there):
        raise _too_young(history, there, until)
    kept = tuple(feature for feature in features if feature.name in x or feature.name in NEEDED)
    suggested = suggested_horizon(bought.happened, bought.whose) if len(bought.happened) else None
    return ChurnData(there, kept, left_out, leaks, suggested, until)


def _too_young(history: History, bases: tuple[Base, ...], until: datetime) -> TooYoung:
    end, first = micros(until), first_known(history, until)
    watched = max((base.until - int(base.at.min())) / DAY for base in bases) + SETTLING
    needed = SETTLING + round(min(HORIZONS) * SPANS + min(base.lag for base in bases))
    span = watched if first is None or end - first > needed * DAY else (end - first) / DAY
    return TooYoung(until.date(), counted(max(round(span), 1), "day", "days"), needed)


def learnable(history: History, until: datetime) -> tuple[tuple[Feature, ...], dict[str, str], dict[str, str]]:
    """The features of customers a model may learn from; why others are left out; which leak."""
    from features.audit import suspects

    offering = offered(history, until, "customer")
    leaks = {n: why for n, why in suspects(history, until, "customer").items() if n not in offering.left_out}
    kept = tuple(feature for feature in offering.features if feature.name not in leaks or feature.name in NEEDED)
    return kept, dict(offering.left_out), leaks


def snapshot_day(told: list[Contract], end: int) -> datetime | None:
    """The day of a snapshot: all who ever left did so on one and the same day, after contracts begun long before.

    None where leavings are spread over time, or are too few to tell.
    """
    left = leavings(told, end).happened
    if len(left) < FEWEST_LEFT or len(np.unique(left)) > 1:
        return None
    day = int(left[0])
    begun = np.array([one.start for one in told])
    if np.median(day - begun) < 90 * DAY:
        return None
    return datetime(1970, 1, 1) + timedelta(microseconds=day)


def _table(features: tuple[Feature, ...], moments: Moments, history: History) -> tuple[pd.DataFrame, dict[str, str]]:
    """The feature table, texts as objects; texts that name rather than tell are left out, with the reason."""
    import pandas as pd

    x = build_table(features, moments, history).drop_columns(["customer_id", "as_of"]).to_pandas()
    names: dict[str, str] = {}
    for column in list(x.columns):
        if pd.api.types.is_float_dtype(x[column]):
            continue
        texts = x[column].astype(object)
        x[column] = texts.where(texts.notna(), None)
        if (levels := x[column].nunique()) > MOST_LEVELS:
            names[column] = f"it takes {levels:,} different values: a name, not a kind"
    return x.drop(columns=list(names)), names
