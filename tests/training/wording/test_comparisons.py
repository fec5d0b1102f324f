import json
from dataclasses import replace

import numpy as np
import pytest

from training.wording.comparisons import FEWEST, Comparisons, Usual


def numbers(random, deal):
    """Amounts that say nothing, a silence that grows with the age of the look, and a source known of few."""
    deals = int(deal.max()) + 1
    source = np.where(np.arange(deals) < 12, "fair", np.where(np.arange(deals) % 2, "web", "referral")).astype(object)
    return {
        "deal_amount": random.lognormal(10, 1, deals)[deal],
        "deal_days_silent": random.exponential(5, len(deal)),
        "deal_gone": np.full(len(deal), np.nan),
        "deal_source": source[deal],
    }


@pytest.fixture(scope="module")
def dataset(invented):
    return invented(800, 4, strength=2.0, extra=numbers).dataset


@pytest.fixture(scope="module")
def known(dataset):
    return Comparisons.fit(dataset)


def test_the_quartiles_of_won_and_lost_are_told(known, dataset):
    sign = known.numbers["sign"]

    assert sign.yes[1] > 0.4
    assert sign.no[1] < -0.4
    assert list(sign.yes) == sorted(sign.yes)
    rows = dataset.decided()
    amounts = rows.x["deal_amount"][rows.outcome == 1]
    assert known.numbers["deal_amount"].yes[1] == pytest.approx(amounts.median(), rel=0.1)
    assert known.share == pytest.approx(rows.outcome.mean(), abs=0.05)


def test_each_deal_counts_once_however_often_it_was_looked_at(dataset):
    """Three looks at each slow deal, one at each fast one: the mean look is not the mean deal."""
    rows = dataset.decided()
    first = rows.rows(np.unique(rows.subject.astype(str), return_index=True)[1])
    many = first.rows(np.repeat(np.arange(len(first)), np.where(first.x["sign"] > 0, 5, 1)))

    once, often = Comparisons.fit(first), Comparisons.fit(many)
    assert often.numbers["sign"] == once.numbers["sign"]
    assert often.share == pytest.approx(once.share)
    assert often.shares["deal_source"] == pytest.approx(once.shares["deal_source"])


def test_what_few_stand_behind_is_not_told(dataset, known):
    assert "deal_gone" not in known.numbers
    assert set(known.shares["deal_source"]) == {"referral", "web"}
    few = dataset.rows(np.flatnonzero(dataset.weight > 0)[: FEWEST - 1])
    assert Comparisons.fit(few).numbers == {}
    assert Comparisons.fit(few).shares == {}
    nothing = Comparisons.fit(dataset.rows(np.zeros(len(dataset), bool)))
    assert nothing == Comparisons()


def test_shares_are_drawn_toward_everyones(dataset):
    everyone = np.array(["all"] * len(dataset), object)
    level = np.where(dataset.x["sign"] > 1.2, "sure", "other").astype(object)
    told = Comparisons.fit(replace(dataset, x=dataset.x.assign(a=everyone, b=level)))

    assert told.shares["a"]["all"] == pytest.approx(told.share, abs=1e-4)
    sure = dataset.decided().rows(dataset.decided().x["sign"].to_numpy() > 1.2)
    assert told.share < told.shares["b"]["sure"] < sure.outcome.mean()


def test_a_stage_is_told_for_itself_where_it_differs(dataset):
    stage = dataset.x["deal_stage"]
    shifted = dataset.x["deal_amount"] * np.where(stage == "New", 1, 50)
    told = Comparisons.fit(replace(dataset, x=dataset.x.assign(deal_shifted=shifted), age=np.zeros(len(dataset))))

    assert set(told.stages["deal_shifted"]) == {"Talks"}
    assert "deal_amount" not in told.stages
    here, among = told.usual("deal_shifted", "Talks", None)
    assert among == "stage"
    assert here.yes[1] > 10 * told.numbers["deal_shifted"].yes[1]
    assert told.usual("deal_shifted", "New", 5.0) == (told.numbers["deal_shifted"], "all")
    assert told.usual("deal_unheard_of", None, None) == (None, "all")


def test_what_grows_with_age_is_told_by_age(dataset):
    told = Comparisons.fit(replace(dataset, x=dataset.x.assign(deal_calls=dataset.age * 2 + dataset.x["sign"])))

    assert "deal_calls" not in told.stages
    assert "deal_calls" in told.ages
    here, among = told.usual("deal_calls", "Talks", 45.0)
    assert among == "age"
    assert here.yes[1] == pytest.approx(60, abs=4)
    assert told.usual("deal_calls", "New", 0.5)[0].yes[1] == pytest.approx(0, abs=4)
    # No deal was looked at that old: the oldest band that enough reach has no end.
    assert told.bands == (0.0, 3.0, 10.0, 30.0)
    assert told.usual("deal_calls", "Talks", 700.0) == (here, "age")


def test_a_life_is_from_creation_to_close(known, dataset):
    rows = dataset.decided()
    first = rows.rows(rows.age == 0)

    assert known.life.yes[1] == pytest.approx(np.median(first.decided_after[first.outcome == 1]), rel=0.15)
    assert Comparisons.fit(dataset, "churn").life is None


def test_nothing_of_undecided_rows_is_used(dataset, known):
    undecided = np.isnan(dataset.outcome)
    other = dataset.x.copy()
    other.loc[undecided, "sign"] = 1e9
    other.loc[undecided, "deal_source"] = "later"

    assert undecided.any()
    assert Comparisons.fit(replace(dataset, x=other)) == known


def test_of_churn_the_outcome_may_be_that_a_customer_stays(dataset):
    leaves, stays = Comparisons.fit(dataset, "churn"), Comparisons.fit(dataset, "churn", event_is_leaving=False)

    assert stays.numbers["sign"] == Usual(leaves.numbers["sign"].no, leaves.numbers["sign"].yes)
    assert stays.share == pytest.approx(1 - leaves.share, abs=1e-5)
    assert stays.about == "churn"


def test_it_is_read_back_from_json(known):
    text = json.dumps(known.to_json(), ensure_ascii=False, allow_nan=False)

    assert Comparisons.from_json(json.loads(text)) == known
    assert Comparisons.from_json(json.loads(json.dumps(Comparisons().to_json()))) == Comparisons()


def test_with_very_many_rows_every_kth_deal_is_looked_at(dataset, known, monkeypatch):
    monkeypatch.setattr("training.wording.comparisons.MOST_ROWS", int((dataset.weight > 0).sum()) // 2)
    half = Comparisons.fit(dataset)

    assert half.numbers != known.numbers
    assert half.numbers["sign"].yes[1] == pytest.approx(known.numbers["sign"].yes[1], abs=0.3)
