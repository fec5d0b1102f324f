"""Is a seller where the number asks to be by now? What is booked, and left to do, by the calendar."""

from dataclasses import dataclass

import numpy as np

from serving.decisions.quotas.money import Floats
from serving.decisions.quotas.question import BadQuestion
from serving.decisions.quotas.words import Pair, money, percent, say
from serving.language import Language

LINE: Pair = (
    "{0} of {1} booked ({2}); by now it should be {3}: {4}. {5}",
    "已完成 {0}，定额 {1}（{2}）；按进度应为 {3}，{4}。{5}",
)
AHEAD: Pair = ("{0} ahead", "超前 {0}")
BEHIND: Pair = ("{0} behind", "落后 {0}")
ON: Pair = ("right on pace", "正好持平")
MADE: Pair = ("The number is made.", "定额已完成。")
OVER: Pair = ("The period is over, {0} short.", "本期已结束，尚差 {0}。")
LEFT: Pair = (
    "{0} are left: {1} per working day, {2} of the planned rate.", "剩余 {0}：平均每个工作日 {1}，为计划节奏的 {2}。",
)  # fmt: skip
DAYS: Pair = ("{0} working days", "{0} 个工作日")
DAY: Pair = ("1 working day", "1 个工作日")


@dataclass(frozen=True)
class Pace:
    """Where a number stands, in minor units. `elapsed` is the share of the period's weight that is over.

    `a_day` is what each working day left must bring, `effort` that over what the plan asks of the days left
    (1: as planned); both None when nothing is left to do or no day to do it.
    """

    quota: int
    booked: int
    due: int
    elapsed: float
    days_left: int
    a_day: int | None
    effort: float | None

    @property
    def ahead(self) -> int:
        """Minor units ahead of pace, below 0 behind."""
        return self.booked - self.due


def pace(quota: int, booked: int, weights: Floats, days_over: int) -> Pace:
    """When the first `days_over` days are over; `weights` by day of the period (`calendar_split.day_weights`)."""
    total = float(weights.sum())
    if total <= 0 or not 0 <= days_over <= len(weights):
        raise BadQuestion("days_over", f"{days_over} of {len(weights)} days", "give a day of the period")
    elapsed = float(weights[:days_over].sum()) / total
    left = weights[days_over:]
    days_left, todo = int((left > left.max(initial=0.0) * 1e-3).sum()), max(quota - booked, 0)
    rest = quota * float(left.sum()) / total
    return Pace(
        quota=quota,
        booked=booked,
        due=int(np.rint(quota * elapsed)),
        elapsed=elapsed,
        days_left=days_left,
        a_day=-(-todo // days_left) if todo and days_left else None,
        effort=todo / rest if todo and days_left and rest > 0 else None,
    )


def told(one: Pace, currency: str, language: Language) -> str:
    """Pace in one or two sentences."""
    gap = money(abs(one.ahead), currency, language)
    where = say(ON if one.ahead == 0 else AHEAD if one.ahead > 0 else BEHIND, language, gap)
    if one.booked >= one.quota:
        rest = say(MADE, language)
    elif one.a_day is None or one.effort is None:
        rest = say(OVER, language, money(one.quota - one.booked, currency, language))
    else:
        days = say(DAY if one.days_left == 1 else DAYS, language, one.days_left)
        rest = say(LEFT, language, days, money(one.a_day, currency, language), percent(one.effort, language))
    attained = percent(one.booked / one.quota, language) if one.quota else "–"
    return say(
        LINE, language, money(one.booked, currency, language), money(one.quota, currency, language), attained,
        money(one.due, currency, language), where, rest,
    )  # fmt: skip
