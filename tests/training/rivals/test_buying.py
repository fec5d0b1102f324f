from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from training.dataset import Dataset
from training.rivals.buying import (
    PURCHASES,
    SINCE_FIRST,
    SINCE_LAST,
    Buying,
    buying_of,
    buying_of_row,
    fitted_customers,
)
from training.rivals.rival import ColumnsMissing, RivalNotApplicable


def looked_at(*rows: tuple[str, int, float, float, float]) -> Dataset:
    """Rows of (customer, day looked at, purchases, days since the first, days since the last)."""
    number = len(rows)
    x = pd.DataFrame(np.array([row[2:] for row in rows], float), columns=[PURCHASES, SINCE_FIRST, SINCE_LAST])
    at = np.datetime64("2024-01-01", "us") + np.array([row[1] for row in rows]) * np.timedelta64(1, "D")
    nothing = np.full(number, np.nan)
    return Dataset(
        x,
        nothing,
        nothing,
        np.zeros(number),
        np.zeros(number),
        np.array([row[0] for row in rows], object),
        at,
        np.zeros(number),
        np.full(number, -1),
        0,
    )


def test_repeat_purchases_and_the_time_between_first_and_last():
    told = buying_of_row({PURCHASES: 4, SINCE_FIRST: 100.0, SINCE_LAST: 30.0})

    assert (told.x[0], told.tx[0], told.T[0]) == (3, 70, 100)


def test_who_gave_everything_back_counts_as_new():
    told = buying_of_row({PURCHASES: 0, SINCE_FIRST: None, SINCE_LAST: None})

    assert (told.x[0], told.tx[0], told.T[0]) == (0, 0, 0)


@pytest.mark.parametrize("told", [(np.nan, 5.0, 1.0), (3.0, np.inf, 2.0), (np.inf, 10.0, 20.0), (2.0, 10.0, np.nan)])
def test_a_row_is_read_as_a_table_is(told):
    row = dict(zip((PURCHASES, SINCE_FIRST, SINCE_LAST), told, strict=True))
    one, among = buying_of_row(row), buying_of("any", pd.DataFrame([row]))

    assert [one.x[0], one.tx[0], one.T[0]] == [among.x[0], among.tx[0], among.T[0]]


def test_each_customer_counts_once_by_the_latest_moment():
    told = fitted_customers("any", looked_at(("b", 50, 2, 60, 10), ("a", 10, 1, 5, 5), ("a", 40, 3, 35, 1)))

    assert sorted(zip(told.x.tolist(), told.T.tolist(), strict=True)) == [(1, 60), (2, 35)]


def test_customers_alike_to_the_day_stand_together():
    kinds, counts = Buying(np.array([1.0, 1, 2]), np.array([9.8, 10.1, 10]), np.array([20.0, 20.2, 20])).kinds()

    assert counts.tolist() == [2, 1]
    assert kinds.x.tolist() == [1, 2]


def test_a_table_without_purchases_is_refused_by_name():
    data = looked_at(("a", 10, 1, 5, 5))
    with pytest.raises(ColumnsMissing, match="customer_purchases"):
        buying_of("bg_nbd", data.x.drop(columns=PURCHASES))
    poorer = replace(data, x=data.x.drop(columns=PURCHASES))
    with pytest.raises(RivalNotApplicable, match="bg_nbd"):
        fitted_customers("bg_nbd", poorer)
