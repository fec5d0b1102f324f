"""From memory, one at a time, real deals and customers have the values of the table to the last bit."""

from datetime import datetime

import numpy as np
import pytest

from features.as_of import Moments, micros
from features.catalog import offered
from features.online import Memory
from features.open_deals import active_customers, open_deals
from features.table import build_table
from features.values_at import Category


@pytest.mark.parametrize(
    ("name", "entity", "look"),
    [
        ("maven_crm", "deal", datetime(2017, 10, 1)),
        ("bpic2012", "deal", datetime(2012, 2, 1)),
        ("online_retail_ii", "customer", datetime(2011, 3, 1)),
    ],
)
def test_values_from_memory_are_those_of_the_table(real, name, entity, look):
    history = real(name)
    asked = (open_deals if entity == "deal" else active_customers)(history, look)
    ids = asked.ids[:: max(len(asked) // 150, 1)]
    features = offered(history, look, entity).features
    table = build_table(features, Moments(ids, np.full(len(ids), micros(look))), history)

    values = Memory(history, features).values(ids.tolist(), look, entity)

    assert len(ids) > 50
    assert len(features) > 15
    for feature in features:
        found, expected = values[feature.name], table[feature.name].to_pylist()
        if isinstance(found, Category):
            assert found.texts().tolist() == expected, feature.name
        else:
            assert [None if np.isnan(v) else v for v in found.tolist()] == expected, feature.name
