import json
import tracemalloc

import numpy as np
import pytest

from training.dataset import Dataset
from training.rivals.base_rate import BaseRate
from training.rivals.rival import log_odds
from training.scorecard import judge
from training.shrunk_rates import ShrunkRates, stage_evidence


def staged(invented, deals: int, seed: int, tell: float) -> Dataset:
    """Deals whose team tells how they go, by `tell`; the stage says nothing."""
    made = invented(deals, seed, strength=tell, extra=lambda random, deal: {})
    sign = made.dataset.x["sign"].to_numpy()
    team = np.where(sign > 0, "North", "South").astype(object)
    x = made.dataset.x.drop(columns="sign").assign(team=team, colour=np.roll(team, 7))
    return type(made.dataset)(**{**vars(made.dataset), "x": x})


def test_a_stage_in_which_deals_are_won_is_believed_by_its_deals(invented):
    dataset = invented(300, 1).dataset
    stage = np.where(dataset.outcome == 1, "Good", "Bad").astype(object)
    fitted = ShrunkRates().fit(type(dataset)(**{**vars(dataset), "x": dataset.x.assign(deal_stage=stage)}))

    assert fitted.score({"deal_stage": "Good"}) > 0.9
    assert fitted.score({"deal_stage": "Bad"}) < 0.1
    assert fitted.score({"deal_stage": "unheard of"}) == pytest.approx(fitted.rate)


def test_few_deals_move_a_level_less_than_many(invented):
    dataset = invented(400, 2).dataset
    rare = dataset.subject == dataset.subject[np.flatnonzero(dataset.outcome == 1)[0]]
    stage = np.where(rare, "Rare", np.where(dataset.outcome == 1, "Common", "Other")).astype(object)
    fitted = ShrunkRates().fit(type(dataset)(**{**vars(dataset), "x": dataset.x.assign(deal_stage=stage)}))

    shifts = fitted.shifts["deal_stage"]
    assert 0 < shifts["Rare"] < 0.5 < 2 < shifts["Common"]


def test_other_categories_take_part_where_they_tell_something_of_later_deals(invented):
    told, silent = staged(invented, 900, 3, 2.5), staged(invented, 900, 3, 0.0)

    assert ShrunkRates().fit(told).precision is not None
    assert ShrunkRates().fit(told).shifts["team"]["North"] > 0.5
    assert ShrunkRates().fit(silent).precision is None
    assert set(ShrunkRates().fit(silent).shifts) <= {"deal_stage"}


def test_it_beats_the_share_where_teams_differ_and_is_not_far_from_it_where_nothing_does(invented):
    for tell, margin in ((2.5, -0.02), (0.0, 0.004)):
        dataset = staged(invented, 900, 4, tell)
        cut = int(np.quantile(dataset.as_of.astype("int64"), 0.6))
        past, later = dataset.between(0, cut, cut), dataset.between(cut, dataset.seen_until, dataset.seen_until)
        ours, share = (
            judge(later.outcome, each.fit(past).predict(later.x), later.weight, later.subject).log_loss
            for each in (ShrunkRates(), BaseRate())
        )
        assert ours < share + margin, tell


def test_one_row_scores_as_the_table_does_with_effects_that_add_up(invented):
    dataset = staged(invented, 600, 5, 2.5)
    fitted = ShrunkRates().fit(dataset)

    for row, said in zip(dataset.x.iloc[::90].to_dict("records"), fitted.predict(dataset.x.iloc[::90]), strict=True):
        assert fitted.score(row) == pytest.approx(said, abs=1e-12)
        distance = log_odds(fitted.score(row)) - log_odds(fitted.baseline)
        assert sum(fitted.effects(row).values()) == pytest.approx(distance, abs=1e-9)


def test_it_comes_back_from_json_as_it_was(invented):
    dataset = staged(invented, 300, 6, 2.5)
    fitted = ShrunkRates().fit(dataset)
    again = ShrunkRates.from_json(json.loads(json.dumps(fitted.to_json())))

    np.testing.assert_array_equal(again.predict(dataset.x), fitted.predict(dataset.x))


def test_one_outcome_alone_shifts_nothing(invented):
    dataset = invented(60, 7).dataset
    won = dataset.rows(dataset.outcome == 1)

    fitted = ShrunkRates().fit(won)

    assert fitted.shifts == {}
    np.testing.assert_array_equal(fitted.predict(dataset.x), BaseRate().fit(won).predict(dataset.x))


def with_stage(dataset: Dataset, stage: np.ndarray) -> Dataset:
    return type(dataset)(**{**vars(dataset), "x": dataset.x.assign(deal_stage=stage.astype(object))})


def test_stages_that_tell_the_outcome_are_no_luck_even_among_thirty_deals(invented):
    dataset = invented(34, 8).dataset

    assert stage_evidence(with_stage(dataset, np.where(dataset.outcome == 1, "Good", "Bad"))) <= 0.001


def test_stages_that_tell_nothing_are_taken_for_luck_as_often_as_said(invented):
    found = []
    for seed in range(60):
        dataset = invented(80, seed).dataset
        _, deal = np.unique(dataset.subject.astype(str), return_inverse=True)
        stage = np.random.default_rng(seed).choice(["New", "Talks", "Offer"], deal.max() + 1)[deal]
        found.append(stage_evidence(with_stage(dataset, stage)))

    assert (np.array(found) <= 0.2).mean() < 0.4
    assert np.mean(found) == pytest.approx(0.5, abs=0.15)


def test_the_evidence_of_many_deals_takes_no_more_memory_than_a_few_copies_of_them(invented):
    dataset = invented(3000, 10).dataset
    staged_by_chance = with_stage(dataset, np.random.default_rng(0).choice(["New", "Talks"], len(dataset)))
    tracemalloc.start()
    found = stage_evidence(staged_by_chance)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert 0 < found <= 1
    assert most < 200 * 8 * 3000  # of two thousand dealings, each of 3000 outcomes


def test_without_stages_there_is_no_evidence(invented):
    dataset = invented(80, 9).dataset

    assert (
        stage_evidence(type(dataset)(**{**vars(dataset), "x": dataset.x.drop(columns="deal_stage", errors="ignore")}))
        == 1
    )
