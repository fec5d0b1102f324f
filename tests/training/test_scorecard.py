import json
from dataclasses import asdict

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from training.reports.tables import reliability_figure
from training.scorecard import judge

RANDOM = np.random.default_rng(5)
P = np.round(RANDOM.beta(2, 3, 3000), 3)
Y = (RANDOM.random(3000) < P).astype(float)
WEIGHT = RANDOM.uniform(0.5, 3, 3000)
DEAL = np.array([f"d{number}" for number in RANDOM.integers(0, 900, 3000)])
ODDS = np.log(P / (1 - P))


@pytest.fixture(scope="module")
def card():
    return judge(Y, P, WEIGHT, DEAL)


def test_agrees_with_scikit_learn(card):
    assert card.auc == pytest.approx(roc_auc_score(Y, P, sample_weight=WEIGHT), abs=1e-12)
    assert card.average_precision == pytest.approx(average_precision_score(Y, P, sample_weight=WEIGHT), abs=1e-12)
    line = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(ODDS[:, None], Y, sample_weight=WEIGHT)
    assert card.calibration_slope == pytest.approx(line.coef_[0, 0], abs=1e-4)
    assert card.calibration_intercept == pytest.approx(line.intercept_[0], abs=1e-4)


def test_plain_numbers_by_hand():
    card = judge(np.array([1.0, 0.0, 1.0]), np.array([0.9, 0.2, 0.4]), np.array([1.0, 2.0, 1.0]))

    assert card.brier == pytest.approx((0.01 + 2 * 0.04 + 0.36) / 4)
    assert card.rate == pytest.approx(0.5)
    assert card.mean_probability == pytest.approx((0.9 + 0.4 + 0.4) / 4)
    assert card.auc == 1.0


def test_honest_probabilities_have_a_slope_of_one(card):
    assert card.calibration_slope_low < 1 < card.calibration_slope_high
    assert 0.9 < card.calibration_slope < 1.1
    assert abs(card.calibration_shift) < 0.15


@pytest.mark.parametrize("stretch", [0.5, 2.0])
def test_stretched_probabilities_are_seen_through(card, stretch):
    bent = 1 / (1 + np.exp(-ODDS * stretch))

    found = judge(Y, bent, WEIGHT, DEAL)
    assert found.calibration_slope == pytest.approx(card.calibration_slope / stretch, rel=1e-6)
    assert found.auc == pytest.approx(card.auc, abs=1e-12)


def test_the_shift_mends_the_mean(card):
    low = judge(Y, 1 / (1 + np.exp(-(ODDS - 1))), WEIGHT, DEAL)

    assert low.calibration_shift == pytest.approx(card.calibration_shift + 1, abs=1e-9)
    mended = 1 / (1 + np.exp(-(ODDS - 1 + low.calibration_shift)))
    assert np.average(mended, weights=WEIGHT) == pytest.approx(low.rate, abs=1e-9)


def test_repeated_rows_of_a_deal_are_no_new_evidence(card):
    thrice = judge(np.tile(Y, 3), np.tile(P, 3), np.tile(WEIGHT, 3), np.tile(DEAL, 3))

    assert thrice.rows == 3 * card.rows
    assert thrice.deals == card.deals
    assert thrice.calibration_slope_low == pytest.approx(card.calibration_slope_low)
    for one, other in zip(card.reliability, thrice.reliability, strict=True):
        assert (one.rate_low, one.rate_high) == pytest.approx((other.rate_low, other.rate_high))


def test_reliability_bins_hold_every_row_once_and_alike_values_together(card):
    assert len(card.reliability) == 10
    assert sum(one.rows for one in card.reliability) == card.rows
    for one, following in zip(card.reliability[:-1], card.reliability[1:], strict=True):
        assert one.highest < following.lowest
    assert all(one.rate_low < one.rate < one.rate_high for one in card.reliability)


def test_intervals_of_honest_probabilities_hold_about_as_often_as_they_say():
    """Rows of a deal share its outcome, as moments of a deal do; row-wise intervals would be far too narrow."""
    held = []
    for seed in range(40):
        random = np.random.default_rng(seed)
        share = random.beta(2, 3, 400)
        won = (random.random(400) < share).astype(float)
        deal = np.repeat(np.arange(400), 5)
        bins = judge(won[deal], share[deal], None, deal, bins=5).reliability
        held += [one.rate_low <= one.mean_probability <= one.rate_high for one in bins]

    assert 0.9 < np.mean(held) < 0.99


def test_a_wilson_interval_by_hand():
    """10 deals, none won: the interval of Wilson is 0 to 0.2775."""
    only = judge(np.zeros(10), np.full(10, 0.1)).reliability[0]

    assert (only.rate_low, only.rate_high) == pytest.approx((0.0, 0.27753), abs=1e-5)


def test_one_outcome_leaves_what_cannot_be_told_empty():
    card = judge(np.ones(5), np.array([0.2, 0.4, 0.6, 0.8, 0.9]))

    assert (card.auc, card.average_precision, card.calibration_slope, card.calibration_shift) == (None,) * 4
    assert any("only one outcome" in note for note in card.notes)
    assert any("5 deals" in note for note in card.notes)
    assert "auc" not in card.metrics()
    assert card.metrics()["log_loss"] == card.log_loss


def test_one_probability_for_all_has_no_slope_but_a_shift():
    card = judge(Y, np.full(3000, 0.3), WEIGHT, DEAL)

    assert card.auc == pytest.approx(0.5)
    assert card.calibration_slope is None
    assert any("slope cannot be told" in note for note in card.notes)
    assert len(card.reliability) == 1
    expected = np.log(card.rate / (1 - card.rate)) - np.log(0.3 / 0.7)
    assert card.calibration_shift == pytest.approx(expected, abs=1e-9)


def test_outcomes_split_without_error_have_no_slope():
    card = judge(np.array([0.0] * 20 + [1.0] * 20), np.linspace(0.1, 0.9, 40))

    assert card.auc == 1.0
    assert card.calibration_slope is None


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_a_single_certain_prediction_is_judged(p):
    card = judge(np.array([1.0]), np.array([p]))

    assert (card.deals, card.rate) == (1, 1.0)
    assert reliability_figure(card) is not None


def test_undecided_rows_change_nothing(card):
    y, p = np.append(Y, [np.nan, 1.0]), np.append(P, [0.99, 0.01])
    more = judge(y, p, np.append(WEIGHT, [1.0, 0.0]), np.append(DEAL, ["x", "y"]))

    assert more == card


def test_segments_are_judged_alone():
    team = np.where(RANDOM.random(3000) < 0.3, "red", "blue").astype(object)
    card = judge(Y, P, WEIGHT, DEAL, segments={"team": team})
    red = team == "red"

    assert set(card.segments) == {"team=red", "team=blue"}
    alone = judge(Y[red], P[red], WEIGHT[red], DEAL[red], bins=5)
    assert card.segments["team=red"] == alone


def test_a_missing_segment_is_a_segment():
    labels = np.array(["red", None, np.nan], dtype=object)
    card = judge(np.array([1.0, 0.0, 1.0]), np.array([0.6, 0.4, 0.5]), segments={"team": labels})

    assert set(card.segments) == {"team=red", "team=None", "team=nan"}


def test_is_plain_enough_for_json(card):
    assert json.loads(json.dumps(asdict(card)))["deals"] == card.deals


def test_the_picture_shows_each_bin_and_says_its_facts(card, tmp_path):
    figure = reliability_figure(card, "Validation")

    axes = figure.axes[0]
    points = axes.containers[0].lines[0].get_xydata()
    assert [tuple(point) for point in points] == [(b.mean_probability, b.rate) for b in card.reliability]
    assert "Validation" in axes.get_title()
    assert f"{card.deals:,} deals" in axes.get_title()
    figure.savefig(tmp_path / "reliability.png")
    assert (tmp_path / "reliability.png").stat().st_size > 5000
