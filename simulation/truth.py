"""What was the true probability that a deal would be won, given everything up to a moment?

The law of `chain` is Markov in (stage, mood) once the deal's hidden traits, the calendar and the staffing
plan (who joins and leaves when, settled in advance) are given. So the chance of winning ever is exact by
backward induction over days, and the chance of winning within a horizon by carrying the distribution over
the states forward. Complaints and contacts to come are averaged over. The truth knows what no model can:
mood, quality, pace and skill. It is the best score there is, an upper bound.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simulation.calendar import build_calendar
from simulation.chain import (
    DROPPED,
    OPEN_STATES,
    STAGES,
    WON,
    Chances,
    Contact,
    Today,
    chances,
    usual_contact,
)
from simulation.chance import Flags, Floats, Ints
from simulation.company import LONGEST_LIFE, CompanySettings
from simulation.deals import Deals, born
from simulation.errors import BadCompany
from simulation.life import Moves, closing, live
from simulation.response import harm, touch, usual_strength
from simulation.rows import deal_ids
from simulation.staff import build_staff
from simulation.tables import moments, named

LONGEST_HORIZON = 1000
"""Days; the calendar reaches no further past the end of the history."""

STATES = np.arange(OPEN_STATES, dtype=np.int64)
_STAGE, _MOOD = STATES // 4, STATES % 4
UP = np.where(_STAGE < 3, np.minimum(STATES + 4, OPEN_STATES - 1), STATES)
BACK = np.where(_STAGE > 0, STATES - 4, STATES)
WARMER = np.where(_MOOD < 3, np.minimum(STATES + 1, OPEN_STATES - 1), STATES)
COOLER = np.where(_MOOD > 0, STATES - 1, STATES)
CLOSES = _STAGE == 3


def write_truth(
    settings: CompanySettings,
    folder: Path,
    horizons: tuple[int, ...] = (30, 60, 90),
    every_days: int = 7,
    ages: tuple[int, ...] = (),
    deals: int | None = None,
    chunk: int = 2000,
) -> Path:
    """Write `truth.parquet` into a folder of its own: never beside the tables a model may read.

    Moments are 00:00 of every `every_days`-th day of the history while a deal is open, or, where `ages`
    are given, of these days after the deal's creation (age 0 is the midnight that follows it). `deals`
    asks for the first so many deals only. Columns: deal_id, as_of, age_days, stage, mood, p_win, one
    p_win_by_<h>d per horizon, won and closes_in_days (what became
    of it, past the end of the history too; 0 is the day of the moment itself).
    """
    if every_days < 1:
        raise BadCompany("every_days", every_days, "1 or more")
    if wrong := [days for days in horizons if not 1 <= days <= LONGEST_HORIZON]:
        raise BadCompany("horizons", wrong, f"whole days from 1 to {LONGEST_HORIZON}")
    folder.mkdir(parents=True, exist_ok=True)
    path, writer = folder / "truth.parquet", None
    for table in _truth_tables(settings, horizons, every_days, ages, deals or settings.deals, chunk):
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()
    return path


def _truth_tables(
    settings: CompanySettings,
    horizons: tuple[int, ...],
    every_days: int,
    ages: tuple[int, ...],
    count: int,
    chunk: int,
) -> Iterator[pa.Table]:
    for first in range(0, min(count, settings.deals), chunk):
        deals = born(settings, np.arange(first, min(first + chunk, count, settings.deals), dtype=np.int64))
        if ages:
            deal = np.repeat(np.arange(deals.number.size), len(ages))
            day = deals.created_day[deal] + 1 + np.tile(np.array(ages, dtype=np.int64), deals.number.size)
        else:
            weeks = np.arange(0, settings.days, every_days, dtype=np.int64)
            deal = np.repeat(np.arange(deals.number.size), weeks.size)
            day = np.tile(weeks, deals.number.size)
        seen = (day > deals.created_day[deal]) & (day < settings.days)
        yield true_probabilities(settings, deals, deal[seen], day[seen], horizons)


def true_probabilities(
    settings: CompanySettings,
    deals: Deals,
    deal: Ints,
    day: Ints,
    horizons: tuple[int, ...] = (30, 60, 90),
    contact: Contact = usual_contact,
) -> pa.Table:
    """The truth for pairs of (position among `deals`, day) at 00:00 of the day; closed deals drop out.

    p_win_by_<h>d is the chance of being won before 00:00 of the day h days later. `contact` is the policy
    that sellers follow, before and after the moment. Columns as `write_truth` says.
    """
    moves = Moves()
    live(settings, deals, [moves], int(deals.created_day.max()) + LONGEST_LIFE + 1, contact)
    history = moves.gathered()
    outcome, closed = closing(deals, history)
    open_then = closed[deal] >= day
    deal, day = deal[open_then], day[open_then]
    state = _state_at(deals, history, deal, day)
    ever = _ever(settings, deals, deal, day, state, contact)
    soon = _within(settings, deals, deal, day, state, horizons, contact)
    return pa.table(
        {
            "deal_id": deal_ids(deals.number[deal]),
            "as_of": moments(build_calendar(settings).midnight[day]),
            "age_days": pa.array(day - deals.created_day[deal] - 1),
            "stage": named(STAGES, state // 4),
            "mood": pa.array(state % 4),
            "p_win": pa.array(ever),
            **{f"p_win_by_{days}d": pa.array(soon[days]) for days in horizons},
            "won": pa.array(outcome[deal] == WON),
            "closes_in_days": pa.array(closed[deal] - day),
        }
    )


def _state_at(deals: Deals, history: tuple[Ints, Ints, Ints, Ints], deal: Ints, day: Ints) -> Ints:
    """The state at 00:00 of the day: after the last move of an earlier day."""
    moved_deal, moved_on, _, after = history
    last = np.searchsorted(moved_deal * (1 << 20) + moved_on, deal * (1 << 20) + day, side="left") - 1
    start = 4 * deals.stage[deal] + deals.mood[deal]
    if not moved_deal.size:
        return start
    mine = (last >= 0) & (moved_deal[last] == deal)
    return np.where(mine, after[last], start)


def _day_law(settings: CompanySettings, deals: Deals, deal: Ints | slice, day: Ints | int, contact: Contact) -> Chances:
    """Chances of every state (columns) for these deals (rows) on these days."""
    staff, calendar = build_staff(settings), build_calendar(settings)
    owner = staff.owner(deals.desk[deal], day)
    today = Today(
        day=np.atleast_1d(day)[:, None],
        deal=deals.number[deal][:, None],
        drive=(deals.quality[deal] + staff.effect(owner, day))[:, None],
        pace=deals.pace[deal][:, None],
        receptivity=deals.receptivity[deal][:, None],
        diligence=staff.diligence[owner][:, None],
        push=np.atleast_1d(calendar.push[day])[:, None],
        touch=touch(settings.contact),
        harm=harm(settings.contact),
    )
    weight = usual_strength(settings.contact, STATES)
    return chances(STATES, today, contact(STATES[None, :], today) * weight)


def _ever(settings: CompanySettings, deals: Deals, deal: Ints, day: Ints, state: Ints, contact: Contact) -> Floats:
    """Backward induction: the worth of each state at 00:00 of each day, read where asked."""
    calendar, answer = build_calendar(settings), np.zeros(deal.size)
    worth = np.zeros((deals.number.size, OPEN_STATES))
    upset = deals.customer.complaint_rate[:, None]
    order = np.argsort(day, kind="stable")
    asked = day[order]
    earliest = int(asked[0]) if asked.size else 1 << 30
    for number in range(int(deals.created_day.max()) + LONGEST_LIFE, earliest - 1, -1):
        # A deal is struck off at the end of its last day: on that day it can still be won.
        living = slice(*np.searchsorted(deals.created_day, (number - LONGEST_LIFE, number)))
        now = worth[living]
        if calendar.working[number]:
            odds = _day_law(settings, deals, living, number, contact)
            now = _expected(now, odds)
        worth[living] = now + upset[living] * (now[:, DROPPED] - now)
        here = order[slice(*np.searchsorted(asked, (number, number + 1)))]
        answer[here] = worth[deal[here], state[here]]
    return answer


def _expected(worth: Floats, odds: Chances) -> Floats:
    """The worth before a working day's event of what each state is worth after it; a win is worth 1."""
    gain = odds.advance * (np.where(CLOSES, 1.0, worth[:, UP]) - worth)
    gain -= odds.lose * worth
    gain += odds.back * (worth[:, BACK] - worth)
    gain += odds.warm * (worth[:, WARMER] - worth)
    gain += odds.cool * (worth[:, COOLER] - worth)
    return np.asarray(worth + gain)


def _within(
    settings: CompanySettings,
    deals: Deals,
    deal: Ints,
    day: Ints,
    state: Ints,
    horizons: tuple[int, ...],
    contact: Contact,
) -> dict[int, Floats]:
    """Forward in time: the chance of having been won by each horizon."""
    working = build_calendar(settings).working
    share = np.zeros((deal.size, OPEN_STATES))
    share[np.arange(deal.size), state] = 1.0
    won, answers = np.zeros(deal.size), {}
    upset = deals.customer.complaint_rate[deal][:, None]
    for step in range(max(horizons, default=0)):
        now = day + step
        share = (1 - upset) * share + upset * _moved_mass(share, DROPPED)
        at_work = np.flatnonzero(working[now] & _unexpired(deals, deal, now))
        mine = share[at_work]
        odds = _day_law(settings, deals, deal[at_work], now[at_work], contact)
        won[at_work] += (mine * odds.advance)[:, CLOSES].sum(axis=1)
        share[at_work] = _carried(mine, odds)
        if step + 1 in horizons:
            answers[step + 1] = won.copy()
    return answers


def _unexpired(deals: Deals, deal: Ints, day: Ints) -> Flags:
    return np.asarray(day <= deals.created_day[deal] + LONGEST_LIFE)


def _moved_mass(share: Floats, to: Ints) -> Floats:
    """The mass of each column carried to the column `to` names."""
    carried = np.zeros_like(share)
    for source, target in enumerate(to):
        carried[:, target] += share[:, source]
    return carried


def _carried(share: Floats, odds: Chances) -> Floats:
    """The distribution after a working day's event; what was won or lost is gone from it."""
    result = share * (1 - odds.advance - odds.lose - odds.back - odds.warm - odds.cool)
    result += _moved_mass(np.where(CLOSES, 0.0, share * odds.advance), UP)
    result += _moved_mass(share * odds.back, BACK)
    result += _moved_mass(share * odds.warm, WARMER)
    result += _moved_mass(share * odds.cool, COOLER)
    return result
