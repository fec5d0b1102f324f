"""What do sellers book over many years under any way of setting quotas?

Desks with territories of unequal size are held by sellers of unequal skill who come, learn and leave. Week by week each
seller has chances to sign; how many become deals depends on the effort that the quota calls forth (`effort`). Chances,
sizes, staff and seasons are the same under every planner.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulation.chance import Flags, Floats, Ints, normal, streams, uniform
from simulation.company import CompanySettings
from simulation.effort import MOST_EFFORT, Answers, effort, felt_ratchet, held_back, pulled_forward
from simulation.errors import BadCompany

WEEKS = 13
"""Of a quarter, the period for which quotas are set."""
_QUARTERS = 4
_SLOTS = 4
_MEAN_DEAL, _WIN_RATE = 175_000.0, 0.29
_SPREAD = 0.9
_LEAVES = 0.045
_RAMP_WEEKS = 13.0
_SEASON = np.array([0.92, 1.03, 0.95, 1.10])
_AT_HAND = 4
_LAST = 2


@dataclass(frozen=True)
class Past:
    """What a planner may know at the start of a quarter. Arrays are (quarters so far, desks) or (desks,)."""

    quarter: int
    """The quarter to plan, counted from the first; `quarter % 4` is its place in the year."""
    booked: Floats
    quotas: Floats
    """0 in the quarters before planning began."""
    tenure: Floats
    """Weeks that each desk's seller has been there at the start of the quarter to plan."""
    newcomer: Flags
    """(quarters so far, desks): whether the seller had less than a quarter behind then."""
    potential: Floats
    """What is known of each desk's territory, 1 is usual; right to within about a fifth."""


Planner = Callable[[Past], Floats]
"""Sets the quota of each desk for the quarter, in money."""


@dataclass(frozen=True)
class Years:
    """What came of it: arrays of (quarters, desks), the quarters before planning included."""

    before: int
    """Quarters before planning began."""
    booked: Floats
    quotas: Floats
    effort: Floats
    """Mean over the quarter's weeks."""
    pulled: Floats
    """Money signed in the quarter that belonged to the next."""
    held: Floats
    """Money that waited for the next quarter."""
    lost: Floats
    """Discounts given for pulling forward."""
    ratchet: Floats
    """(quarters,): how much ratchet sellers felt."""

    @property
    def attainment(self) -> Floats:
        """(planned quarters, desks): booked over quota."""
        return np.asarray(self.booked[self.before :] / np.maximum(self.quotas[self.before :], 1e-9))


def run_years(
    settings: CompanySettings, planner: Planner, years: int = 20, before: int = 8, answers: Answers | None = None
) -> Years:
    """Let the company's desks sell for `before` quarters without quotas and `years` years under this planner.

    Size, luck and number of desks follow the settings. Raises BadCompany where a planner's quotas are not one positive
    number for each desk.
    """
    answers = Answers() if answers is None else answers
    force = _Force(settings, before + _QUARTERS * years)
    shape = (force.quarters, settings.desks)
    booked, quotas, efforts, pulled, held, lost = (np.zeros(shape) for _ in range(6))
    ratchet = np.zeros(force.quarters)
    taken: Floats = np.zeros((WEEKS, settings.desks))
    waiting: Floats = np.zeros(settings.desks)
    for quarter in range(force.quarters):
        planned = quarter >= before
        if planned:
            quotas[quarter] = _asked(planner, force, quarter, booked, quotas)
            ratchet[quarter] = felt_ratchet(quotas[before:quarter], booked[before:quarter])
        so_far, coming = waiting.copy(), np.zeros((WEEKS, settings.desks))
        waiting = np.zeros(settings.desks)
        for week in range(WEEKS):
            need = (quotas[quarter] - so_far) / force.rest(quarter, week)
            force_now = np.ones(settings.desks)
            if planned:
                force_now = effort(answers, need, week / WEEKS, ratchet[quarter])
            money = np.maximum(force.signed(quarter, week, force_now) - taken[week], 0.0)
            if planned and week >= WEEKS - _LAST:
                waits = money * held_back(answers, need, ratchet[quarter])
                waiting, money = waiting + waits, money - waits
                held[quarter] += waits
            so_far += money
            efforts[quarter] += force_now / WEEKS
        if planned and quarter + 1 < force.quarters:
            at_hand = np.stack([force.signed(quarter + 1, week, np.ones(settings.desks)) for week in range(_AT_HAND)])
            share = pulled_forward(answers, quotas[quarter] - so_far, at_hand.sum(axis=0))
            coming[:_AT_HAND] = share * at_hand
            lost[quarter] = answers.discount * coming.sum(axis=0)
            pulled[quarter] = coming.sum(axis=0) - lost[quarter]
            so_far += pulled[quarter]
        booked[quarter], taken = so_far, coming
    return Years(before, booked, quotas, efforts, pulled, held, lost, ratchet)


def _asked(planner: Planner, force: "_Force", quarter: int, booked: Floats, quotas: Floats) -> Floats:
    past = Past(
        quarter=quarter,
        booked=booked[:quarter].copy(),
        quotas=quotas[:quarter].copy(),
        tenure=force.tenure[quarter].copy(),
        newcomer=force.tenure[:quarter] < WEEKS,
        potential=force.seen_potential.copy(),
    )
    asked = np.asarray(planner(past), dtype=np.float64)
    if asked.shape != booked[0].shape or not (np.isfinite(asked) & (asked > 0)).all():
        raise BadCompany("quotas", asked, f"one positive number for each of {booked.shape[1]} desks")
    return asked


class _Force:
    """The desks, who holds them when, and what they could sign: the same under every planner."""

    def __init__(self, settings: CompanySettings, quarters: int) -> None:
        self.quarters, self._seed = quarters, settings.seed
        self._desk: Ints = np.arange(settings.desks, dtype=np.int64)
        luck = streams(settings.seed, "territory", self._desk)
        potential = np.exp(0.35 * normal(luck, 0))
        self.seen_potential: Floats = potential * np.exp(0.2 * normal(luck, 1))
        usual = settings.deals / settings.days * 7 / settings.desks * _WIN_RATE
        self._turn, self.tenure = _who_holds(settings, quarters, luck)
        person = streams(settings.seed, "years' seller", self._desk * 1000 + self._turn)
        skill = np.exp(0.25 * normal(person, 0))
        self._rate: Floats = np.minimum(usual * potential * skill, 0.9 * _SLOTS / MOST_EFFORT / _SEASON.max())

    def _chances(self, quarter: int, week: int) -> Floats:
        """Deals that usual effort signs in the week, on average."""
        ramp = 1 - 0.6 * np.exp(-(self.tenure[quarter] + week) / _RAMP_WEEKS)
        return np.asarray(self._rate[quarter] * ramp * _SEASON[quarter % _QUARTERS])

    def rest(self, quarter: int, week: int) -> Floats:
        """What usual effort brings on average from this week to the quarter's end."""
        return np.asarray(sum(self._chances(quarter, later) for later in range(week, WEEKS)) * _MEAN_DEAL)

    def signed(self, quarter: int, week: int, how_hard: Floats) -> Floats:
        """The money that each desk signs in a week at this effort: more effort signs the same deals and others."""
        number = self._desk[:, None] * _SLOTS + np.arange(_SLOTS)
        luck = streams(self._seed, "week", number * 100_000 + quarter * WEEKS + week)
        signs = uniform(luck, 9) < (self._chances(quarter, week) * how_hard / _SLOTS)[:, None]
        size = _MEAN_DEAL * np.exp(_SPREAD * normal(luck, 0) - _SPREAD**2 / 2)
        return np.asarray((signs * size).sum(axis=1))


def _who_holds(settings: CompanySettings, quarters: int, luck: np.typing.NDArray[np.uint64]) -> tuple[Ints, Floats]:
    """(quarters, desks) twice: which of its sellers holds a desk, and for how many weeks by the quarter's start."""
    turn, tenure = np.zeros((quarters, settings.desks), dtype=np.int64), np.zeros((quarters, settings.desks))
    tenure[0] = 300 * uniform(luck, 10)
    for quarter in range(1, quarters):
        leaves = uniform(luck, 100 + quarter) < _LEAVES
        turn[quarter] = turn[quarter - 1] + leaves
        tenure[quarter] = np.where(leaves, 0.0, tenure[quarter - 1] + WEEKS)
    return turn, tenure
