"""How to fold by time: where the cuts fall, what may be learned before one, what is judged after it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from features.as_of import DAY
from features.kernel import MISSING

if TYPE_CHECKING:
    from training.dataset import Dataset

BEGINNING = int(np.iinfo(np.int64).min)


def cut_times(dataset: "Dataset", shares: Sequence[float]) -> list[int]:
    """The moments (microseconds) by which these shares of the deals had a known outcome."""
    _, first = np.unique(dataset.subject.astype(str), return_index=True)
    known = dataset.closed_known[first]
    known = np.sort(known[known != MISSING])
    if not len(known):
        return []
    return [int(known[min(int(share * len(known)), len(known) - 1)]) for share in shares]


MOST_DECIDED = 0.9
"""A stretch of time can be judged when so many of its deals have been decided since."""


def days_to_decide(dataset: "Dataset", share: float = MOST_DECIDED) -> float:
    """Days after the first look at a deal by which it is on record how this share of deals ended.

    Of those whose end is known at all; weights allow for those not watched long enough.

    There must be a decided deal.
    """
    decided = dataset.decided()
    first = decided.rows(decided.age == decided.age.min())
    after = (first.closed_known - first.as_of.astype("datetime64[us]").astype(np.int64)) / DAY
    order = np.argsort(after)
    done = np.cumsum(first.weight[order])
    return float(after[order][np.searchsorted(done, share * done[-1])])


def judging_windows(dataset: "Dataset", folds: int, first_share: float = 0.4) -> list[tuple[int, int]]:
    """Pairs of moments: what is learned by the first is judged on what is looked at before the second.

    The windows follow each other and end early enough that most deals looked at in them were decided
    since: the gap at the end is `days_to_decide`, so that fast deals do not stand for all.
    """
    if not (dataset.weight > 0).any():
        return []
    end = dataset.seen_until - round(days_to_decide(dataset) * DAY)
    judged = dataset.closed_known[dataset.closed_known < end]
    if not len(judged[judged != MISSING]):
        return []
    shares = [first_share + (1 - first_share) * fold / folds for fold in range(folds)]
    early = dataset.between(BEGINNING, end, end)
    starts = cut_times(early, shares)
    return [pair for pair in pairwise([*starts, end]) if pair[0] < pair[1]]


def past_of(dataset: "Dataset", cut: int, purge: int = 0) -> "Dataset":
    """What could be learned at the cut: moments before it, with outcomes only as known then.

    A deal that was open at the cut is undecided, whatever is known today, so no outcome crosses over.
    `purge` (microseconds) leaves out the last moments as well, which some rivals are given as a help.
    """
    return dataset.between(BEGINNING, cut - purge, cut)


def later_than(dataset: "Dataset", cut: int, before: int) -> "Dataset":
    """What is judged after the cut: moments from it on and earlier than `before`.

    Outcomes are as known at the end of the data set; weights stand for the deals still open then.
    """
    return dataset.between(cut, before, dataset.seen_until)
