import numpy as np
import pytest

from training.blend import Blend
from training.rivals.base_rate import BaseRate
from training.rivals.rival import probabilities
from training.rivals.stage_table import StageTable
from training.scorecard import Comparison
from training.small_data import FEWEST_CLOSED, LUCK, SURE, Choice, choose, sure
from training.trial import Fold, Trial


@pytest.fixture
def trial_of(invented):
    """A trial in which each named estimate sees the true log-odds through noise; less noise is better."""

    def make(deals: int = 1500, strength: float = 1.5, **noise: float) -> Trial:
        made = invented(deals, 11, strength=strength)
        dataset, random = made.dataset, np.random.default_rng(0)
        odds = np.log(made.p / (1 - made.p))
        said = {BaseRate.name: np.full(len(dataset), 0.5)}
        for name, deviation in noise.items():
            said[name] = probabilities(odds + deviation * random.normal(size=len(odds)))
        return Trial((Fold(0, 1, dataset, said),))

    return make


def chosen(trial: Trial, closed: int = 500, *, stage_luck: float = 1.0) -> Choice:
    return choose(trial, trial.scorecards() if trial.folds else {}, closed, stage_luck=stage_luck)


def test_below_thirty_closed_deals_the_share_won_is_served_and_the_answer_says_why(trial_of):
    choice = chosen(trial_of(blend=0.0), FEWEST_CLOSED - 1)

    assert (choice.name, choice.rung) == ("base_rate", "pooled rate")
    assert "Only 29 closed deals" in choice.says
    assert "30 are needed" in choice.says
    assert "29 个" in choice.says_zh


def test_from_thirty_on_evidence_decides(trial_of):
    assert chosen(trial_of(blend=0.0), FEWEST_CLOSED).name == Blend.name


def test_where_nothing_could_be_judged_the_share_won_is_served(trial_of):
    choice = chosen(Trial(()), 80)

    assert choice.name == BaseRate.name
    assert "80 closed deals" in choice.says
    assert "too few had been decided long enough" in choice.says


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_where_all_ended_alike_boldness_is_no_proof(trial_of, outcome):
    fold = trial_of(blend=1.0).folds[0]
    alike = fold.judged.rows(fold.judged.outcome == outcome)
    rows = fold.judged.outcome == outcome
    said = {"base_rate": np.full(rows.sum(), 0.5), "odoo": np.full(rows.sum(), abs(outcome - 0.01))}

    choice = chosen(Trial((Fold(0, 1, alike, said),)))

    assert choice.name == BaseRate.name
    assert "ended alike" in choice.says


def test_ours_is_served_where_it_beats_the_base_rate(trial_of):
    choice = chosen(trial_of(blend=0.1, stage_table=1.5))

    assert (choice.name, choice.rung) == (Blend.name, "model")
    assert choice.says.startswith("blend is served: log loss 0.")
    assert choice.says_zh.startswith("采用 blend")


def test_a_rival_no_different_from_ours_does_not_replace_it(trial_of):
    assert chosen(trial_of(blend=0.32, logistic=0.3)).name == Blend.name


def test_a_rival_that_beats_ours_beyond_noise_is_served(trial_of):
    choice = chosen(trial_of(blend=1.2, stage_table=0.0, odoo=0.6))

    assert (choice.name, choice.rung) == (StageTable.name, "shrunk rates")
    assert choice.says.startswith("stage_table is served")


def test_the_best_rival_is_served_where_ours_is_not_proven(trial_of):
    assert chosen(trial_of(blend=4.0, odoo=0.3, logistic=0.1)).name == "logistic"


def test_where_nothing_beats_the_base_rate_it_is_served_and_the_closest_is_named(trial_of):
    choice = chosen(trial_of(strength=0.2, blend=1.5, logistic=1.0, odoo=3.0))

    assert (choice.name, choice.rung) == (BaseRate.name, "pooled rate")
    assert "No model beats the base rate beyond noise on this history: the closest, logistic," in choice.says
    assert "The base rate is served." in choice.says


def test_where_only_the_base_rate_could_be_fitted_it_is_served(trial_of):
    choice = chosen(trial_of())

    assert choice.name == BaseRate.name
    assert "Nothing but the base rate could be fitted" in choice.says


def test_a_rival_needs_more_proof_than_ours(trial_of):
    """There are several rivals, each with its chance to look good."""

    def errors_ahead(trial: Trial) -> float:
        found = trial.comparison(Blend.name, BaseRate.name)
        return -found.difference / ((found.high - found.low) / (2 * 1.96))

    noisy = (trial_of(400, blend=deviation) for deviation in np.arange(0.4, 1.6, 0.1))
    ours = next(trial for trial in noisy if 2.1 < errors_ahead(trial) < 2.6)
    fold = ours.folds[0]
    rivals = Trial((Fold(0, 1, fold.judged, {"base_rate": fold.said["base_rate"], "logistic": fold.said["blend"]}),))

    assert chosen(ours).name == Blend.name
    assert chosen(rivals).name == BaseRate.name


def test_where_nothing_could_be_judged_rates_by_stage_are_served_if_stages_are_on_record():
    choice = chosen(Trial(()), 80, stage_luck=0.001)

    assert (choice.name, choice.rung) == ("shrunk_rates", "shrunk rates")
    assert "80 closed deals" in choice.says
    assert chosen(Trial(()), FEWEST_CLOSED - 1, stage_luck=0.001).name == BaseRate.name


def test_where_few_were_judged_it_is_enough_that_stages_differ_by_more_than_luck(trial_of):
    def found_in(trial: Trial) -> Comparison:
        return trial.comparison("shrunk_rates", BaseRate.name)

    tried = (trial_of(60, strength=strength, shrunk_rates=0.3) for strength in np.arange(0.5, 2.0, 0.1))
    unproven = next(trial for trial in tried if found_in(trial).difference < 0 < found_in(trial).high)
    found = found_in(unproven)
    choice = chosen(unproven, stage_luck=LUCK)

    assert (choice.name, choice.rung) == ("shrunk_rates", "shrunk rates")
    assert chosen(unproven, stage_luck=2 * LUCK).name == BaseRate.name
    assert f"Only {found.deals} later deals could be judged" in choice.says
    assert f"{found.deals} 个" in choice.says_zh
    assert chosen(trial_of(60, strength=0.5, shrunk_rates=3.0), stage_luck=0.001).name == BaseRate.name
    handful = trial_of(12, strength=0.5, shrunk_rates=3.0)
    assert found_in(handful).low > 0
    assert chosen(handful, stage_luck=0.001).name == "shrunk_rates"
    many = trial_of(1500, strength=0.05, shrunk_rates=0.02)
    assert many.comparison("shrunk_rates", BaseRate.name).high > -0.001
    assert chosen(many, stage_luck=0.001).name == BaseRate.name


def test_of_ours_the_better_is_taken_where_few_could_be_judged(trial_of):
    trial = trial_of(110, strength=3.0, blend=1.0, shrunk_rates=0.0)
    cards = trial.scorecards()

    assert cards["shrunk_rates"].log_loss < cards["blend"].log_loss
    assert chosen(trial).name == "shrunk_rates"
    assert chosen(trial_of(1500, strength=3.0, blend=0.1, shrunk_rates=0.0)).name == Blend.name


def test_a_rival_ahead_beyond_its_own_interval_is_told_to_be_no_proof(trial_of):
    def found_in(trial: Trial) -> Comparison:
        return trial.comparison("odoo", BaseRate.name)

    tried = (trial_of(40, strength=strength, odoo=0.2) for strength in np.arange(0.3, 3.0, 0.05))
    ahead = next(trial for trial in tried if (found_in(trial).high or 0) < 0)
    choice = chosen(ahead)

    assert choice.name == BaseRate.name
    assert "beyond noise" not in choice.says
    assert "odoo, is ahead" in choice.says
    assert "2.8 standard errors" in choice.says
    assert "2.8 个标准误" in choice.says_zh


def test_who_says_the_same_in_other_digits_has_not_beaten_the_share_won(trial_of):
    fold = trial_of(blend=0.0).folds[0]
    share = np.full(len(fold.judged), 0.9)  # far too high by now: a hair less is better for sure
    trial = Trial((Fold(0, 1, fold.judged, {BaseRate.name: share, "shrunk_rates": share - 1e-13}),))
    found = trial.comparison("shrunk_rates", BaseRate.name)

    assert found.high < 0
    assert not sure(found, SURE)
