"""A rival that looks at open deals is served: what does it say of the company's months, at any later moment?

What the rival learned is kept in plain numbers: by how much each open amount counts, by stage and months ahead, what
else comes, and what it was off by at past moments. From the open deals of a moment these give its figure for each month
and the quantiles about it, as it is judged (`training.rivals.bookings.residual_quantiles`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.bookings.calendar import period_start
from features.bookings.pace import Sales
from features.bookings.pipeline import NO_DAY
from features.calendar import Days
from training.bookings.profile import DayProfile, shares
from training.bookings.rest import QUANTILES
from training.bookings.standing import Standing
from training.bookings.views import Later, usual, view

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Learned:
    """What a rival multiplies open amounts by: the share of each stage (`otherwise` of others) and what else comes, by
    months ahead, the last entry for all later ones. With `categories` only what sellers call so counts."""

    by_stage: tuple[Mapping[str, float], ...] = ({},)
    otherwise: tuple[float, ...] = (1.0,)
    others: tuple[float, ...] = (0.0,)
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class PipelineCall:
    """A rival by name, what it learned, and the quantiles of its past errors [months ahead, 11], beside what the
    company usually sells in a month."""

    name: str
    learned: Learned
    spread: tuple[tuple[float, ...], ...]

    def totals(self, now: Standing, base: Days, profile: DayProfile, draws: int) -> Floats:
        """Sorted draws of the company's months between `base` [months, draws]; of the running one what is left."""
        left = 1.0
        if now.day > base[0]:
            left = float(shares(profile, base[:2], np.array([base[0], now.day, base[1]]))[0, 1])
        mean = self.points(now, base, left)
        spread = np.array([_of(self.spread, month) for month in range(len(mean))])
        spread[0] *= np.sqrt(left)  # days vary by themselves: their variances add up, not their spreads
        quantiles = np.maximum(mean[:, None] + spread * usual_month(now.sold, now.day), 0.0)
        level = (np.arange(draws) + 0.5) / draws
        return np.sort(np.stack([np.interp(level, QUANTILES, row) for row in quantiles]), axis=1)

    def points(self, now: Standing, base: Days, left: float = 1.0) -> Floats:
        """Its figure for each month between `base`, of the open deals and what else comes.

        Shares of the running month were learned on first days: with a share `left` of it still to come, so much of that
        month's figure is expected in it, and the rest of the open worth a month later.
        """
        there, known = now.open, now.sold.amount
        mean = float(known.mean()) if len(known) else 0.0
        amount = np.where(np.isnan(there.amount), mean, there.amount)
        if self.learned.categories:
            called = np.array([plain(one) for one in there.category.tolist()], object)
            amount = np.where(np.isin(called.astype(str), self.learned.categories), amount, 0.0)
        due = np.where(there.expected == NO_DAY, base[0], there.expected)
        month = np.maximum(np.searchsorted(base, due, side="right") - 1, 0)
        stages = there.stage.tolist()
        worth = np.zeros(len(base) - 1)
        for ahead in range(len(worth)):
            share, otherwise = _of(self.learned.by_stage, ahead), _of(self.learned.otherwise, ahead)
            worth[ahead] = sum(
                value * share.get(stages[row], otherwise)
                for row, value in zip(np.flatnonzero(month == ahead).tolist(), amount[month == ahead], strict=True)
            )
        others = np.array([_of(self.learned.others, ahead) for ahead in range(len(worth))])
        worth[1:2] += worth[0] * (1 - left)
        worth[0] *= left
        others[0] *= left
        return np.asarray(worth + others)

    def to_json(self) -> dict[str, object]:
        """All of it."""
        learned = self.learned
        return {
            "name": self.name,
            "by_stage": [dict(one) for one in learned.by_stage],
            "otherwise": list(learned.otherwise),
            "others": list(learned.others),
            "categories": list(learned.categories),
            "spread": [list(row) for row in self.spread],
        }

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "PipelineCall":
        """What `to_json` wrote."""
        parts = (tuple(document[name]) for name in ("by_stage", "otherwise", "others", "categories"))
        return PipelineCall(document["name"], Learned(*parts), tuple(tuple(row) for row in document["spread"]))


def usual_month(sold: Sales, day: int) -> float:
    """What the company sells in a month of the last year before the one of a day, on average."""
    start = int(period_start(np.array([day]), "month")[0])
    if not len(sold) or int(sold.day.min()) >= start:
        return float(np.abs(sold.amount).sum())
    nothing = Later(sold.rows(np.zeros(len(sold), bool)), {})
    return float(usual(view(sold, nothing, {}, start, start, (), "month", 1))[0])


def plain(text: str) -> str:
    """A forecast category as it is compared: `Best Case` and `best_case` are one."""
    return text.lower().replace("_", "").replace(" ", "").replace("-", "")


def _of(part: Sequence[Any], month: int) -> Any:
    return part[min(month, len(part) - 1)]
