from fnmatch import fnmatchcase

from features.catalog import CATALOG, CUSTOMER_CATALOG
from training.wording.groups import GROUPS, group_of

EVERY = {**CATALOG, **CUSTOMER_CATALOG}


def test_every_feature_of_the_catalogue_is_in_a_group_of_the_table():
    groups = {group for group, _ in GROUPS}

    assert [name for name in EVERY if group_of(name) not in groups] == []
    assert groups == {group_of(name) for name in EVERY}


def test_every_pattern_of_the_table_fits_a_feature():
    for group, patterns in GROUPS:
        mine = [name for name in EVERY if group_of(name) == group]
        assert [one for one in patterns if not any(fnmatchcase(name, one) for name in mine)] == [], group


def test_features_that_tell_the_same_are_together_and_others_apart():
    alike = [
        {"deal_stage", "deal_days_in_stage", "stage_win_rate_above"},
        {"deal_activities_7d", "deal_days_silent", "deal_calls"},
        {"rep_win_rate", "team", "rep_segment_win_rate_above"},
        {"deal_amount", "deal_amount_drift"},
        {"month", "quarter_elapsed", "working_days_to_month_end"},
        {"customer_purchases_90d", "customer_revenue_90d"},
    ]

    found = [{group_of(name) for name in names} for names in alike]
    assert [len(groups) for groups in found] == [1] * len(alike)
    assert len(set.union(*found)) == len(alike)


def test_an_attribute_and_its_rate_are_one_and_what_was_learned_goes_first():
    assert group_of("win_rate_above_by_region") == group_of("attr_region") == "attr_region"
    assert group_of("attr_region", {"attr_region": "seller"}) == "seller"
    assert group_of("my_own_feature") == "my_own_feature"
