import json
import re
from html import escape

import pytest

from features.as_of import parse_moment
from training.backtest import TooShort, backtest_win
from training.recipe import NothingClosed
from training.reports.words import estimate_name


@pytest.fixture(scope="module")
def found(company):
    return backtest_win(company.history, company.end, 2)


def test_every_rival_stands_in_one_table_with_the_choice_below(found):
    lines = found.lines()

    assert lines[0].startswith("  fold 1: learned until 2025")
    text = "\n".join(lines)
    for name in ("base_rate", "stage_table", "odoo", "logistic", "default_trees", "blend"):
        assert f"\n{name}" in text
    assert lines[-1] == found.choice.says


def test_the_figures_are_json(found):
    told = json.loads(found.to_json())

    assert told["ours"] == "blend"
    assert told["served"] == found.choice.name
    assert 1 <= len(told["folds"]) <= 2
    assert set(told["ours_less_rival"]) == set(told["scorecards"]) - {"blend"}
    assert told["scorecards"]["blend"]["log_loss"] > 0
    assert told["ours_less_rival"]["odoo"]["verdict"] in ("better", "worse", "no different")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_says_the_verdict_first_and_shows_every_estimate(found, language):
    page = found.to_html(language)

    says = found.choice.says if language == "en" else found.choice.says_zh
    assert page.index(escape(says)) < page.index("<table>")
    for name in found.scorecards:
        assert escape(estimate_name(name, language)) in page
    assert page.count("<svg") >= 3
    assert f"{found.scorecards['blend'].log_loss:.4f}" in page
    chinese = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert (len(re.findall("[\u4e00-\u9fff]", chinese)) > 400) == (language == "zh")


def test_the_same_history_gives_the_same_page(found, company):
    again = backtest_win(company.history, company.end, 2)

    assert again.to_html("en") == found.to_html("en")
    assert again.to_json() == found.to_json()


def test_the_choice_rests_on_what_training_rests_on(found, company, monkeypatch):
    """How likely luck alone makes stages differ counts in a backtest as it does in `train_win`."""
    asked = {}

    def choose(trial, cards, closed, **more):
        asked.update(more)
        return found.choice

    monkeypatch.setattr("training.backtest.run_trial", lambda *_: found.trial)
    monkeypatch.setattr("training.backtest.stage_evidence", lambda dataset: 0.125)
    monkeypatch.setattr("training.backtest.choose", choose)
    backtest_win(company.history, company.end, 2)

    assert asked == {"stage_luck": 0.125}


def test_groups_and_intervals_are_judged(found):
    told = json.loads(found.to_json())

    segments = told["by_horizon"]["scorecards"]["blend"]["ever"]["segments"]
    assert {"age=0 d", "age=7 d"} <= set(segments)
    assert len({name.split("=")[0] for name in segments}) > 3
    assert told["by_horizon"]["scorecards"]["blend"]["ever"]["by_amount"]["log_loss"] > 0
    assert "interval_coverage" in told


def test_a_history_too_short_to_judge_is_a_named_error(story):
    story.deal("d1").closes("won", on="2024-02-01")
    story.deal("d2").closes("lost", on="2024-02-02")

    with pytest.raises(TooShort, match="too short to judge"):
        backtest_win(story.history, parse_moment("2024-02-03", "Asia/Shanghai"), 3)


def test_a_history_of_open_deals_is_a_named_error(story):
    story.deal("d1")

    with pytest.raises(NothingClosed):
        backtest_win(story.history, parse_moment("2024-02-03", "Asia/Shanghai"), 3)


@pytest.mark.parametrize("status", ["won", "lost"])
def test_where_all_went_one_way_the_base_rate_is_judged_alone(story, status):
    for number in range(120):
        month, day = 2 * (number // 60) + 1, number % 28 + 1
        story.deal(f"d{number}", created=f"2024-{month:02d}-{day:02d}").closes(
            status, on=f"2024-{month + 1:02d}-{day:02d}"
        )

    found = backtest_win(story.history, parse_moment("2024-12-01", "Asia/Shanghai"), 1)

    assert found.choice.name == "base_rate"
    assert ("No deal was ever lost" if status == "won" else "ended alike") in found.choice.says
    assert "blend" not in found.scorecards
    assert "were won, or lost" in found.trial.absent["blend"]
    assert found.to_html("zh").count("<table>") >= 2
