import pytest

from features.catalog import select
from serving.shelf.feature_names import FeaturesRead


@pytest.fixture
def reads():
    features = select("deal_amount", "deal_stage", "deal_age_days", "deal_source")
    return FeaturesRead.of(features, {"deal_stage": frozenset({"Proposal"}), "curve_interval": frozenset()})


def test_what_the_model_looks_at_may_be_given_in_part(reads):
    assert reads.look({"deal_amount": 5.0, "deal_stage": None}) == ([], (), ("deal_age_days", "deal_source"))


def test_other_features_of_the_catalogue_may_be_there(reads):
    every = dict.fromkeys(reads.names)

    assert reads.look({**every, "deal_days_silent": 3.0}) == ([], (), ())


def test_attributes_that_the_model_does_not_use_are_told(reads):
    assert reads.look({"attr_region": "north"})[1] == ("attr_region",)


@pytest.mark.parametrize(
    ("given", "name", "said"),
    [
        ({"deal_amuont": 5.0}, "deal_amuont", "Did you mean 'deal_amount'?"),
        ({"deal_amount": "much"}, "deal_amount", "is a number"),
        ({"deal_age_days": "old"}, "deal_age_days", "is a number"),
        ({"deal_stage": 3.0}, "deal_stage", "is a text"),
        ({"\ud800": 3.0}, "?", "is no feature"),
    ],
)
def test_what_cannot_be_a_feature_is_named(reads, given, name, said):
    ((field, message),) = reads.look(given)[0]

    assert field == name
    assert said in message


def test_a_text_that_the_model_ignores_may_be_a_text(reads):
    assert reads.look({"deal_source": "fair"})[0] == []
