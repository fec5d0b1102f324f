from datetime import datetime

import numpy as np

from features.as_of import micros, parse_moment
from features.kernel import MISSING
from training.churn.events import contracts, leavings, purchases


def at(day: str) -> int:
    return micros(parse_moment(day, "Asia/Shanghai"))


def next_purchase(story, customer: str, day: str, seen_until: str) -> str | None:
    events = purchases(story.history, datetime(2030, 1, 1))
    happened, _ = events.next_after(np.array([customer], object), np.array([at(day)]), at(seen_until))
    return None if happened[0] == MISSING else str(np.datetime64(int(happened[0]) + 8 * 3_600_000_000, "us"))[:10]


def left(story, customer: str, seen_until: str) -> str | None:
    events = leavings(contracts(story.history, datetime(2030, 1, 1)), at(seen_until))
    mine = events.happened[events.names[events.whose] == customer]
    return None if not len(mine) else str(np.datetime64(int(mine[-1]) + 8 * 3_600_000_000, "us"))[:10]


def test_the_next_purchase_counts_from_the_moment_itself(story):
    story.order("c", on="2024-01-01").order("c", on="2024-03-01")

    assert next_purchase(story, "c", "2024-01-01", "2025-01-01") == "2024-01-01"
    assert next_purchase(story, "c", "2024-01-02", "2025-01-01") == "2024-03-01"
    assert next_purchase(story, "c", "2024-03-02", "2025-01-01") is None
    assert next_purchase(story, "somebody else", "2024-01-01", "2025-01-01") is None


def test_what_is_not_on_record_yet_has_not_come(story):
    story.order("c", on="2024-01-01").order("c", on="2024-03-01")

    assert next_purchase(story, "c", "2024-02-01", "2024-03-01") is None
    assert next_purchase(story, "c", "2024-02-01", "2024-03-02") == "2024-03-01"


def test_a_return_is_no_purchase_and_lines_of_one_order_are_one(story):
    story.order("c", on="2024-01-01", group_id="g").order("c", on="2024-01-02", group_id="g")
    story.order("c", on="2024-02-01", amount=-50, quantity=-1).order("c", on="2024-04-01")

    assert next_purchase(story, "c", "2024-01-02", "2025-01-01") == "2024-04-01"


def test_a_cancellation_is_a_leaving_on_its_day(story):
    story.contract("c", on="2024-01-01", cancelled_on="2024-05-10")

    assert left(story, "c", "2024-05-10") is None
    assert left(story, "c", "2024-05-11") == "2024-05-10"


def test_a_missed_renewal_is_known_when_the_patience_is_over(story):
    story.contract("c", on="2024-01-01", ends_on="2024-03-31")

    assert left(story, "c", "2024-04-15") is None
    assert left(story, "c", "2024-05-02") == "2024-04-01"


def test_a_renewal_in_time_is_no_leaving(story):
    story.contract("c", on="2024-01-01", ends_on="2024-03-31").contract("c", on="2024-04-20", ends_on="2025-04-19")

    assert left(story, "c", "2024-12-01") is None


def test_a_contract_cancelled_while_another_runs_is_no_leaving(story):
    story.contract("c", on="2024-01-01", cancelled_on="2024-05-10").contract("c", on="2024-03-01")

    assert left(story, "c", "2025-01-01") is None


def test_who_comes_back_later_has_left_before(story):
    story.contract("c", on="2024-01-01", cancelled_on="2024-05-10").contract("c", on="2024-09-01")

    assert left(story, "c", "2025-01-01") == "2024-05-10"


def test_a_cancellation_told_ahead_counts_when_it_takes_effect(story):
    story.contract("c", on="2024-01-01", ends_on="2024-12-31", cancelled_on="2024-08-01")

    assert left(story, "c", "2024-07-31") is None
    assert left(story, "c", "2024-08-02") == "2024-08-01"


def known(story, customer: str, seen_until: str) -> str:
    events = leavings(contracts(story.history, datetime(2030, 1, 1)), at(seen_until))
    mine = events.known[events.names[events.whose] == customer]
    return str(np.datetime64(int(mine[-1]) + 8 * 3_600_000_000, "us"))[:10]


def test_a_leaving_is_known_once_the_row_that_tells_it_is_on_record(story):
    story.contract("late", on="2024-01-01", cancelled_on="2024-05-10", recorded_at="2024-07-01")
    story.contract("told late", on="2024-01-01", ends_on="2024-03-31", recorded_at="2024-08-01")
    story.contract("in time", on="2024-01-01", cancelled_on="2024-05-10")
    story.contract("missed", on="2024-01-01", ends_on="2024-03-31")

    assert left(story, "late", "2025-01-01") == "2024-05-10"
    assert known(story, "late", "2025-01-01") == "2024-07-01"
    assert known(story, "told late", "2025-01-01") == "2024-08-01"
    assert known(story, "in time", "2025-01-01") == "2024-05-10"
    assert known(story, "missed", "2025-01-01") == "2024-05-01"


def test_without_a_table_there_are_no_events(story):
    story.deal("d")

    assert len(purchases(story.history, datetime(2030, 1, 1)).happened) == 0
    assert contracts(story.history, datetime(2030, 1, 1)) == []


def test_events_in_order_of_time_whatever_the_order_of_telling(story):
    story.order("c", on="2024-03-01").order("b", on="2024-02-01").order("c", on="2024-01-01")

    assert next_purchase(story, "c", "2023-12-01", "2025-01-01") == "2024-01-01"
    assert next_purchase(story, "b", "2024-01-15", "2025-01-01") == "2024-02-01"
