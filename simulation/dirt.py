"""How are the tables soiled, as people soil them, and how often?

Which rows are hit follows from each row's own number, so dirt does not depend on chunks either. Rows that
break the contract are extra ones (a deal typed in a second time, wrongly): without them nothing is lost.
"""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulation.calendar import SECOND, build_calendar
from simulation.chance import Flags, Floats, Ints, below, streams, uniform
from simulation.company import CompanySettings
from simulation.deals import SOURCES
from simulation.life import second_of_change
from simulation.rows import created_at
from simulation.story import Story
from simulation.tables import days, moments, money, named

_MOST_BROKEN = 0.002


def deals_without_amount(settings: CompanySettings, number: Ints) -> Flags:
    """The deals whose amount nobody ever typed."""
    return _hit(settings, "amount missing", number, settings.dirt)


def soiled_deals(settings: CompanySettings, story: Story, table: pa.Table) -> tuple[pa.Table, Counter[str]]:
    """The table `deals` with its dirt, and how many rows have each kind of it."""
    number = story.deals.number
    no_amount = deals_without_amount(settings, number)
    no_customer = _hit(settings, "customer missing", number, settings.dirt)
    blank = _hit(settings, "blanks", number, settings.dirt)
    table = _nulled(table, "amount", no_amount)
    table = _nulled(table, "customer_id", no_customer)
    table = _noisy(table, "source", blank, number)
    corrected = _hit(settings, "corrected", number, settings.dirt / 2)
    backwards, unknown = _broken_turns(settings, number)
    counts = Counter(
        {
            "amount missing": int(no_amount.sum()),
            "customer missing": int(no_customer.sum()),
            "blanks and case": int(blank.sum()),
            "corrected later": int(corrected.sum()),
            "closed before created": int(backwards.sum()),
            "unknown status": int(unknown.sum()),
        }
    )
    table = table.append_column("recorded_at", _corrected_at(settings, story, corrected))
    extra = [_first_versions(settings, story, table, corrected), *_broken(story, table, backwards, unknown)]
    whole = pa.concat_tables([table, *extra])
    order = np.concatenate([number * 4 + 1, *(number[hit] * 4 + place for hit, place in (
        (corrected, 0), (backwards, 2), (unknown, 2)))])  # fmt: skip
    return whole.take(pa.array(np.argsort(order, kind="stable"))), counts


def soiled_customers(settings: CompanySettings, number: Ints, table: pa.Table) -> tuple[pa.Table, Counter[str]]:
    """The table `customers` with its dirt."""
    blank = _hit(settings, "customer blanks", number, settings.dirt)
    return _noisy(table, "industry", blank, number), Counter({"blanks and case": int(blank.sum())})


def _hit(settings: CompanySettings, kind: str, number: Ints, share: float) -> Flags:
    return np.asarray(uniform(streams(settings.seed, f"dirt: {kind}", number), 0) < share)


def _broken_turns(settings: CompanySettings, number: Ints) -> tuple[Flags, Flags]:
    """Every so many deals one row breaks the contract, in one way and then in the other."""
    if settings.dirt == 0:
        nobody = np.zeros(number.size, dtype=np.bool_)
        return nobody, nobody
    period = round(1 / min(settings.dirt / 10, _MOST_BROKEN))
    broken = number % period == period // 4
    second_way = (number // period) % 2 == 1
    return broken & ~second_way, broken & second_way


def _nulled(table: pa.Table, column: str, hit: Flags) -> pa.Table:
    return _replaced(table, column, pc.if_else(pa.array(hit), None, table[column]))


def _noisy(table: pa.Table, column: str, hit: Flags, number: Ints) -> pa.Table:
    """Trailing blanks on two of three, capitals on the third."""
    loud = pc.utf8_upper(table[column])
    blank = pc.binary_join_element_wise(table[column], "  ", "")
    noisy = pc.if_else(pa.array(number % 3 == 0), loud, blank)
    return _replaced(table, column, pc.if_else(pa.array(hit), noisy, table[column]))


def _replaced(table: pa.Table, column: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(column), column, values)


def _corrected_at(settings: CompanySettings, story: Story, corrected: Flags) -> pa.Array:
    """When the last version of a corrected deal was recorded: within days, and not after it closed."""
    calendar, deals = build_calendar(settings), story.deals
    created = created_at(deals, calendar)
    every = np.arange(deals.number.size)
    day = np.maximum(story.closed_day, 0)
    closed = calendar.moment(day, second_of_change(deals, every, day))
    latest = np.where(story.closed_day >= 0, closed, calendar.midnight[story.end] - SECOND)
    share: Floats = uniform(streams(settings.seed, "dirt: corrected", deals.number), 1)
    wished = created + (share * 6 * 86_400).astype(np.int64) * SECOND
    return moments(np.minimum(np.maximum(wished, created + SECOND), latest), corrected)


def _first_versions(settings: CompanySettings, story: Story, table: pa.Table, corrected: Flags) -> pa.Table:
    """The corrected deals as they stood on their first day, with another source."""
    at = np.flatnonzero(corrected)
    rows = table.take(pa.array(at))
    deals = story.deals
    other = (deals.source[at] + 1 + below(uniform(deals.life[at], 9), len(SOURCES) - 1)) % len(SOURCES)
    epoch = build_calendar(settings).epoch_day[0]
    first = {
        "source": named(SOURCES, other),
        "stage": pc.if_else(pa.array(deals.stage[at] == 1), "Qualified", "Prospecting"),
        "status": pa.repeat(pa.scalar("open"), at.size),
        "closed_at": pa.nulls(at.size, pa.timestamp("us")),
        "lost_reason": pa.nulls(at.size, pa.string()),
        "expected_close_on": days(epoch + story.first_date[at]),
        "amount": pc.if_else(pc.is_null(rows["amount"]), None, money(deals.amount[at])),
        "forecast_category": pa.repeat(pa.scalar("pipeline"), at.size),
        "recorded_at": pa.nulls(at.size, pa.timestamp("us")),
    }
    for column, values in first.items():
        rows = _replaced(rows, column, values)
    return rows


def _broken(story: Story, table: pa.Table, backwards: Flags, unknown: Flags) -> tuple[pa.Table, pa.Table]:
    """Copies under an identifier of their own: one closes before it was created, one has no such status."""
    early = _copies(table, backwards)
    before = pc.subtract(early["created_at"], pa.scalar(86_400 * SECOND, pa.duration("us")))
    early = _replaced(_replaced(early, "closed_at", before), "status", pa.repeat(pa.scalar("lost"), len(early)))
    odd = _copies(table, unknown)
    return early, _replaced(odd, "status", pa.repeat(pa.scalar("pending"), len(odd)))


def _copies(table: pa.Table, hit: Flags) -> pa.Table:
    rows = table.filter(pa.array(hit))
    return _replaced(rows, "deal_id", pc.binary_join_element_wise(rows["deal_id"], "X", ""))
