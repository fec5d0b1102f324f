import json

import numpy as np
import pytest

from training.horizon_scores import EVER, Asked, horizon_shares, judge_horizons
from training.judged_rows import NothingToJudge
from training.scorecard import compare, judge

DAYS = (30.0, 60.0, 120.0)


def asked_of(seed, deals=1200):
    """Deals won after an exponential time, two looks each; ours knows the chance, the rival a dull version of it."""
    random = np.random.default_rng(seed)
    pace = random.gamma(2, 0.005, deals)
    after = random.exponential(1 / pace)
    deal = np.repeat(np.arange(deals), 2)
    questions = []
    for days in (*DAYS, EVER):
        p = np.minimum(1 - np.exp(-pace * min(days, 400)), 0.999)[deal]
        y = (after <= min(days, 400)).astype(float)[deal]
        said = {"ours": p, "dull": (p + p.mean()) / 2, "rate": np.full(len(deal), y.mean())}
        team = {"team": np.where(deal % 3 == 0, "red", "blue").astype(object)}
        questions.append(Asked(days, y, np.ones(len(deal)), deal.astype(str), said, team, np.exp(10 * p)))
    return questions


@pytest.fixture(scope="module")
def asked():
    return asked_of(3)


@pytest.fixture(scope="module")
def scores(asked):
    return judge_horizons(asked[::-1], "ours")


def test_each_question_is_judged_as_it_would_be_alone(asked, scores):
    assert scores.horizons == (*DAYS, EVER)
    for each in asked:
        card = scores.cards["dull"][each.days]
        assert card == judge(each.outcome, each.said["dull"], each.weight, each.subject, amount=each.amount)
        alone = compare(each.outcome, each.said["ours"], each.said["dull"], each.weight, each.subject)
        assert scores.against["dull"][each.days] == alone


def test_the_mean_over_horizons_is_the_area_under_their_curve(scores):
    losses = [scores.cards["ours"][days].log_loss for days in DAYS]
    area = np.trapezoid(losses, DAYS) / (DAYS[-1] - DAYS[0])

    assert scores.integrated["ours"].log_loss == pytest.approx(area)
    briers = [scores.cards["rate"][days].brier for days in DAYS]
    assert scores.integrated["rate"].brier == pytest.approx(np.trapezoid(briers, DAYS) / (DAYS[-1] - DAYS[0]))
    gap = scores.integrated["ours"].log_loss - scores.integrated["dull"].log_loss
    assert scores.integrated_against["dull"].difference == pytest.approx(gap)
    assert scores.integrated_against["dull"].verdict == "better"
    gap = scores.integrated["ours"].brier - scores.integrated["dull"].brier
    assert scores.integrated_brier_against["dull"].difference == pytest.approx(gap)


def test_only_ours_is_judged_by_group(scores):
    assert set(scores.cards["ours"][30.0].segments) == {"team=red", "team=blue"}
    assert not scores.cards["dull"][30.0].segments


def test_a_question_nobody_can_be_judged_on_is_left_out(asked):
    unknown = Asked(365.0, np.full(5, np.nan), np.zeros(5), np.arange(5).astype(str), {"ours": np.full(5, 0.5)})

    assert judge_horizons([*asked, unknown], "ours").horizons == (*DAYS, EVER)
    with pytest.raises(NothingToJudge):
        judge_horizons([unknown], "ours")


def test_an_estimate_that_missed_a_question_is_judged_on_the_others_and_has_no_mean(asked):
    first = Asked(**{**vars(asked[0]), "said": {**asked[0].said, "once": asked[0].said["ours"]}})
    scores = judge_horizons([first, *asked[1:]], "ours")

    assert set(scores.cards["once"]) == {30.0}
    assert set(scores.integrated) == {"ours", "dull", "rate"}
    assert scores.names[-1] == "once"
    line = next(line for line in scores.lines() if line.startswith("once"))
    assert line.split()[1:] == [f"{scores.cards['ours'][30.0].log_loss:.4f}", "-", "-", "-", "-"]


def test_a_question_that_ours_did_not_answer_is_left_out(asked):
    silent = Asked(**{**vars(asked[0]), "said": {"dull": asked[0].said["dull"]}})

    assert judge_horizons([silent, *asked[1:]], "ours").horizons == (60.0, 120.0, EVER)


def test_only_ever_has_no_mean(asked):
    scores = judge_horizons(asked[-1:], "ours")

    assert scores.integrated == {}
    assert scores.names[0] == "ours"
    assert "mean" not in scores.lines()[0]
    assert scores.lines()[1].startswith("ours")


def test_lines_and_json_hold_the_figures(scores):
    text = "\n".join(scores.lines())
    for part in ("30 d", "ever", "dull", "better", "p (groups)"):
        assert part in text
    told = json.loads(json.dumps(scores.to_dict(), allow_nan=False))
    assert told["horizons"] == ["30 d", "60 d", "120 d", "ever"]
    assert told["scorecards"]["ours"]["ever"]["log_loss"] > 0
    assert told["ours_less_integrated"]["rate"]["verdict"] == "better"


def test_shares_sum_to_one_whatever_the_gaps():
    assert horizon_shares([7, 14, 30]).tolist() == pytest.approx([3.5 / 23, 11.5 / 23, 8 / 23])
    assert horizon_shares([]).tolist() == []
