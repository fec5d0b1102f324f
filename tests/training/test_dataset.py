from datetime import datetime

import numpy as np
import pytest

from features.as_of import DAY, micros, parse_moment
from features.catalog import select
from features.kernel import MISSING
from training.dataset import HEAVIEST, build_dataset, censoring_weights

FEATURES = select("deal_amount", "deal_age_days", "deal_stage")


def at(day: str) -> datetime:
    return parse_moment(day, "Asia/Shanghai")


def test_a_row_has_the_features_of_its_moment_and_the_outcome_of_later(story):
    story.deal("d1", amount=100).changes_stage("Talks", on="2024-01-03").closes("won", on="2024-01-11")
    dataset = build_dataset(story.history, FEATURES, at("2024-06-01"), (0, 7))

    assert dataset.subject.tolist() == ["d1", "d1"]
    assert dataset.age.tolist() == [0, 7]
    assert dataset.outcome.tolist() == [1, 1]
    assert dataset.x["deal_stage"].tolist() == [None, "Talks"]
    np.testing.assert_allclose(dataset.x["deal_age_days"], [0, 7], atol=1e-9)
    np.testing.assert_allclose(dataset.decided_after, [10, 3], atol=1e-9)
    assert dataset.closed_deals == 1


def test_texts_are_objects_with_none_and_numbers_floats_with_nan(story):
    story.deal("bare")
    story.deal("told", amount=5).changes_stage("Talks", on="2024-01-01")
    dataset = build_dataset(story.history, FEATURES, at("2024-06-01"), (0,))

    assert dataset.subject.tolist() == ["bare", "told"]
    assert dataset.x["deal_stage"].dtype == object
    assert dataset.x["deal_stage"].tolist() == [None, "Talks"]
    assert dataset.x["deal_amount"].dtype == np.float64
    np.testing.assert_array_equal(dataset.x["deal_amount"], [np.nan, 5])


def test_between_tells_outcomes_only_as_they_were_known_then(story):
    story.deal("early").closes("won", on="2024-02-01")
    story.deal("late").closes("lost", on="2024-04-01")
    story.deal("told late").closes("won", on="2024-02-01", recorded="2024-05-01")
    dataset = build_dataset(story.history, select("deal_age_days"), at("2024-06-01"), (0, 7))
    assert not np.isnan(dataset.outcome).any()

    march = micros(at("2024-03-01"))
    then = dataset.between(0, march, march)

    told = dict(zip(then.subject, then.outcome, strict=True))
    assert told["early"] == 1
    assert np.isnan(told["late"])
    assert np.isnan(told["told late"])
    undecided = np.isnan(then.outcome)
    assert (then.weight[undecided] == 0).all()
    assert (then.weight[~undecided] > 0).all()
    assert np.isnan(then.decided_after[undecided]).all()
    assert (then.closed_known[undecided] == MISSING).all()
    assert then.closed_deals == 1
    np.testing.assert_allclose(then.followed_for, (march - then.as_of.astype("int64")) / DAY)


def test_between_takes_moments_from_the_first_to_before_the_last(invented):
    dataset = invented(200, 0).dataset
    moments = np.sort(dataset.as_of.astype("int64"))

    part = dataset.between(int(moments[10]), int(moments[20]), dataset.seen_until)

    assert sorted(part.as_of.astype("int64")) == moments[10:20].tolist()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_weighted_shares_won_are_the_truth_at_every_age_and_unweighted_ones_are_not(invented, seed):
    made = invented(12_000, seed, days=120, mean_days=25, won_slower=2.0, strength=0.0)
    dataset, bias = made.dataset, []
    for age in np.unique(dataset.age):
        rows = dataset.age == age
        decided = rows & (dataset.weight > 0)
        truth = made.p[rows].mean()
        weight = dataset.weight[decided]
        share = np.average(dataset.outcome[decided], weights=weight)
        error = np.sqrt(truth * (1 - truth) * (weight**2).sum()) / weight.sum()
        assert abs(share - truth) < 3.5 * error + 0.02, age
        bias.append((truth - dataset.outcome[decided].mean()) / error)
    # Wins take longer, so the decided so far are too often lost: what weights are there to mend.
    assert max(bias) > 6


def test_weights_by_hand():
    known_after = np.array([1.0, 5.0, 9.0, np.nan])
    followed = np.array([2.0, 6.0, 10.0, 10.0])

    weight = censoring_weights(known_after, followed, np.zeros(4))

    # All four were watched for a day, three for five, two for nine; scaled to add up to four.
    raw = np.array([1.0, 4 / 3, 2.0, 0.0])
    np.testing.assert_allclose(weight, raw * 4 / raw.sum())


def test_ages_are_weighed_apart():
    known_after = np.array([1.0, np.nan, 1.0, 1.0])
    weight = censoring_weights(known_after, np.array([2.0, 3.0, 2.0, 2.0]), np.array([0, 0, 7, 7.0]))

    np.testing.assert_allclose(weight, [2, 0, 1, 1])


def test_no_row_weighs_more_than_the_heaviest():
    size = 1000
    known_after = np.full(size, np.nan)
    known_after[-1] = 50.0
    weight = censoring_weights(known_after, np.linspace(1, 60, size), np.zeros(size))

    assert weight.max() == HEAVIEST


def test_where_nothing_is_decided_nothing_weighs():
    assert censoring_weights(np.full(3, np.nan), np.ones(3), np.zeros(3)).tolist() == [0, 0, 0]


def test_thinning_keeps_whole_deals_and_every_so_many(invented):
    dataset = invented(900, 3).dataset
    fewer = dataset.thinned(len(dataset) // 3)

    assert len(fewer) <= len(dataset) // 3 * 1.1
    for subject in np.unique(fewer.subject):
        assert (fewer.subject == subject).sum() == (dataset.subject == subject).sum()
    assert dataset.thinned(len(dataset)) is dataset


def test_of_a_history_too_large_every_so_many_deals_are_looked_at(story):
    for number in range(60):
        story.deal(f"d{number:02d}").closes("won", on="2024-03-01")
    whole = build_dataset(story.history, select("deal_age_days"), at("2024-06-01"), (0, 7))
    some = build_dataset(story.history, select("deal_age_days"), at("2024-06-01"), (0, 7), most_moments=10)

    assert len(set(whole.subject)) == 60
    assert len(set(some.subject)) == 15
