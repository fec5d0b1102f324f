import pytest

PEOPLE = {
    "customer_contacts": 3,
    "customer_new_contacts_365d": 1,
    "customer_decision_makers": 1,
    "customer_contacts_reached_365d": 2,
    "customer_contacts_reached_share": 2 / 3,
    "customer_decision_maker_met_180d": 2,
    "customer_colleagues_365d": 2,
    "customer_team": "south",
}


@pytest.fixture
def house(story):
    story.contact("chief", "c", is_decision_maker=True, created="2020-01-01")
    story.contact("buyer", "c", is_decision_maker=False, created="2020-01-01")
    story.contact("clerk", "c", is_decision_maker=False, created="2024-05-01")
    story.rep("r1", team_id="north").rep("r2", team_id="south")
    story.activity(on="2024-05-10", customer="c", contact="chief", rep="r1")
    story.activity(on="2024-05-20", customer="c", contact="chief", rep="r1")
    story.activity(on="2024-06-10", customer="c", contact="buyer", rep="r2")
    return story


def test_people_known_and_reached(house):
    assert house.values_of_customer(PEOPLE, "c", as_of="2024-07-01") == PEOPLE


def test_a_contact_at_the_moment_or_written_down_later_is_not_seen(house):
    house.contact("heir", "c", is_decision_maker=True, created="2024-06-01", recorded="2024-07-10")

    assert house.value_of_customer("customer_contacts", "c", as_of="2024-05-01") == 2
    assert house.value_of_customer("customer_decision_makers", "c", as_of="2024-07-01") == 1
    assert house.value_of_customer("customer_decision_makers", "c", as_of="2024-07-11") == 2


def test_of_nobody_no_people_are_known(house):
    found = house.values_of_customer(PEOPLE, "nobody", as_of="2024-07-01")

    missing = {"customer_contacts_reached_share", "customer_team"}
    assert found == {name: None if name in missing else 0 for name in PEOPLE}
