"""How to fold by time: where the cuts fall, what may be learned before one, what is judged after it."""

from collections.abc import Sequence

import numpy as np

from features.kernel import MISSING
from training.dataset import Dataset

BEGINNING = int(np.iinfo(np.int64).min)


def cut_times(dataset: Dataset, shares: Sequence[float]) -> list[int]:
    """The moments (microseconds) by which these shares of the deals had a known outcome."""
    deals, first = np.unique(dataset.deal_id.astype(str), return_index=True)
    known = dataset.closed_known[first]
    known = np.sort(known[known != MISSING])
    if not len(known):
        return []
    return [int(known[min(int(share * len(known)), len(known) - 1)]) for share in shares]


def past_of(dataset: Dataset, cut: int, purge: int = 0) -> Dataset:
    """What could be learned at the cut: moments before it, with outcomes only as known then.

    A deal that was open at the cut is undecided, whatever is known today, so no outcome crosses over.
    `purge` (microseconds) leaves out the last moments as well, which some rivals are given as a help.
    """
    return dataset.between(BEGINNING, cut - purge, cut)


def later_than(dataset: Dataset, cut: int, before: int) -> Dataset:
    """What is judged after the cut: moments from it on and earlier than `before`.

    Outcomes are as known at the end of the data set; weights stand for the deals still open then.
    """
    return dataset.between(cut, before, dataset.seen_until)
