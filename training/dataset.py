"""Features and labels together, and how much each row may count."""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import DAY, Micros, Moments, micros
from features.definition import Feature
from features.history import History
from features.kernel import MISSING
from features.table import build_table
from training.labels import match, outcomes
from training.moments import AGES, life_moments

HEAVIEST = 20.0
"""No row counts for more than so many: a rare long deal must not decide a fit."""

MOST_MOMENTS = 1_000_000
"""More of them teach a model nothing that could be seen, and would fill the memory of a small machine."""


@dataclass(frozen=True)
class Dataset:
    """Moments with features and what happened afterwards, one row per (deal, moment).

    `x` holds numbers as float64 (NaN missing) and texts as object (None missing). `outcome` is 1, 0, or NaN
    where nothing was decided by `seen_until`. `age` is the deal's, in days, one of a few. `weight` makes
    the decided rows stand for all: a deal that takes long is decided in time more rarely, and counts for
    those like it that were not (inverse probability of censoring; Robins and Finkelstein 2000). Undecided rows weigh 0.
    """

    x: pd.DataFrame
    outcome: NDArray[np.float64]
    decided_after: NDArray[np.float64]
    followed_for: NDArray[np.float64]
    weight: NDArray[np.float64]
    subject: NDArray[np.object_]
    as_of: NDArray[np.datetime64]
    age: NDArray[np.float64]
    closed_known: Micros
    seen_until: int

    def __len__(self) -> int:
        return len(self.outcome)

    def rows(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> "Dataset":
        """The chosen rows, their weights as they are."""
        return replace(
            self,
            x=self.x[chosen] if chosen.dtype == bool else self.x.iloc[chosen],
            outcome=self.outcome[chosen],
            decided_after=self.decided_after[chosen],
            followed_for=self.followed_for[chosen],
            weight=self.weight[chosen],
            subject=self.subject[chosen],
            as_of=self.as_of[chosen],
            age=self.age[chosen],
            closed_known=self.closed_known[chosen],
        )

    def between(self, since: int, before: int, seen_until: int) -> "Dataset":
        """The moments in [since, before), with outcomes only as known at `seen_until` (microseconds)."""
        at = self.as_of.astype("datetime64[us]").astype(np.int64)
        chosen = self.rows((at >= since) & (at < before))
        unknown = (chosen.closed_known == MISSING) | (chosen.closed_known >= seen_until)
        at = chosen.as_of.astype("datetime64[us]").astype(np.int64)
        outcome = np.where(unknown, np.nan, chosen.outcome)
        decided_after = np.where(unknown, np.nan, chosen.decided_after)
        followed = (seen_until - at) / DAY
        known_after = np.where(unknown, np.nan, (chosen.closed_known - at) / DAY)
        return replace(
            chosen,
            outcome=outcome,
            decided_after=decided_after,
            followed_for=followed,
            weight=censoring_weights(known_after, followed, chosen.age),
            closed_known=np.where(unknown, MISSING, chosen.closed_known),
            seen_until=seen_until,
        )

    def decided(self) -> "Dataset":
        """Only the rows whose outcome is known."""
        return self.rows(self.weight > 0)

    def thinned(self, most: int) -> "Dataset":
        """Every k-th subject, so that at most about `most` rows are left; itself where there are no more.

        Weights stay as they are: they are shares among rows of the same age, which thinning does not change.
        """
        step = -(-len(self) // most)
        if step <= 1:
            return self
        number, _ = pd.factorize(self.subject, sort=True)
        return self.rows(np.asarray(number % step == 0))

    @property
    def closed_deals(self) -> int:
        """How many deals have a known outcome."""
        return len(np.unique(self.subject[self.weight > 0].astype(str)))


def build_dataset(
    history: History,
    features: tuple[Feature, ...],
    until: datetime,
    ages: tuple[float, ...] = AGES,
    most_moments: int = MOST_MOMENTS,
) -> Dataset:
    """Every open moment of every deal before `until`, with outcomes as known at `until`.

    Of a history with more than `most_moments`, every k-th deal is looked at: features are computed for those only.
    """
    moments, age = life_moments(history, until, ages, most_moments)
    return dataset_at(history, features, moments, age, until)


def dataset_at(
    history: History, features: tuple[Feature, ...], moments: Moments, age: NDArray[np.float64], until: datetime
) -> Dataset:
    """The data set of given moments of deals of these ages in days, with outcomes as known at `until`."""
    table = build_table(features, moments, history)
    x = table.drop_columns(["deal_id", "as_of"]).to_pandas()
    for column in x.columns:
        if not pd.api.types.is_float_dtype(x[column]):
            texts = x[column].astype(object)
            x[column] = texts.where(texts.notna(), None)
    outcome, happened, known = match(moments.ids, outcomes(history, until))
    end = micros(until)
    after = np.where(happened == MISSING, np.nan, (happened - moments.at) / DAY)
    dataset = Dataset(
        x,
        outcome,
        after,
        (end - moments.at) / DAY,
        np.zeros(len(outcome)),
        moments.ids,
        moments.at.astype("datetime64[us]"),
        age,
        known,
        end,
    )
    return dataset.between(np.iinfo(np.int64).min, end, end)


def censoring_weights(
    known_after: NDArray[np.float64], followed_for: NDArray[np.float64], age: NDArray[np.float64]
) -> NDArray[np.float64]:
    """One over the share of rows of the same age that were watched as long as this one's outcome took.

    All in days; `known_after` is NaN for undecided rows, whose weight is 0. Ages are kept apart because an
    older deal has been watched less from then on, and is decided sooner. Weights are at most `HEAVIEST`,
    and are scaled so that the rows of an age weigh as much together as there are of them.
    """
    weight = np.zeros(len(known_after))
    for each in np.unique(age):
        rows = age == each
        decided = rows & ~np.isnan(known_after)
        if not decided.any():
            continue
        watched = np.sort(followed_for[rows])
        shorter = np.searchsorted(watched, known_after[decided], side="left")
        weight[decided] = np.minimum(1 / np.maximum(1 - shorter / len(watched), 1e-9), HEAVIEST)
        weight[decided] *= rows.sum() / weight[decided].sum()
    return np.minimum(weight, HEAVIEST)
