"""What a record told online adds to a deal's events; that it equals a real import is proven in test_online."""

from datetime import datetime, timedelta

import pytest

from features.as_of import parse_moment
from features.catalog import select
from features.definition import Feature
from features.evaluate import Category
from features.online import Memory
from features.verbs import Count, Latest, Sum
from tests.features.memory_and_batch import computed, differing, features_of
from tests.features.memory_and_batch import told as told_of

NOW = "2024-06-01"
STAGE = select("deal_stage", "deal_stage_position", "deal_steps_back", "deal_stage_changes", "deal_days_in_stage")
CLOSE = select("deal_days_to_expected_close", "deal_close_date_slips", "deal_slip_days")


def moment(story, day: str = NOW) -> datetime:
    return parse_moment(day, story.timezone)


def told(story, features: tuple[Feature, ...], as_of: str = NOW, **record: object) -> dict[str, object]:
    """The features of one record."""
    values = Memory(story.history, features).values_of_records([record], moment(story, as_of))
    return {
        name: column.texts()[0] if isinstance(column, Category) else column[0].item() for name, column in values.items()
    }


@pytest.fixture
def staged(story):
    story.stages("New", "Talks", "Offer").stages("Ask", "Offer", pipeline="partner")
    story.deal("d1", pipeline="sales").changes_stage("New", on="2024-02-01").changes_stage("Talks", on="2024-03-01")
    story.deal("d2", pipeline="partner").changes_stage("Ask", on="2024-02-01")
    return story


def test_a_stage_nobody_was_in_yet_has_its_place(staged):
    found = told(staged, STAGE, deal_id="d1", stage="Offer")

    assert (found["deal_stage"], found["deal_stage_position"]) == ("Offer", 3)
    assert found["deal_stage_changes"] == 3
    assert found["deal_days_in_stage"] == pytest.approx(0, abs=1e-9)


def test_a_stage_has_its_place_in_the_deals_own_pipeline(staged):
    assert told(staged, STAGE, deal_id="d2", stage="Offer")["deal_stage_position"] == 2
    assert told(staged, STAGE, pipeline="partner", stage="Offer")["deal_stage_position"] == 2
    assert told(staged, STAGE, pipeline="sales", stage="Offer")["deal_stage_position"] == 3


def test_a_step_back_is_one_whatever_else_is_asked(staged):
    steps = (Feature("moves", "m", "m", Count("stage_changes", where=(("move", "back"),))),)

    assert told(staged, steps, deal_id="d1", stage="New") == {"moves": 1}
    assert told(staged, steps, deal_id="d1", stage="Offer") == {"moves": 0}
    assert told(staged, steps, deal_id="d1", stage="Elsewhere") == {"moves": 0}


def test_a_stage_said_again_is_no_change(staged):
    assert told(staged, STAGE, deal_id="d1", stage="Talks")["deal_stage_changes"] == 2


def test_only_what_was_on_record_at_the_moment_is_laid_under_the_record(staged):
    found = told(staged, STAGE, as_of="2024-02-15", deal_id="d1", stage="Offer")

    assert found["deal_stage_changes"] == 2
    assert found["deal_stage"] == "Offer"


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin"])
def test_a_close_date_moves_by_whole_local_days(another_story, zone):
    story = another_story(zone)
    story.deal("d1").changes("expected_close_on", "2024-10-20", on="2024-02-01")

    later = told(story, CLOSE, deal_id="d1", expected_close_on="2024-11-20")
    earlier = told(story, CLOSE, deal_id="d1", expected_close_on="2024-06-11")

    # Summer time ends on 27 October in Berlin: a local day of 25 hours is a day.
    assert (later["deal_close_date_slips"], later["deal_slip_days"]) == (1, 31)
    assert (earlier["deal_close_date_slips"], earlier["deal_slip_days"]) == (0, -131)
    assert earlier["deal_days_to_expected_close"] == 10


def test_days_are_read_from_dates_times_and_texts(story):
    story.deal("d1").changes("expected_close_on", "2024-10-20", on="2024-02-01")
    days = {
        told(story, CLOSE, deal_id="d1", expected_close_on=day)["deal_days_to_expected_close"]
        for day in ("2024-06-11", datetime(2024, 6, 11, 15).date(), "2024-06-11T09:00:00")
    }

    assert days == {10.0}


def test_amounts_speak_the_deals_own_currency_unless_they_name_another(story):
    story.rate("USD", on="2024-01-01", rate=7).rate("USD", on="2024-05-01", rate=8).rate("EUR", on="2024-09-01", rate=9)
    story.deal("d1", currency="USD").changes("amount", "100", on="2024-02-01")
    amount = select("deal_amount")

    assert told(story, amount, deal_id="d1", amount=50) == {"deal_amount": 400}
    assert told(story, amount, deal_id="d1", amount=50, currency="CNY") == {"deal_amount": 50}
    assert told(story, amount, as_of="2024-04-01", deal_id="d1", amount=50) == {"deal_amount": 350}
    assert told(story, amount, amount=50) == {"deal_amount": 50}
    assert told(story, amount, amount=50, currency="USD", created_at="2024-03-01T00:00:00+08:00") == {
        "deal_amount": 350
    }
    unknown = told(story, amount, amount=50, currency="EUR")
    assert unknown["deal_amount"] != unknown["deal_amount"]  # no rate was known by then


def test_the_same_amount_of_foreign_money_is_no_change_whatever_it_is_worth_today(story):
    story.rate("USD", on="2024-01-01", rate=7).rate("USD", on="2024-05-01", rate=8)
    story.deal("d1", currency="USD").changes("amount", "100", on="2024-02-01")
    edits = select("deal_amount", "deal_amount_edits")
    before = told(story, edits, deal_id="d1")

    assert before["deal_amount"] == 700
    assert told(story, edits, deal_id="d1", amount="100.0") == before
    other = told(story, edits, deal_id="d1", amount="101")
    assert other == {"deal_amount": 808, "deal_amount_edits": before["deal_amount_edits"] + 1}


@pytest.mark.parametrize("amount", ["much", "", "nan", float("inf")])
def test_what_is_no_number_is_missing(story, amount):
    story.deal("d1", amount=100)
    found = told(story, select("deal_amount"), deal_id="d1", amount=amount)["deal_amount"]

    assert found != found


def test_attributes_count_as_texts_and_as_numbers(story):
    from features.contracts import Known

    story.declares("deals", score=Known.AT_CREATION, colour=Known.AT_CREATION)
    story.deal("d1", attributes={"score": "12", "colour": "red"})
    own = (
        Feature("score", "m", "m", Latest("deals", "attr_score:number")),
        Feature("colour", "m", "m", Latest("deals", "attr_colour")),
    )

    assert told(story, own, deal_id="d1") == {"score": 12, "colour": "red"}
    assert told(story, own, deal_id="d1", attributes={"score": "3"}) == {"score": 3, "colour": "red"}
    assert told(story, own, attributes={"score": 2.5, "colour": "green"}) == {"score": 2.5, "colour": "green"}


def test_a_new_deal_counts_among_its_customers_deals_and_not_among_others(story):
    story.deal("d1", customer="C-1")
    asked = select("customer_deals_365d")

    assert told(story, asked, customer_id="C-1") == {"customer_deals_365d": 2}
    assert told(story, asked, customer_id="C-2") == {"customer_deals_365d": 1}
    assert told(story, asked) == {"customer_deals_365d": 0}
    assert told(story, asked, deal_id="d1", source="fair") == {"customer_deals_365d": 1}
    assert told(story, asked, customer_id="C-1", created_at="2020-01-01T00:00:00") == {"customer_deals_365d": 1}


def test_the_activities_of_a_deal_on_record_stay_its_own(story):
    story.deal("d1", stage="x").activity(on="2024-05-01", duration_minutes=30)
    minutes = (Feature("minutes", "m", "m", Sum("activities", "duration_minutes")),)

    assert told(story, minutes, deal_id="d1", source="fair") == {"minutes": 30}
    assert told(story, minutes, deal_id="another") == {"minutes": 0}


@pytest.fixture
def customers(story):
    for number, segment in enumerate(("small", "small", "large"), 1):
        story.customer(f"c{number}", created="2024-01-01", segment=segment, annual_revenue=number * 1000)
        story.order(f"c{number}", on=f"2024-0{number}-15", amount=number * 100, quantity=number)
        story.contract(f"c{number}", on="2024-01-01", recurring_amount=number)
        story.ticket(f"c{number}", on="2024-03-01", kind="complaint")
    return story


@pytest.mark.parametrize(
    "changed", [{"segment": "large"}, {"segment": None, "annual_revenue": 7.5}, {"size": "11-50"}, {}, {"tier": "A"}]
)
def test_a_customer_with_changed_fields_is_as_if_they_had_really_been_told(customers, changed):
    features = tuple(f for f in features_of(customers.history) if f.entity == "customer")
    memory = Memory(customers.history, features)
    at = moment(customers)
    found = memory.values_of_customers([{"customer_id": "c1", **changed}], at)
    shown = {n: v.texts()[0] if isinstance(v, Category) else v[0].item() for n, v in found.items()}
    memory.absorb("customers", {"customer_id": "c1", **changed}, at - timedelta(microseconds=1))
    expected = told_of(memory, ["c1"], at, "customer")[0]

    assert differing({k: None if v != v else v for k, v in shown.items()}, expected) == {}
    customers.row("customers", customer_id="c1", recorded="2024-05-31", **changed)
    customers.import_now("2024-05-31")
    real = computed(customers.history, features, [("c1", at)], "customer")[0]
    timeless = [name for name in real if "days" not in name]
    assert {name: expected[name] for name in timeless} == {name: real[name] for name in timeless}


def test_what_was_supposed_of_a_customer_is_forgotten(customers):
    features = tuple(f for f in features_of(customers.history) if f.entity == "customer")
    memory, at = Memory(customers.history, features), moment(customers)
    before = told_of(memory, ["c1"], at, "customer")
    memory.values_of_customers([{"customer_id": "c1", "segment": "large"}], at)

    assert told_of(memory, ["c1"], at, "customer") == before
    assert not memory.has_customer("\x1fnew")
