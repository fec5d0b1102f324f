import pytest

AS_OF = "2024-06-01"
PEOPLE = (
    "deal_contacts_met",
    "deal_contacts_met_30d",
    "deal_contacts_share",
    "deal_decision_maker_activities",
    "deal_decision_maker_30d",
    "deal_contact_role",
    "deal_contact_activities_180d",
    "customer_contacts",
    "customer_decision_makers",
    "deal_colleagues",
)


@pytest.fixture
def people(story):
    """Acme's Anna decides, Bo does not; Cai is not in our books. The deal was discussed with all three."""
    story.customer("acme", created="2020-01-01")
    story.contact("anna", "acme", is_decision_maker=True, role="director", created="2024-01-01")
    story.contact("bo", "acme", is_decision_maker=False, role="buyer", created="2024-01-01")
    story.contact("dan", "acme", is_decision_maker=False, created="2024-01-01")
    story.contact("eve", "acme", is_decision_maker=True, created="2024-07-01")
    deal = story.deal("x", customer="acme")
    deal.activity(on="2024-03-01", contact="anna", rep="lin").activity(on="2024-05-02", contact="cai", rep="mo")
    deal.activity(on="2024-05-03", contact="anna").activity(on="2024-05-20", contact="bo", rep="lin")
    deal.activity(on="2024-05-28", contact="anna", recorded="2024-06-03")
    story.deal("other", customer="acme").activity(on="2024-04-01", contact="bo")
    story.activity(on="2023-12-04", contact="bo").activity(on="2023-12-03", contact="bo")
    story.deal("y", customer="beta")
    return story


def test_whom_we_have_met(people):
    told = {
        "deal_contacts_met": 3,
        "deal_contacts_met_30d": 3,
        "deal_contacts_share": 1,
        "deal_decision_maker_activities": 2,
        "deal_decision_maker_30d": 1,
        "deal_contact_role": "buyer",
        "deal_contact_activities_180d": 3,
        "customer_contacts": 3,
        "customer_decision_makers": 1,
        "deal_colleagues": 2,
    }

    assert people.values(told, "x", as_of=AS_OF) == told


def test_the_windows_have_edges(people):
    assert people.value("deal_contacts_met_30d", "x", as_of="2024-06-02") == 2
    assert people.value("deal_contacts_met_30d", "x", as_of="2024-06-02T00:00:01") == 1
    assert people.value("deal_decision_maker_30d", "x", as_of="2024-06-02") == 1
    assert people.value("deal_decision_maker_30d", "x", as_of="2024-06-02T00:00:01") == 0
    assert people.value("deal_contact_activities_180d", "x", as_of="2024-06-01T00:00:01") == 2


def test_a_meeting_at_the_moment_or_written_down_later_is_not_seen(people):
    assert people.value("deal_contact_role", "x", as_of="2024-05-20") == "director"
    assert people.value("deal_contacts_met", "x", as_of="2024-05-20") == 2
    assert people.value("deal_contact_role", "x", as_of="2024-06-03") == "buyer"
    assert people.value("deal_contact_role", "x", as_of="2024-06-04") == "director"
    assert people.value("deal_decision_maker_activities", "x", as_of="2024-06-04") == 3


def test_of_a_deal_without_people_there_is_nothing_to_tell(people):
    told = dict.fromkeys(PEOPLE, 0) | {"deal_contacts_share": None, "deal_contact_role": None}

    assert people.values(told, "y", as_of=AS_OF) == told


def test_a_contact_described_anew_is_still_one_person(people):
    people.import_now("2024-07-10")
    people.contact("bo", "acme", is_decision_maker=True, role="chief buyer", created="2024-01-01")
    people.import_now("2024-07-20")

    assert people.value("customer_contacts", "x", as_of="2024-07-15") == 4
    assert people.value("customer_decision_makers", "x", as_of="2024-07-15") == 2
    assert people.value("customer_contacts", "x", as_of="2024-07-25") == 4
    assert people.value("customer_decision_makers", "x", as_of="2024-07-25") == 3


def test_who_decided_is_judged_as_it_was_known_when_we_met(people):
    people.import_now("2024-07-10")
    people.contact("bo", "acme", is_decision_maker=True, role="chief buyer", created="2024-01-01")
    people.import_now("2024-07-20")
    people.deal("x").activity(on="2024-07-25", contact="bo")

    assert people.value("deal_decision_maker_activities", "x", as_of="2024-07-25") == 3
    assert people.value("deal_decision_maker_activities", "x", as_of="2024-07-26") == 4
    assert people.value("deal_contact_role", "x", as_of="2024-07-26") == "chief buyer"
