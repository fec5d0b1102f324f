"""How a deal and a customer find those whose events they may look at."""

import pytest

from features.owners import owner_of, owners_needed, parts_of
from features.verbs import Latest


def test_an_entity_and_everyone_need_no_finding():
    assert owner_of("deal", "deal") is None
    assert owner_of("customer", "customer") is None
    assert owner_of("everyone", "deal") is None


@pytest.mark.parametrize("entity", ["deal", "customer"])
def test_a_team_is_found_through_the_seller_and_a_segment_through_the_customer(entity):
    assert owner_of("team", entity) == Latest("reps", "team_id", of="rep")
    assert owner_of("segment", entity) == Latest("customers", "segment", of="customer")


def test_an_attribute_of_deals_is_a_key_of_theirs_alone():
    assert owner_of("attr_region", "deal") == Latest("deals", "attr_region")
    with pytest.raises(KeyError):
        owner_of("attr_region", "customer")


def test_a_crossed_key_takes_both_owners():
    assert parts_of("rep&segment") == ("rep", "segment")
    assert len(owners_needed("rep&segment", "deal")) == 2
    assert owners_needed("deal&rep", "deal") == (owner_of("rep", "deal"),)
