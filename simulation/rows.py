"""How does the life of deals look in the CRM: the tables `deals`, `deal_changes` and `stages`?"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simulation.calendar import Calendar, build_calendar
from simulation.chain import STAGES
from simulation.chance import Flags, Floats, Ints, below, normal, uniform
from simulation.company import LONGEST_LIFE, CompanySettings
from simulation.customers import customer_ids
from simulation.deals import COMPETITORS, SOURCES, TYPES, Deals
from simulation.life import second_of_change
from simulation.paperwork import CATEGORIES
from simulation.products import product_ids
from simulation.staff import build_staff, seller_ids
from simulation.story import Changes, Story
from simulation.tables import days, ids, moments, money, named, numbered

PIPELINE = "sales"
_DEFAULTS = (0.1, 0.25, 0.5, 0.7, 1.0, 0.0)
_STATUS = ("open", "won", "lost")
_REASONS = ("price", "competitor", "no decision", "no need", "timing")
_HANDOVER_SECOND = 28_800.0


def deal_ids(number: Ints) -> pa.Array:
    """D0000012."""
    return numbered("D{:07}", number + 1)


def stages() -> pa.Table:
    """The table `stages`."""
    return pa.table(
        {
            "pipeline": pa.array([PIPELINE] * len(STAGES)),
            "stage": pa.array(STAGES),
            "position": pa.array(range(1, len(STAGES) + 1), pa.int64()),
            "default_probability": pa.array(_DEFAULTS),
            "status": pa.array(["open"] * 4 + ["won", "lost"]),
        }
    )


def created_at(deals: Deals, calendar: Calendar) -> Ints:
    """Microseconds of UTC."""
    return calendar.moment(deals.created_day, deals.created_second)


def closed_at(story: Story, calendar: Calendar) -> Ints:
    """Microseconds of UTC; meaningless for open deals."""
    every = np.arange(story.deals.number.size)
    day = np.maximum(story.closed_day, 0)
    return calendar.moment(day, second_of_change(story.deals, every, day))


def deal_table(settings: CompanySettings, story: Story) -> pa.Table:
    """The table `deals`, before any dirt: one row per deal as it stands at the end."""
    deals, calendar = story.deals, build_calendar(settings)
    ended = story.closed_day >= 0
    return pa.table(
        {
            "deal_id": deal_ids(deals.number),
            "customer_id": customer_ids(deals.customer.number),
            "rep_id": seller_ids(story.owner),
            "pipeline": pa.array([PIPELINE] * deals.number.size, pa.string()),
            "stage": named(STAGES, story.stage),
            "status": named(_STATUS, np.maximum(story.stage - 3, 0)),
            "created_at": moments(created_at(deals, calendar)),
            "closed_at": moments(closed_at(story, calendar), ended),
            "expected_close_on": days(calendar.epoch_day[0] + story.date),
            "amount": money(story.amount),
            "currency": named((settings.currency, settings.foreign), deals.foreign.astype(np.int64)),
            "product_id": product_ids(deals.product),
            "source": named(SOURCES, deals.source),
            "type": named(TYPES, deals.type),
            "lost_reason": named(_REASONS, _lost_reason(story), ended & ~story.won),
            "crm_probability": pa.array(_typed_probability(deals)),
            "forecast_category": named(CATEGORIES, story.category),
            "competitor": named(COMPETITORS, np.maximum(deals.competitor, 0), deals.competitor >= 0),
            "budget_confirmed": named(("no", "yes"), deals.budget_confirmed.astype(np.int64)),
        }
    )


def _lost_reason(story: Story) -> Ints:
    deals = story.deals
    reason = below(uniform(deals.life, 4), len(_REASONS))
    rival = (deals.competitor >= 0) & (uniform(deals.life, 5) < 0.5)
    struck = story.closed_day - deals.created_day >= LONGEST_LIFE
    return np.where(struck, 2, np.where(rival, 1, np.where(reason == 1, 3, reason)))


def _typed_probability(deals: Deals) -> Floats:
    """What the seller typed on the first day, in tenths: a hunch, never touched again."""
    hunch = 1 / (1 + np.exp(-(0.6 * deals.quality - 0.3 + 0.9 * normal(deals.life, 8))))
    return np.asarray(np.clip(np.round(hunch, 1), 0.1, 0.9))


def change_table(settings: CompanySettings, story: Story, no_amount: Flags, since: int = 0) -> pa.Table:
    """The table `deal_changes`: first values, then every change, by deal and time.

    `no_amount` marks the deals whose amount nobody ever typed. With `since`, only what happened from that day on, to
    deals created before the story's end.
    """
    calendar = build_calendar(settings)
    epoch = int(calendar.epoch_day[0])
    born = (story.deals.created_day >= since) & (story.deals.created_day < story.end)
    every = np.flatnonzero(born).astype(np.int64)
    with_amount = every[~no_amount[every]]
    amounts = _only(story.amounts, ~no_amount)
    first_owner = build_staff(settings).owner(story.deals.desk, story.deals.created_day)

    def stage(value: Ints) -> pa.Array:
        return named(STAGES, value)

    def amount(value: Ints) -> pa.Array:
        return pa.array(value).cast(pa.string())

    def date(value: Ints) -> pa.Array:
        return days(epoch + value).cast(pa.string())

    def category(value: Ints) -> pa.Array:
        return named(CATEGORIES, value)

    def status(stage: Ints) -> pa.Array:
        return named(_STATUS, np.maximum(stage - 3, 0))

    closes = _only(story.stages, np.ones(no_amount.size, dtype=np.bool_), story.stages[3] >= 4)
    writers = (
        ("stage", story.stages, stage),
        ("amount", amounts, amount),
        ("expected_close_on", story.dates, date),
        ("rep_id", story.handovers, seller_ids),
        ("forecast_category", story.categories, category),
        ("status", closes, status),
    )
    parts = [
        _first(story, calendar, 0, "stage", every, stage(story.deals.stage[every])),
        _first(story, calendar, 1, "amount", with_amount, amount(story.deals.amount[with_amount])),
        _first(story, calendar, 2, "expected_close_on", every, date(story.first_date[every])),
        _first(story, calendar, 3, "rep_id", every, seller_ids(first_owner[every])),
        _first(story, calendar, 4, "forecast_category", every, category(np.zeros_like(every))),
    ]
    for place, (field, whole_life, text) in enumerate(writers):
        changes = _since(whole_life, since)
        parts.append(_later(settings, story, place, field, changes, text(changes[2]), text(changes[3])))
    whole = pa.concat_tables(parts)
    order = np.lexsort([whole[name].to_numpy() for name in ("_field", "_at", "_deal")])
    return whole.take(pa.array(order)).drop_columns(["_field", "_at", "_deal"])


def _since(changes: Changes, day: int) -> Changes:
    late = changes[1] >= day
    return changes if late.all() else (changes[0][late], changes[1][late], changes[2][late], changes[3][late])


def _only(changes: Changes, deals: Flags, rows: Flags | None = None) -> Changes:
    keep = deals[changes[0]] if rows is None else deals[changes[0]] & rows
    return changes[0][keep], changes[1][keep], changes[2][keep], changes[3][keep]


def _first(story: Story, calendar: Calendar, order: int, field: str, deal: Ints, value: pa.Array) -> pa.Table:
    at = created_at(story.deals, calendar)[deal]
    nothing = pa.nulls(deal.size, pa.string())
    return _part(story, order, field, deal, at, nothing, value, nothing)


def _later(
    settings: CompanySettings, story: Story, order: int, field: str, changes: Changes, old: pa.Array, new: pa.Array
) -> pa.Table:
    deal, day = changes[0], changes[1]
    calendar, deals = build_calendar(settings), story.deals
    if field == "rep_id":
        second = np.full(deal.size, _HANDOVER_SECOND)
    elif field in ("expected_close_on", "forecast_category"):
        second = np.floor(32_400 + 34_000 * uniform(deals.life[deal], (1 << 27) + 2 * day + order // 4))
    else:
        second = second_of_change(deals, deal, day)
    by_hand = np.full(deal.size, field != "rep_id")
    owner = build_staff(settings).owner(deals.desk[deal], day)
    changed_by = ids(seller_ids(owner), by_hand)
    return _part(story, order, field, deal, calendar.moment(day, second), old, new, changed_by)


def _part(
    story: Story, order: int, field: str, deal: Ints, at: Ints, old: pa.Array, new: pa.Array, by: pa.Array
) -> pa.Table:
    return pa.table(
        {
            "deal_id": deal_ids(story.deals.number[deal]),
            "field": pa.repeat(pa.scalar(field), deal.size),
            "changed_at": moments(at),
            "old_value": old,
            "new_value": new,
            "changed_by": pc.if_else(pc.is_null(by), pa.scalar("system"), by),
            "_deal": pa.array(deal),
            "_at": pa.array(at),
            "_field": pa.array(np.full(deal.size, order, dtype=np.int64)),
        }
    )
