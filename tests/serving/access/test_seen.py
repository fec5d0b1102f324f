from datetime import datetime
from typing import get_type_hints

import pytest

from features.staff import Staff
from serving.access.reach import ALL, reach
from serving.access.seen import RecordsSeen, seen_by
from serving.champion import Records
from serving.problems.access_errors import OutsideYourReach

NOW = datetime(2026, 11, 21)


class Everything:
    """Three deals and two customers; every answer says what was asked."""

    data_as_of = NOW

    def __init__(self):
        self.owners = {"D-a": "anna", "D-c": "cy", "D-none": None}
        self.customers = {"C-a": frozenset({"anna", "cy"}), "C-c": frozenset({"cy"})}

    def has(self, deal_id):
        return deal_id in self.owners

    def is_open(self, deal_id, as_of):
        return True

    def values(self, ids, as_of, entity=None):
        return {"asked": [*ids, entity]}

    def values_of_records(self, records, as_of):
        return {"asked": list(records)}

    def values_of_customers(self, records, as_of):
        return {"asked": list(records)}

    def record(self, deal_id):
        return {"deal_id": deal_id}

    def customer_record(self, customer_id):
        return {"customer_id": customer_id}

    def has_customer(self, customer_id):
        return customer_id in self.customers

    def is_active(self, customer_id, as_of):
        return True

    def rep_of(self, deal_id):
        return self.owners.get(deal_id)

    def reps_of_customer(self, customer_id):
        return self.customers.get(customer_id, frozenset())

    def staff(self):
        return Staff(reps={"anna": "north", "cy": "south"}, teams={"north": None, "south": None})


@pytest.fixture
def seen():
    return seen_by(Everything(), reach("team", team_id="north"))


def test_who_sees_everything_asks_the_records_themselves():
    records = Everything()

    assert seen_by(records, ALL) is records


def test_what_is_outside_does_not_exist(seen):
    assert [one for one in Everything().owners if seen.has(one)] == ["D-a"]
    assert [one for one in Everything().customers if seen.has_customer(one)] == ["C-a"]
    assert not seen.is_open("D-c", NOW)
    assert not seen.is_active("C-c", NOW)
    assert seen.rep_of("D-c") is None
    assert seen.reps_of_customer("C-c") == frozenset()
    assert seen.is_open("D-a", NOW)
    assert seen.is_active("C-a", NOW)


@pytest.mark.parametrize(
    "asking",
    [
        lambda seen: seen.record("D-c"),
        lambda seen: seen.record("D-none"),
        lambda seen: seen.customer_record("C-c"),
        lambda seen: seen.values(["D-a", "D-c"], NOW),
        lambda seen: seen.values(["D-a", "D-unknown"], NOW, "deal"),
        lambda seen: seen.values(["C-a", "C-c"], NOW, "customer"),
        lambda seen: seen.values(["D-a"], NOW, "customer"),
        lambda seen: seen.values_of_records([{}, {"deal_id": "D-c"}], NOW),
        lambda seen: seen.values_of_records([{"deal_id": "D-none"}], NOW),
        lambda seen: seen.values_of_records([{"customer_id": "C-c"}], NOW),
        lambda seen: seen.values_of_records([{"deal_id": "D-a", "rep_id": "cy"}], NOW),
        lambda seen: seen.values_of_records([{"rep_id": "not on record"}], NOW),
        lambda seen: seen.values_of_customers([{"customer_id": "C-c", "tier": "gold"}], NOW),
        lambda seen: seen.values_of_customers([{"customer_id": "C-a", "rep_id": "cy"}], NOW),
    ],
)
def test_nothing_is_computed_from_what_is_outside(seen, asking):
    with pytest.raises(OutsideYourReach):
        asking(seen)


def test_what_is_within_or_new_is_passed_on_as_it_is(seen):
    record = {"deal_id": "D-new", "customer_id": "C-new", "rep_id": "anna", "amount": 5}

    assert seen.values(["D-a"], NOW) == {"asked": ["D-a", None]}
    assert seen.values(["C-a"], NOW, "customer") == {"asked": ["C-a", "customer"]}
    assert seen.values_of_records([record, {"deal_id": None}], NOW) == {"asked": [record, {"deal_id": None}]}
    assert seen.values_of_customers([{"customer_id": "C-a"}], NOW) == {"asked": [{"customer_id": "C-a"}]}
    assert seen.record("D-a") == {"deal_id": "D-a"}
    assert seen.customer_record("C-a") == {"customer_id": "C-a"}
    assert seen.data_as_of == NOW


def test_every_question_of_the_service_is_answered_here_and_no_other():
    """A question that is not asked here would be asked of everything."""
    asked = {name for name in vars(Records) if not name.startswith("_")}

    assert asked <= {name for name in dir(RecordsSeen) if not name.startswith("_")}
    assert asked == {name for name in vars(get_type_hints(RecordsSeen.__init__)["records"]) if not name.startswith("_")}
    assert "__getattr__" not in vars(RecordsSeen)
