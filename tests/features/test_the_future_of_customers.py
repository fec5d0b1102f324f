"""Whatever happens after a moment, no feature of a customer at that moment may change. See test_the_future.py."""

import numpy as np
import pyarrow as pa
import pytest

from features.as_of import DAY, Moments, micros
from features.catalog import offered, select
from features.definition import Feature
from features.history import History
from features.open_deals import active_customers
from features.table import build_table
from tests.features.test_the_future import (
    CUSTOMERS,
    CUT,
    END,
    Teller,
    as_a_later_export,
    in_one_export,
    new_rows,
    tell,
    the_past,
)  # fmt: skip


def asked_about() -> Moments:
    """Every customer at moments up to the cut, and one nobody knows."""
    at = [micros(CUT) - day * DAY for day in (0, 1, 30, 90, 200, 500, 800)]
    customers = (*CUSTOMERS, "nobody")
    return Moments(np.repeat(np.array(customers, object), len(at)), np.array(at * len(customers), np.int64))


def all_features(history: History) -> tuple[Feature, ...]:
    """Every feature of customers that the history can give, those for which it is too short included."""
    found = offered(history, CUT, "customer")
    young = [name for name, reason in found.left_out.items() if reason.startswith("it takes")]
    return (*found.features, *select(*young, entity="customer"))


def seen(history: History) -> pa.Table:
    return build_table(all_features(history), asked_about(), history)


@pytest.mark.parametrize("seed", range(2))
def test_a_future_rewritten_at_random_changes_no_feature_of_a_customer(another_story, seed):
    past = the_past(seed)
    alone, one, later = stories = [another_story() for _ in range(3)]
    tell(alone, past)
    tell(one, in_one_export(past, f"one {seed}"))
    tell(later, past)
    later.import_now("2024-01-01T11:30:00")  # the cut in Shanghai
    tell(later, as_a_later_export(past, f"later {seed}"))
    later.import_now("2024-02-01")
    for table, row in new_rows(Teller(f"last {seed}", CUT, END), past):
        later.row(table, **row)

    expected = seen(alone.history)
    active = active_customers(alone.history, CUT).ids.tolist()

    assert expected.num_columns > 90
    for story in stories[1:]:
        other = seen(story.history)
        assert [name for name in expected.column_names if not expected[name].equals(other[name])] == []
        assert active_customers(story.history, CUT).ids.tolist() == active


def test_the_histories_compared_have_something_to_tell(another_story):
    past = the_past(0)
    alone, one, second = another_story(), another_story(), another_story()
    tell(alone, past)
    tell(one, in_one_export(past, "one 0"))
    tell(second, the_past(1))

    tables = [seen(alone.history), seen(second.history)]
    silent = [name for name in tables[0].column_names if all(len(table[name].unique()) < 2 for table in tables)]
    assert silent == ["customer_web_visits_180d"]
    after = Moments(np.array(CUSTOMERS, object), np.full(len(CUSTOMERS), micros(END), np.int64))
    features = all_features(alone.history)
    then, now = (build_table(features, after, story.history) for story in (alone, one))
    assert sum(not then[name].equals(now[name]) for name in then.column_names) > 50
