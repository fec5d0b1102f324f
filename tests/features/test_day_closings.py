"""Deals that close on the day they began, in exports that give the day of the closing without its time."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from features.as_of import Moments, micros
from features.catalog import CATALOGS
from features.history import History
from features.open_deals import deals_created, open_then
from features.table import build_table

TICK = timedelta(microseconds=1)
SHANGHAI = "timezone: Asia/Shanghai\ncurrency: CNY\ntables: {deals: {file: deals.csv}}"
END = datetime(2024, 3, 1, 15, 59, 59, 999999)
"""The last microsecond of 1 March in Shanghai, in UTC."""


def closings(door, row: str):
    door.mapping(SHANGHAI)
    report = door.deals(row)
    found = door.rows("deals", "deal_id, closed_at")
    return report.tables[0].rejected, found[0][1] if found else None


@pytest.mark.parametrize("created", ["2024-03-01", "2024-03-01 14:22:10", "2024-03-01T23:59:00+08:00"])
@pytest.mark.parametrize("closed", ["2024-03-01", "2024-03-01 00:00:00", "2024/3/1"])
def test_a_closing_without_a_time_counts_at_the_end_of_the_day_on_which_the_deal_began(door, created, closed):
    assert closings(door, f"d1,won,{created},{closed},10") == (0, END)


def test_a_closing_on_a_later_day_counts_from_the_beginning_of_that_day(door):
    assert closings(door, "d1,won,2024-02-29,2024-03-01,10") == (0, datetime(2024, 2, 29, 16))


def test_a_closing_with_a_time_stays(door):
    assert closings(door, "d1,won,2024-03-01,2024-03-01 10:00,10") == (0, datetime(2024, 3, 1, 2))


def test_a_closing_on_an_earlier_day_is_still_wrong(door):
    assert closings(door, "d1,won,2024-03-01 08:00,2024-02-29,10") == (1, None)


def test_a_ticket_closed_on_its_day_is_not_set_aside(door):
    door.file("tickets.csv", "ticket_id,customer_id,opened_at,closed_at\nt1,c1,2024-03-01 09:30,2024-03-01\n")
    assert door.imports().tables[0].rejected == 0
    assert door.rows("tickets", "closed_at") == [(datetime(2024, 3, 1, 23, 59, 59, 999999),)]


def test_the_same_file_again_changes_nothing(door):
    door.deals("d1,won,2024-03-01,2024-03-01,10")
    before = door.state()
    assert door.imports().tables[0].same == 1
    assert door.state().items() >= {name: seal for name, seal in before.items() if "deals" in name}.items()


def values_at(history: History, names: list[str], deal: str, at: datetime) -> dict[str, object]:
    wanted = tuple(CATALOGS["deal"][name] for name in names)
    table = build_table(wanted, Moments(np.array([deal], object), np.array([micros(at)], np.int64)), history)
    return {name: table[name][0].as_py() for name in names}


@pytest.fixture
def told(door):
    """d1 was won on its first day, d2 is still open; both have a call and a stage under the bare day."""
    door.file(
        "deal_changes.csv",
        "deal_id,field,changed_at,new_value\nd1,stage,2024-03-01,Signed\nd1,status,2024-03-01,won\n"
        "d2,stage,2024-03-01,Talk\n",
    )
    door.file(
        "activities.csv",
        "activity_id,deal_id,type,happened_at\na1,d1,meeting,2024-03-01\na2,d2,meeting,2024-03-01\n"
        "a3,d1,meeting,2024-03-01 08:00\n",
    )
    door.deals("d1,won,2024-03-01,2024-03-01,10", "d2,open,2024-03-01,,10")
    return History.existing(door.home)


def test_it_is_open_on_that_day_and_closed_afterwards(told):
    ids, since = deals_created(told, datetime(2025, 1, 1))
    assert list(ids) == ["d1", "d2"]
    assert list(open_then(told, Moments(ids, since + 1))) == [True, True]
    assert list(open_then(told, Moments(ids, since + 86_400_000_000))) == [False, True]


def test_what_is_written_under_the_bare_day_of_the_closing_is_not_seen_before_it(told):
    """Seen by mistake, "Signed" and the meeting at which it was signed would tell the first look how the deal ends."""
    names = ["deal_stage", "deal_activities"]
    first = datetime(2024, 3, 1) + TICK
    assert values_at(told, names, "d1", first) == {"deal_stage": None, "deal_activities": 0}
    assert values_at(told, names, "d2", first) == {"deal_stage": "Talk", "deal_activities": 1}
    assert values_at(told, names, "d1", datetime(2024, 3, 1, 12))["deal_activities"] == 1
    assert values_at(told, names, "d1", datetime(2024, 3, 2, 12)) == {"deal_stage": "Signed", "deal_activities": 2}
