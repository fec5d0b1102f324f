from datetime import datetime, timedelta

import pytest

from features.as_of import parse_moment
from training.recipe import FOLDS, NoDeals, NothingClosed, train_win


def at(day: str) -> datetime:
    return parse_moment(day, "Asia/Shanghai")


def closed(story, won: int, lost: int) -> None:
    """Deals of January that closed in February, and one still open."""
    for number in range(won + lost):
        deal = story.deal(f"d{number:03d}", created=f"2024-01-{number % 28 + 1:02d}", customer=f"C{number % 7}")
        deal.closes("won" if number < won else "lost", on=f"2024-02-{number % 28 + 1:02d}")
    story.deal("open", created="2024-02-01", customer="C1")


def test_training_on_the_company_keeps_all_that_speaks_for_and_against(candidate, company):
    bundle = candidate.bundle

    assert 1 <= len(candidate.trial.folds) <= FOLDS
    assert bundle.until == company.end
    assert bundle.rung == candidate.choice.rung
    assert bundle.meta["serves"] == candidate.choice.name
    assert bundle.meta["says"] == candidate.choice.says
    assert {"base_rate", "stage_table", "logistic", "default_trees", "blend", "odoo"} <= candidate.scorecards.keys()
    assert set(candidate.against_base) == set(candidate.scorecards) - {"base_rate"}
    assert {feature.name for feature in bundle.features} == set(candidate.sample.x.columns)
    assert not {feature.name for feature in bundle.features} & candidate.left_out.keys()
    assert 0.2 < bundle.base_rate < 0.45  # the invented company wins about three in ten


def test_what_comes_later_changes_no_letter_of_the_model(company, tmp_path, rewritten):
    until = company.end - timedelta(days=400)

    before = train_win(company.history, until, folds=1)
    after = train_win(rewritten(until, tmp_path), until, folds=1)

    assert before.bundle.meta["closed_deals"] > 100
    assert after.bundle.to_json() == before.bundle.to_json()


@pytest.mark.parametrize("end", ["2024-02-14", "2024-06-01"])
def test_below_thirty_closed_deals_the_share_won_is_served(story, end):
    closed(story, 9, 20)
    candidate = train_win(story.history, at(end))
    known = candidate.bundle.meta["closed_deals"]

    assert candidate.bundle.rung == "pooled rate"
    assert candidate.choice.says.startswith(f"Only {known} closed deals are on record")
    assert known == (29 if end == "2024-06-01" else 14)
    score = candidate.bundle.score({}, [30.0])
    assert score == []
    assert candidate.trial.folds == ()


def test_few_deals_are_answered_with_their_share_and_a_wide_interval(story):
    closed(story, 9, 20)
    bundle = train_win(story.history, at("2024-06-01")).bundle
    from features.online import Memory

    score = bundle.score(Memory(story.history, bundle.features).values(["open"], at("2024-06-01")), [30.0])[0]

    assert score.probability == pytest.approx(9.5 / 30)
    assert score.low < 0.25 < 0.4 < score.high
    assert score.reasons == ()


def test_where_only_wins_are_on_record_the_chance_is_empty_and_the_reason_said(story):
    closed(story, 40, 0)
    candidate = train_win(story.history, at("2024-06-01"))
    bundle = candidate.bundle
    from features.online import Memory

    values = Memory(story.history, bundle.features).values(["open"], at("2024-06-01"))
    score = bundle.score(values, [10.0, 60.0])[0]

    assert bundle.estimate is None
    assert score.probability is None
    assert 0 < score.by_days[10.0] <= score.by_days[60.0] <= 1
    assert score.note is not None
    assert "No deal was ever lost on record" in score.note
    assert "没有输单记录" in str(bundle.score(values, [10.0], "zh")[0].note)
    assert candidate.choice.says == score.note


def test_only_losses_give_a_small_chance_not_none(story):
    closed(story, 0, 40)
    bundle = train_win(story.history, at("2024-06-01")).bundle

    assert bundle.base_rate == pytest.approx(0.5 / 41)
    assert bundle.estimate is not None
    assert bundle.timing.curve(0, None).median_days() is None


def test_without_deals_there_is_nothing_to_train(story):
    story.order("C1", on="2024-01-01")
    with pytest.raises(NoDeals):
        train_win(story.history, at("2024-06-01"))


def test_before_the_first_deal_there_is_nothing_to_train(story):
    closed(story, 5, 5)
    with pytest.raises(NoDeals, match="To fix"):
        train_win(story.history, at("2023-06-01"))


def test_where_nothing_closed_yet_there_is_nothing_to_learn(story):
    closed(story, 5, 5)
    with pytest.raises(NothingClosed, match="won or lost by then"):
        train_win(story.history, at("2024-01-20"))


def test_each_step_is_told(story):
    closed(story, 5, 5)
    told: list[str] = []
    train_win(story.history, at("2024-06-01"), progress=told.append)

    assert told[0] == "choosing features"
    assert told[-1] == "fitting base_rate"


def test_where_not_all_deals_were_compared_the_answer_says_how_many(company, monkeypatch):
    monkeypatch.setattr("training.recipe.MOST_MOMENTS", 300)
    monkeypatch.setattr("training.trial.MOST_MOMENTS", 300)
    candidate = train_win(company.history, company.end, folds=1)

    moments = len(candidate.sample)
    assert f"Estimates were compared on one deal in {-(-moments // 300)} (" in candidate.choice.says
    assert f"of {moments:,} moments)" in candidate.choice.says
    assert sum(len(fold.judged) for fold in candidate.trial.folds) < 300
    assert candidate.bundle.meta["says"] == candidate.choice.says


def test_rates_by_stage_are_served_where_every_fold_knew_losses_alone(story):
    story.stages("new", "offer")
    for number in range(60):
        day = datetime(2024, 1, 1) + timedelta(days=3 * number)
        deal = story.deal(f"lost{number:02d}", created=f"{day:%Y-%m-%d}", customer=f"C{number % 7}")
        deal.changes_stage("new", on=f"{day:%Y-%m-%d}")
        deal.closes("lost", on=f"{day + timedelta(days=60 if number % 3 == 0 else 3):%Y-%m-%d}")
    for number in range(12):
        deal = story.deal(f"won{number:02d}", created="2024-09-03", customer=f"C{number % 7}")
        deal.changes_stage("offer", on="2024-09-03")
        deal.closes("won", on="2024-10-10")

    candidate = train_win(story.history, at("2024-10-11"))

    assert candidate.choice.name == "shrunk_rates"
