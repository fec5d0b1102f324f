"""How a candidate stands beside a champion: on invented deals whose truth is known, with estimates that see it."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from training.rivals.base_rate import BaseRate
from training.rivals.rival import probabilities
from training.rivals.stage_table import StageTable
from training.splits import later_than
from training.trial import ESTIMATES, Fold, Trial
from training.win_curve import WinCurve


class Sees:
    """Says the true log-odds, `off` added."""

    name = "sees"
    off = 0.0

    def fit(self, past):
        return self

    def predict(self, x):
        return probabilities(1.5 * x["sign"].to_numpy() + self.off)


def moment(micros: int) -> datetime:
    return np.datetime64(micros, "us").astype(datetime)


@pytest.fixture
def beside(candidate, invented, bundle_of, monkeypatch):
    """What is found of an estimate that sees the truth beside a champion."""
    made = invented(900, 5)
    dataset = made.dataset
    start, end = int(dataset.as_of.astype("int64").min()), dataset.seen_until
    cut, close = start + (end - start) // 2, end - (end - start) // 4
    judged = later_than(dataset, cut, close)
    monkeypatch.setitem(ESTIMATES, "sees", Sees)  # type: ignore[arg-type]

    def ask(champion: object, until: int = cut, name: str = "sees"):
        fold = Fold(cut, close, judged, {"sees": Sees().predict(judged.x), "base_rate": np.full(len(judged), 0.5)})
        ours = replace(
            candidate,
            choice=replace(candidate.choice, name=name),
            trial=Trial((fold,)),
            sample=dataset,
        )
        bundle = replace(bundle_of(champion, dataset), until=moment(until))
        return ours.beside(bundle)

    ask.cut, ask.end = cut, end  # type: ignore[attr-defined]
    ask.dataset = dataset  # type: ignore[attr-defined]
    return ask


def test_a_better_candidate_is_found_better_and_a_worse_one_worse(beside):
    off = Sees()
    off.off = 1.5

    assert beside(off).verdict == "better"
    assert beside(BaseRate().fit(beside.dataset), name="sees").verdict == "better"
    assert beside(Sees(), name="base_rate").verdict == "worse"


def test_the_same_way_of_learning_is_equal_to_itself_when_the_champion_knew_more(beside):
    later = beside.cut + (beside.end - beside.cut) // 3
    found = beside(Sees(), until=later)

    assert found.difference == 0
    assert found.verdict == "no different"


def test_a_champion_whose_level_follows_outcomes_is_judged_with_it_as_the_candidate_is(beside):
    class Curve:
        def predict(self, x, horizons):
            return np.full((len(x), len(horizons)), 0.01)

        def predict_along(self, judged, horizons):
            return np.repeat(Sees().predict(judged.x)[:, None], len(horizons), axis=1)

    champion = WinCurve()
    champion.curve = Curve()  # type: ignore[assignment]

    assert beside(champion).difference == 0


def test_only_deals_count_that_the_champion_could_not_have_known(beside):
    later = beside.cut + (beside.end - beside.cut) // 3
    everyone, few = beside(Sees()), beside(Sees(), until=later)
    known = beside.dataset.as_of.astype("int64") >= later
    expected = len(set(beside.dataset.subject[known & (beside.dataset.weight > 0)].tolist()))

    assert few.deals == expected
    assert everyone.deals != few.deals


def test_nothing_is_compared_where_nothing_was_decided_since(beside):
    assert beside(Sees(), until=beside.end) is None


def test_nothing_is_compared_with_a_champion_of_other_features(beside, bundle_of, candidate):
    champion = replace(candidate.bundle, estimate=StageTable().fit(beside.dataset))

    assert replace(candidate, sample=beside.dataset).beside(champion) is None


def test_a_candidate_says_what_it_was_trained_on(candidate):
    params, metrics = candidate.params(), candidate.metrics()

    assert params["serves"] == candidate.choice.name
    assert params["until"] == candidate.bundle.until.isoformat()
    assert params["closed_deals"] == candidate.sample.closed_deals
    assert metrics["log_loss"] == candidate.scorecards[candidate.choice.name].log_loss
    assert "base_rate.log_loss" in metrics or candidate.choice.name == "base_rate"


@pytest.mark.parametrize(
    ("slope", "low", "high", "passed"),
    [
        (1.0, 0.8, 1.2, True),
        (0.6, 0.4, 0.8, True),
        (0.3, 0.1, 0.49, False),
        (0.45, 0.3, 0.6, True),
        (2.5, 2.1, 2.9, False),
        (None, None, None, False),
    ],
)
def test_a_model_far_too_bold_or_too_timid_is_not_calibrated(candidate, slope, low, high, passed):
    verdict = with_slope(candidate, slope, low, high).calibration()

    assert verdict.passed == passed
    assert passed or "outside 0.5 to 2.0" in verdict.says


def test_the_base_rate_may_always_answer(candidate):
    assert with_slope(candidate, None, None, None, name="base_rate").calibration().passed


def with_slope(candidate, slope, low, high, name="blend"):
    card = replace(
        candidate.scorecards["blend"],
        calibration_slope=slope,
        calibration_slope_low=low,
        calibration_slope_high=high,
    )
    cards = {**candidate.scorecards, "blend": card}
    return replace(candidate, choice=replace(candidate.choice, name=name), scorecards=cards)
