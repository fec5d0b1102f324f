import numpy as np
import pytest

from training.horizon_scores import EVER, Asked, judge_horizons
from training.reports.page import Report
from training.reports.probabilities import add_probability_sections, add_summary


def questions(days, bent=0.0, deals=1500):
    """Deals whose chance is known; in team red ours says too much by `bent` log-odds."""
    random = np.random.default_rng(2)
    p = random.beta(2, 3, deals)
    red = np.arange(deals) % 3 == 0
    ours = 1 / (1 + np.exp(-(np.log(p / (1 - p)) + bent * red)))
    won = (random.random(deals) < p).astype(float)
    team = {"team": np.where(red, "red", "blue").astype(object)}
    said = {"blend": ours, "base_rate": np.full(deals, won.mean())}
    return [Asked(each, won, np.ones(deals), np.arange(deals).astype(str), said, team, np.exp(8 + p)) for each in days]


def page_of(asked, language, served="blend"):
    scores = judge_horizons(asked, "blend", {"team": ("Team", "团队")})
    page = Report("t", language)
    add_summary(page, scores, served, "It is served.", ["One sentence."], language)
    add_probability_sections(page, scores, asked, language, {"team": ("Team", "团队")})
    return page.to_html(), scores


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_section_stands_there_in_its_language(language):
    page, scores = page_of(questions((30.0, 60.0, 90.0, EVER), bent=1.5), language)

    assert page.count("<h2>") == 6
    assert page.count("<svg") == 3 + 4
    assert f"{scores.integrated['blend'].log_loss:.4f}" in page
    assert scores.worse
    assert scores.worse[0].says.startswith("Team = red")
    assert (scores.worse[0].says if language == "en" else scores.worse[0].says_zh) in page
    assert ("off by more than luck" if language == "en" else "偏差超出偶然") in page
    assert ("By money" if language == "en" else "按金额") in page


def test_where_all_is_well_it_says_so():
    page, scores = page_of(questions((30.0,)), "en")

    assert not scores.worse
    assert "none is worse beyond what luck allows" in page
    assert "<td>agrees</td>" in page
    assert "Over all horizons</caption>" not in page


@pytest.mark.parametrize(("served", "tone"), [("blend", "good"), ("base_rate", "neutral")])
def test_the_verdict_is_not_praised_where_the_base_rate_is_served(served, tone):
    page, _ = page_of(questions((EVER,)), "en", served)

    assert f'class="verdict {tone}">It is served.' in page


def test_what_is_served_and_was_not_judged_has_no_numbers():
    page, _ = page_of(questions((EVER,)), "en", "crm_probability")

    assert 'class="tiles"' not in page
