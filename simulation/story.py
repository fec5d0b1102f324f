"""What became of some deals by the end of the history, field by field?"""

from dataclasses import dataclass

import numpy as np

from simulation.activities import Talks
from simulation.calendar import build_calendar
from simulation.chain import LOST, WON
from simulation.chance import Flags, Floats, Ints, Keys, uniform
from simulation.company import CompanySettings
from simulation.deals import Deals, born, to_hundreds
from simulation.life import Moves, closing, live
from simulation.paperwork import Paperwork
from simulation.staff import Staff, build_staff

Changes = tuple[Ints, Ints, Ints, Ints]
"""(position of the deal, day, old value, new value), by deal and then by day."""

WON_STAGE, LOST_STAGE = 4, 5
_PRICE = 1 << 25
_HAPPENS = np.array([0.0, 0.1, 0.5, 0.55, 0.35, 0.0])
"""By stage: the chance that the amount changes when a deal comes there, and below by how much in logarithms."""
_DRIFT = np.array([0.0, 0.0, -0.03, -0.07, -0.06, 0.0])
_SPREAD = np.array([0.0, 0.2, 0.22, 0.1, 0.03, 0.0])


@dataclass(frozen=True)
class Story:
    """The lives of some deals as the CRM saw them."""

    deals: Deals
    outcome: Ints
    """chain.WON, chain.LOST or -1 for open."""
    closed_day: Ints
    """-1 for open."""
    stages: Changes
    amounts: Changes
    dates: Changes
    categories: Changes
    handovers: Changes
    first_date: Ints
    stage: Ints
    amount: Ints
    date: Ints
    category: Ints
    owner: Ints
    """Where the five fields stand at the end."""
    talks: Talks
    end: int
    """The day at whose 00:00 the story stops."""

    @property
    def won(self) -> Flags:
        """Which deals were won."""
        return np.asarray(self.outcome == WON)


def tell(settings: CompanySettings, number: Ints, end: int | None = None) -> Story:
    """Let the deals of these numbers (rising) live until 00:00 of the day `end`: by default the history's end."""
    deals, staff, calendar = born(settings, number), build_staff(settings), build_calendar(settings)
    moves, paper, talks = Moves(), Paperwork(deals, staff, calendar), Talks(deals)
    end = settings.days if end is None else end
    live(settings, deals, [moves, paper, talks], end)
    return retold(settings, deals, moves, paper, talks, end)


def retold(settings: CompanySettings, deals: Deals, moves: Moves, paper: Paperwork, talks: Talks, end: int) -> Story:
    """The story that these witnesses of the days before `end` can tell of the deals."""
    staff, history = build_staff(settings), moves.gathered()
    outcome, closed = closing(deals, history)
    last_day = np.where(closed >= 0, closed, end - 1)
    stages = _stage_changes(history)
    amounts = _amounts(deals, stages)
    return Story(
        deals=deals,
        outcome=outcome,
        closed_day=closed,
        stages=stages,
        amounts=amounts,
        dates=paper.slips(),
        categories=paper.calls(),
        handovers=_handovers(deals, staff, last_day),
        first_date=paper.first_expected,
        stage=_latest(deals.stage, stages),
        amount=_latest(deals.amount, amounts),
        date=paper.expected,
        category=paper.category,
        owner=staff.owner(deals.desk, last_day),
        talks=talks,
        end=end,
    )


def amounts_by_now(deals: Deals, moves: Moves) -> Ints:
    """What each deal is worth after these moves, in whole units of its own currency."""
    return _latest(deals.amount, _amounts(deals, _stage_changes(moves.gathered())))


def _stage_changes(history: Changes) -> Changes:
    deal, day, before, after = history
    stage = np.where(after == WON, WON_STAGE, np.where(after == LOST, LOST_STAGE, after // 4))
    changed = stage != before // 4
    return deal[changed], day[changed], before[changed] // 4, stage[changed]


def _amounts(deals: Deals, stages: Changes) -> Changes:
    """Amounts drift when a proposal is written, shrink in negotiation and at the signature."""
    deal, day, _, to = stages
    keys = deals.life[deal]
    noise = _per_day_normal(keys, day)
    happens = uniform(keys, _PRICE + day) < _HAPPENS[to]
    drift = _DRIFT[to]
    spread = _SPREAD[to]
    # In whole billionths: exact sums, so that a deal's amounts do not depend on its neighbours.
    step = np.where(happens, np.round((drift + spread * noise) * 1e9), 0).astype(np.int64)
    first = np.searchsorted(deal, deal, side="left")
    total = np.cumsum(step)
    since_birth = (total - (total - step)[first]) * 1e-9
    drifted = to_hundreds(np.asarray(deals.amount[deal] * np.exp(since_birth)))
    value = np.where(since_birth == 0, deals.amount[deal], drifted)
    previous = np.where(np.arange(deal.size) == first, deals.amount[deal], np.roll(value, 1))
    changed = happens & (value != previous)
    return deal[changed], day[changed], previous[changed], value[changed]


def mean_factor_of_amount() -> Floats:
    """For each stage, by what a deal's amount is multiplied on average when it comes there."""
    half = np.maximum(_SPREAD / 2, 1e-9)
    # The noise is the sum of 12 uniforms less 6, so the mean of exp(s * noise) is (sinh(s/2) / (s/2)) ** 12.
    return np.asarray(1 + _HAPPENS * (np.exp(_DRIFT) * (np.sinh(half) / half) ** 12 - 1))


def _per_day_normal(keys: Keys, day: Ints) -> Floats:
    """Nearly a standard normal of each deal and day: the sum of 12 uniforms less 6, never beyond 6."""
    total = np.full(day.size, -6.0)
    for part in range(12):
        total += uniform(keys, 2 * _PRICE + 16 * day + part)
    return total


def _handovers(deals: Deals, staff: Staff, last_day: Ints) -> Changes:
    """The days on which a deal passed from a leaver to the successor."""
    found: list[Changes] = []
    position = np.arange(deals.number.size, dtype=np.int64)
    seller = staff.owner(deals.desk, deals.created_day)
    while True:
        leaves = staff.left[seller] <= last_day[position]
        position, seller = position[leaves], seller[leaves]
        if not position.size:
            break
        found.append((position, staff.left[seller], seller, seller + 1))
        seller = seller + 1
    if not found:
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing, nothing, nothing
    deal, day, old, new = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((day, deal))
    return deal[order], day[order], old[order], new[order]


def _latest(start: Ints, changes: Changes) -> Ints:
    value = start.copy()
    # Changes come in order of time, and the last assignment to a position stands.
    value[changes[0]] = changes[3]
    return value
