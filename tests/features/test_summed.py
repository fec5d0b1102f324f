"""What is held of a run's sums and places is what would be found again."""

from bisect import bisect_left

import numpy as np
import pytest

from features.runs import Weigh
from features.summed import SummedRun

ROWS = 700


@pytest.fixture(params=[False, True], ids=["told at once", "told late"])
def run(request) -> SummedRun:
    chance = np.random.default_rng(3)
    known = np.sort(chance.integers(0, 10_000, ROWS))
    happened = known - chance.integers(0, 500, ROWS) if request.param else known
    return SummedRun(known, happened, {"amount": chance.integers(0, 90, ROWS).astype(np.int8)}, {})


def test_places_asked_again_and_beside_each_other_are_those_of_a_search(run):
    sorted_ = sorted(run.happened.tolist())
    for value in [*range(-600, 10_600, 37), *range(10_600, -600, -53), *sorted_[:40], *sorted_[:40]]:
        assert run.order(None).place(value) == bisect_left(sorted_, value), value


def test_sums_asked_again_are_the_same(run):
    amounts = run.columns["amount"].astype(np.int64)
    for _ in range(2):
        for end in range(0, ROWS + 1, 7):
            look = run.at(int(run.known[end]) if end < ROWS else 10**6)
            assert look.total(Weigh.SUM, (), "amount", None) == amounts[: look.end].sum()


def test_an_event_that_counts_no_longer_is_left_out_though_its_sum_was_held(run):
    before = run.at(10**6).total(Weigh.COUNT, (), None, 5_000)
    row = int(np.flatnonzero(run.happened >= 5_000)[0])
    copy = run.copy()
    copy.retire(row, 999)
    assert copy.at(10**6).total(Weigh.COUNT, (), None, 5_000) == before - 1
    assert run.at(10**6).total(Weigh.COUNT, (), None, 5_000) == before
