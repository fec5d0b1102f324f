"""The published answers of Odoo's own test of predictive lead scoring, from a table counted by hand."""

import json
from dataclasses import replace

import pytest

from training.rivals.odoo_table import OdooDeal, OdooTable, UnknownStage

STAGES = ("new", "qualified", "proposition", "won")
QUALITIES = ("email", "phone")


def lead(team, stage, country, state, source):
    """A lead; nobody's e-mail or phone is known in that test, which counts as a value of its own."""
    values = {"country": country, "state": state, "source": source, "email": None, "phone": None}
    return OdooDeal(stage, team, values)


RED = {
    "lost early": lead("red", "new", "be", "s1", "mail"),
    "lost later": lead("red", "qualified", "us", "s2", "web"),
    "won": lead("red", "proposition", "in", "s3", "fair"),
    "open": lead("red", "qualified", "be", "s2", "fair"),
    "to and fro": lead("red", "new", "us", "s2", "web"),
}
BLUE = {
    "lost late": lead("blue", "proposition", "be", "s2", "web"),
    "lost mid": lead("blue", "qualified", "be", "s2", "fair"),
    "won": lead("blue", "new", "be", "s3", "fair"),
    "open": lead("blue", "qualified", "be", "s2", "fair"),
    "won live": lead("blue", "qualified", "us", "s1", "web"),
}


def others(team):
    return {
        "won": lead(team, "proposition", "us", "s2", "web"),
        "lost": lead(team, "new", "be", "s2", "mail"),
        "lost too": lead(team, "new", "us", "s3", "fair"),
        "open": lead(team, "qualified", "be", "s2", "fair"),
    }


def rebuilt(third_team):
    table = OdooTable(STAGES, missing_counts=QUALITIES)
    for deals in (RED, BLUE, others(third_team)):
        for name, deal in deals.items():
            if name in ("won", "lost", "lost too", "lost early", "lost later", "lost late", "lost mid"):
                table.count(deal, won=name == "won")
    return table


@pytest.fixture
def live():
    """The rebuilt table after two deals closed, and one of them was reopened, won, and reopened once more."""
    table = rebuilt(third_team=None)
    table.count(RED["to and fro"], won=False)
    table.count(BLUE["won live"], won=True)
    table.uncount(RED["to and fro"], won=False)
    table.count(RED["to and fro"], won=True)
    table.uncount(RED["to and fro"], won=True)
    return table


def percent(share):
    return round(100 * share, 2)


def test_a_rebuild_gives_the_published_answers():
    table = rebuilt(third_team="green")

    assert percent(table.score(RED["open"])) == 33.49
    assert percent(table.score(BLUE["open"])) == 7.74
    assert percent(table.score(others("green")["open"])) == 35.09


def test_a_deal_without_a_team_is_scored_by_everybodys_counts():
    table = rebuilt(third_team=None)

    assert percent(table.score(others(None)["open"])) == 35.19
    assert table.score(others("a team of no closed deals")["open"]) == table.score(others(None)["open"])
    assert percent(table.score(RED["open"])) == 33.49


def test_live_increments_give_the_published_answers(live):
    back = replace(BLUE["open"], stage="new")

    assert percent(live.score(replace(RED["open"], stage="new"))) == 20.87
    assert percent(live.score(back)) == 2.43
    assert percent(live.score(replace(back, values={**back.values, "country": "us"}))) == 34.38


def test_cells_hold_the_published_counts(live):
    def sides(team, name, value):
        return live.teams[team][name][value].sides

    assert sides("red", "stage", "new") == pytest.approx((1.1, 2.1))
    assert sides("red", "stage", "won") == pytest.approx((1.1, 0.1))
    assert sides("red", "country", "us") == pytest.approx((0.1, 1.1))
    assert sides("blue", "stage", "new") == pytest.approx((2.1, 2.1))
    assert sides("blue", "country", "us") == pytest.approx((1.1, 0.1))
    assert sides("blue", "email", "") == pytest.approx((2.1, 2.1))


def test_a_single_won_deal_reopened_while_its_win_counts():
    deal = OdooDeal("qualified", "red")
    table = OdooTable(STAGES)
    table.count(deal, won=True)

    assert table.score(deal) == pytest.approx(1.1 / 1.2)
    assert percent(table.score(deal)) == 91.67
    table.uncount(deal, won=True)
    assert table.score(deal) == pytest.approx(0.5)


def test_counts_never_fall_below_none():
    table = OdooTable(STAGES)
    table.count(OdooDeal("new"), won=True)
    for _ in range(3):
        table.uncount(OdooDeal("new"), won=False)

    assert table.teams[None]["stage"]["new"].sides == pytest.approx((1.1, 0.1))


def test_tags_give_the_published_answers():
    """150 deals of one team: 50 with one tag, 50 with another, 50 with both; three of them stay open."""
    table = OdooTable(STAGES, missing_counts=QUALITIES)

    def tagged(*tags):
        return OdooDeal("new", "blup", {"email": None, "phone": None}, tags)

    for tags, lost, won in ((("one",), 30, 19), (("two",), 40, 9), (("one", "two"), 35, 14)):
        for _ in range(lost):
            table.count(tagged(*tags), won=False)
        for _ in range(won):
            table.count(tagged(*tags), won=True)

    assert percent(table.score(tagged("one"))) == 33.69
    assert percent(table.score(tagged("two"))) == 23.51
    assert percent(table.score(tagged("one", "two"))) == 28.05
    assert percent(table.score(tagged())) == 28.60


def test_a_tag_on_fewer_than_fifty_closed_deals_is_ignored():
    table = OdooTable(STAGES)
    for number in range(60):
        tags = ("often", "rare") if number < 40 else ("often",)
        table.count(OdooDeal("new", None, {}, tags), won=number % 3 == 0)

    assert table.score(OdooDeal("new", None, {}, ("rare",))) == table.score(OdooDeal("new"))
    assert "often" in table.odds_of(None).values["tag"]
    assert "rare" not in table.odds_of(None).values["tag"]


def test_no_stage_or_an_empty_table_gives_no_score():
    table = OdooTable(STAGES)

    assert table.score(OdooDeal("new")) is None
    table.count(OdooDeal("new"), won=True)
    assert table.score(OdooDeal(None)) is None


def test_scores_stay_off_the_ends():
    table = OdooTable(STAGES)
    table.count(OdooDeal("new", "red"), won=True)
    table.teams["red"]["stage"]["new"].deals[True] = 10_000_000

    assert table.score(OdooDeal("new", "red")) == 0.9999


def test_an_unknown_stage_is_a_named_error():
    with pytest.raises(UnknownStage, match="signed"):
        OdooTable(STAGES).count(OdooDeal("signed"), won=False)


def test_is_the_same_after_json(live):
    read = OdooTable.from_json(json.loads(json.dumps(live.to_json())))

    for deal in (*RED.values(), *BLUE.values(), *others(None).values()):
        assert read.score(deal) == live.score(deal)
