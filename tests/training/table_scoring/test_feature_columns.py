import numpy as np
import pytest

from features.catalog import CATALOG
from features.evaluate import Category
from training.table_scoring.errors import WrongType
from training.table_scoring.feature_columns import FeatureColumns

STAGES = Category(np.array([1, -1, 0]), np.array(["New", "Offer"], object))


@pytest.fixture
def columns():
    return FeatureColumns({"deal_stage": STAGES, "deal_amount": np.array([5.0, np.nan, 7.5])})


def test_a_feature_that_is_not_there_is_missing_in_every_row(columns):
    assert len(columns) == 3
    assert np.isnan(columns.numbers("deal_age_days")).all()
    assert columns.texts("product").texts().tolist() == [None, None, None]
    assert columns.some("product", np.array([0, 2])) == [None, None]
    assert columns.frame(["product", "deal_stage"]).columns.tolist() == ["product", "deal_stage", "deal_amount"]


def test_each_text_has_its_number(columns):
    found = columns.told("deal_stage", {"Offer": 3.0}, other=1.0, missing=-1.0)

    assert found.tolist() == [3.0, -1.0, 1.0]


def test_parts_and_rows_are_the_same_values(columns):
    part, rows = columns.part(1, 3), columns.rows_at(np.array([2, 0]))

    assert (len(part), len(rows)) == (2, 2)
    assert part.row(1) == {"deal_stage": "New", "deal_amount": 7.5}
    assert part.row(0) == {"deal_stage": None, "deal_amount": None}
    assert rows.some("deal_amount", np.array([0, 1])) == [7.5, 5.0]


def test_columns_are_told_as_their_features_are():
    empty = Category(np.array([-1, -1]), np.empty(0, object))
    given = FeatureColumns({"deal_amount": empty, "deal_stage": np.array([3.0, np.nan])})
    found = given.told_as([CATALOG["deal_amount"], CATALOG["deal_stage"]])

    assert np.isnan(found.values["deal_amount"]).all()
    assert found.texts("deal_stage").texts().tolist() == ["3.0", None]


def test_texts_where_numbers_belong_are_a_named_error():
    with pytest.raises(WrongType, match="Column deal_amount holds texts"):
        FeatureColumns({"deal_amount": STAGES}).told_as([CATALOG["deal_amount"]])
