from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa

from simulation.tables import days, in_contract_order, moments, money, named, numbered

SOME = np.array([True, False])


def test_money_is_exact_below_zero_and_beyond_a_billion():
    assert money(np.array([-7, 123_456_789_012])).to_pylist() == [Decimal("-7.0000"), Decimal("123456789012.0000")]
    assert money(np.array([1, 2]), SOME).to_pylist() == [Decimal("1.0000"), None]


def test_times_days_and_names_may_be_absent():
    assert moments(np.array([1_000_000, 5]), SOME).to_pylist() == [datetime(1970, 1, 1, 0, 0, 1), None]
    assert days(np.array([366, 1 << 40]), SOME).to_pylist() == [date(1971, 1, 2), None]
    assert named(("a", "b"), np.array([1, 0]), SOME).to_pylist() == ["b", None]


def test_identifiers_are_padded_and_outgrow_their_width():
    assert numbered("D{:03}-{:1}", np.array([7, 12345]), np.array([1, 2])).to_pylist() == ["D007-1", "D12345-2"]


def test_extra_columns_stay_behind_the_contract_s():
    table = pa.table({"mood": [1], "name": ["Planner"], "product_id": ["P1"]})

    assert in_contract_order("products", table).column_names == ["product_id", "name", "mood"]
