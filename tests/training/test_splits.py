from itertools import pairwise

import numpy as np
import pytest

from features.as_of import DAY, Micros
from features.kernel import MISSING
from training.dataset import Dataset
from training.splits import BEGINNING, cut_times, days_to_decide, judging_windows, later_than, past_of


def moments(dataset: Dataset) -> Micros:
    return dataset.as_of.astype("datetime64[us]").astype(np.int64)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("folds", [1, 3, 6])
def test_windows_follow_each_other_and_end_before_what_is_too_young_to_judge(invented, seed, folds):
    dataset = invented(600, seed).dataset
    windows = judging_windows(dataset, folds)

    assert len(windows) == folds
    assert all(cut < end for cut, end in windows)
    assert all(before[1] == after[0] for before, after in pairwise(windows))
    last_allowed = dataset.seen_until - round(days_to_decide(dataset) * DAY)
    assert windows[-1][1] == last_allowed
    judged = later_than(dataset, *windows[-1])
    assert np.isfinite(judged.outcome[judged.age == 0]).mean() > 0.8


@pytest.mark.parametrize("seed", range(5))
def test_no_moment_of_the_past_has_an_outcome_known_after_the_cut(invented, seed):
    dataset = invented(600, seed, won_slower=1.5).dataset
    for cut, end in judging_windows(dataset, 3):
        past, judged = past_of(dataset, cut), later_than(dataset, cut, end)

        assert (moments(past) < cut).all()
        decided = ~np.isnan(past.outcome)
        assert decided.any()
        assert (past.closed_known[decided] < cut).all()
        assert (past.closed_known[~decided] == MISSING).all()
        np.testing.assert_array_equal(decided, past.weight > 0)
        assert (moments(judged) >= cut).all()
        assert (moments(judged) < end).all()


def test_the_past_is_the_same_whatever_came_later(invented):
    """Where a cut falls within the past must not be told by the deals that close after it."""
    dataset = invented(600, 3).dataset
    cut = judging_windows(dataset, 3)[0][0]
    later_forgotten = dataset.between(BEGINNING, dataset.seen_until, cut)

    assert (dataset.closed_known >= cut).sum() > 100
    shares = [0.2, 0.5, 0.7, 1.0]
    assert cut_times(past_of(dataset, cut), shares) == cut_times(later_forgotten, shares)
    assert max(cut_times(past_of(dataset, cut), shares)) < cut


def test_a_purge_leaves_the_last_moments_out(invented):
    dataset = invented(300, 0).dataset
    cut = judging_windows(dataset, 2)[0][0]

    purged = past_of(dataset, cut, purge=10 * DAY)

    assert moments(purged).max() < cut - 10 * DAY <= moments(past_of(dataset, cut)).max()


def test_cuts_fall_where_these_shares_of_outcomes_were_known(invented):
    dataset = invented(1000, 0).dataset
    known = {deal: at for deal, at in zip(dataset.subject, dataset.closed_known, strict=True) if at != MISSING}

    for share, cut in zip([0.25, 0.5], cut_times(dataset, [0.25, 0.5]), strict=True):
        assert sum(at < cut for at in known.values()) == int(share * len(known))


def test_days_to_decide_allow_for_deals_still_open(invented):
    dataset = invented(6000, 0, days=100, mean_days=20).dataset

    # Nine in ten exponential times are over after 2.303 means; the decided alone would say fewer.
    assert days_to_decide(dataset) == pytest.approx(20 * np.log(10), rel=0.1)
    decided = dataset.decided_after[(dataset.age == 0) & (dataset.weight > 0)]
    assert np.quantile(decided, 0.9) < 0.9 * 20 * np.log(10)


def test_nothing_to_judge_where_nothing_is_decided(invented):
    dataset = invented(50, 0).dataset
    nothing = dataset.between(BEGINNING, dataset.seen_until, BEGINNING + 1)

    assert cut_times(nothing, [0.5]) == []
    assert judging_windows(nothing, 3) == []


def test_nothing_to_judge_in_an_empty_data_set(invented):
    nothing = invented(50, 0).dataset.between(0, 1, 1)

    assert len(nothing) == 0
    assert judging_windows(nothing, 3) == []


@pytest.mark.parametrize("deals", [1, 2, 5, 20])
@pytest.mark.parametrize("days", [10, 100, 2000])
@pytest.mark.parametrize("folds", [1, 3, 8])
def test_short_histories_give_fewer_windows_never_crooked_ones(invented, deals, days, folds):
    for seed in range(3):
        dataset = invented(deals, seed, days=days).dataset
        windows = judging_windows(dataset, folds) if len(dataset) else []

        assert len(windows) <= folds
        assert all(cut < end < dataset.seen_until for cut, end in windows)
        assert all(before[1] <= after[0] for before, after in pairwise(windows))
