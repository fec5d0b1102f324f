import numpy as np
import pandas as pd
import pytest

from features.as_of import DAY
from features.kernel import MISSING
from training.curve.hazards import INTERVAL, incidence, outcome_rows, pace_rows
from training.dataset import Dataset

EDGES = (7.0, 30.0)
NAN = float("nan")


def futures(*each: tuple[float, float, float]) -> Dataset:
    """Moments by (outcome, days to the end, days watched)."""
    outcome, after, watched = (np.array(column, float) for column in zip(*each, strict=True))
    size = len(outcome)
    return Dataset(
        x=pd.DataFrame({"sign": np.arange(size, dtype=float)}),
        outcome=outcome,
        decided_after=after,
        followed_for=watched,
        weight=np.where(np.isnan(outcome), 0.0, 2.0),
        subject=np.array([f"d{n}" for n in range(size)], object),
        as_of=np.zeros(size, "datetime64[us]"),
        age=np.zeros(size),
        closed_known=np.where(np.isnan(outcome), MISSING, np.round(np.nan_to_num(after) * DAY)).astype(np.int64),
        seen_until=round(100 * DAY),
    )


def lived(dataset: Dataset) -> list[tuple[float, float, float]]:
    return list(zip(dataset.x["sign"].tolist(), dataset.x[INTERVAL].tolist(), dataset.outcome.tolist(), strict=True))


def test_a_moment_lives_through_the_intervals_it_was_watched_for():
    past = futures((1, 3, 100), (0, 12, 100), (NAN, NAN, 20), (NAN, NAN, 45), (NAN, NAN, 2))

    assert sorted(lived(pace_rows(past, EDGES))) == [
        (0, 0, 1),  # won in the first
        (1, 0, 0),
        (1, 1, 1),  # lost in the second
        (2, 0, 0),  # watched through the first, and not to the end of the second
        (3, 0, 0),
        (3, 1, 0),
        # the last was not even watched through the first
    ]


def test_an_end_in_an_interval_that_was_not_watched_to_its_end_does_not_count():
    """Those alike that had not ended by then are not counted either."""
    past = futures((1, 9, 20), (NAN, NAN, 20), (1, 3, 5))

    assert sorted(lived(pace_rows(past, EDGES))) == [(0, 0, 0), (1, 0, 0)]


def test_moments_watched_through_a_part_of_an_interval_do_not_bring_the_end_nearer():
    random = np.random.default_rng(0)
    watched, ends = random.uniform(0, 365, 40_000), random.exponential(120, 40_000)
    after = np.where(ends < watched, ends, NAN)
    rows = pace_rows(futures(*zip(np.where(ends < watched, 1.0, NAN), after, watched, strict=True)), (30.0, 180.0))
    staying = 1 - np.array([rows.outcome[rows.x[INTERVAL] == number].mean() for number in range(2)])

    assert 1 - staying.prod() == pytest.approx(1 - np.exp(-180 / 120), abs=0.01)


def test_an_end_at_the_moment_itself_belongs_to_the_first_interval():
    assert lived(pace_rows(futures((0, 0, 100)), EDGES)) == [(0, 0, 1)]


def test_only_ends_tell_how_things_end_and_when():
    past = futures((1, 3, 100), (0, 12, 100), (1, 31, 100), (NAN, NAN, 20))
    rows = outcome_rows(past, EDGES)

    assert lived(rows) == [(0, 0, 1), (1, 1, 0), (2, 2, 1)]
    # What ended in time needs nobody to stand for; beyond the edges a row stands for those not watched for as long.
    assert rows.weight.tolist() == [1.0, 1.0, 2.0]


def test_too_many_rows_are_drawn_at_random_and_the_same_each_time():
    past = futures(*[(1.0, float(day % 40), 100.0) for day in range(200)])
    whole, some = pace_rows(past, EDGES), pace_rows(past, EDGES, 50, seed=3)

    assert len(some) == 50 < len(whole)
    assert lived(some) == lived(pace_rows(past, EDGES, 50, seed=3))
    assert set(lived(some)) <= set(lived(whole))
    assert len(outcome_rows(past, EDGES, 20)) == 20


def test_shares_by_hand():
    won, lost = incidence(np.array([[0.5, 0.2]]), np.array([[0.4, 1.0, 0.25]]))

    np.testing.assert_allclose(won[0], [0.2, 0.2 + 0.1, 0.3 + 0.4 * 0.25])
    np.testing.assert_allclose(lost[0], [0.3, 0.3, 0.3 + 0.4 * 0.75])


@pytest.mark.parametrize("seed", range(3))
def test_hazards_of_undecided_moments_give_the_true_share_where_the_decided_alone_do_not(invented, seed):
    """Wins take longer, so counting the decided ones flatters the losses."""
    dataset = invented(6000, seed, days=60, mean_days=30, won_slower=2.0, strength=0.0, ages=(0,)).dataset
    edges = (7.0, 14.0, 30.0)
    rows, ends = pace_rows(dataset, edges), outcome_rows(dataset, edges)
    hazard = [rows.outcome[rows.x[INTERVAL] == k].mean() for k in range(3)]
    event = [ends.outcome[ends.x[INTERVAL] == k].mean() for k in range(3)]
    won, _ = incidence(np.array([hazard]), np.array([[*event, 0.5]]))

    truth = 0.5 * (1 - np.exp(-30 / 60))
    naive = (dataset.outcome[dataset.weight > 0] == 1)[dataset.decided_after[dataset.weight > 0] <= 30].sum()
    assert won[0, 2] == pytest.approx(truth, abs=0.02)
    assert naive / len(dataset) < truth - 0.03
