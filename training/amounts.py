"""What will a deal be worth when it is won? Amounts shrink on the way; how much is learned from won deals.

The share that is kept depends on how far a deal has come, how old it is and how large: each group of these has a factor
of its own beside everybody's share, drawn to 1 as by a number of won deals, so that few deals move it little.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from features.as_of import micros
from features.history import History
from features.stream_sql import in_base_currency, known_since

if TYPE_CHECKING:
    from training.dataset import Dataset

STRENGTH = 20.0
"""A product's mean amount is drawn toward everyone's, and a group's factor to 1, as by so many won deals."""
AGES = (7.0, 30.0, 90.0)
"""Ages in days at which the next age band begins."""
NO_FACTORS: Mapping[str, float] = {}
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Amounts:
    """Amounts at close in the base currency.

    `kept` is what won deals closed at, over what stood on record at a moment before; None where no
    amount was on record before the close. `factors` say by how much more or less in a stage, age band or
    size band; `sizes` are the amounts at which a size band begins. `mean` and `by_product` serve deals without
    an amount.
    """

    kept: float | None
    mean: float | None
    by_product: Mapping[str, float]
    factors: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    sizes: tuple[float, ...] = ()

    def expected(
        self, amount: float | None, product: str | None, stage: str | None = None, age_days: float | None = None
    ) -> float | None:
        """The amount a deal is expected to close at if it is won; None where nothing is known."""
        if amount is None or self.kept is None or not math.isfinite(amount):
            return self.by_product.get(product or "", self.mean)
        share, factors = self.kept, self.factors.get
        share *= factors("stage", NO_FACTORS).get(stage or "", 1.0)
        share *= factors("age", NO_FACTORS).get(_band(age_days, AGES), 1.0)
        share *= factors("size", NO_FACTORS).get(_band(amount, self.sizes), 1.0)
        return amount * share

    def to_json(self) -> dict[str, object]:
        """All of it."""
        return {
            "kept": self.kept,
            "mean": self.mean,
            "by_product": dict(self.by_product),
            "factors": {name: dict(groups) for name, groups in self.factors.items()},
            "sizes": list(self.sizes),
        }

    @staticmethod
    def from_json(document: Mapping[str, object]) -> "Amounts":
        """What `to_json` wrote."""
        return Amounts(
            cast("float | None", document["kept"]),
            cast("float | None", document["mean"]),
            cast("dict[str, float]", document["by_product"]),
            cast("dict[str, dict[str, float]]", document["factors"]),
            tuple(cast("list[float]", document["sizes"])),
        )


def fit_amounts(history: History, past: "Dataset", until: datetime) -> Amounts:
    """Learn from the deals won before `until` (naive UTC)."""
    closed = _closing_amounts(history, until)
    won = past.outcome == 1
    final = np.array([closed.get(deal, (np.nan, ""))[0] for deal in past.subject])
    known = won & np.isfinite(final) & (final > 0)
    if not known.any():
        return Amounts(None, None, {})
    first = np.unique(past.subject[known].astype(str), return_index=True)[1]
    values = final[known][first]
    mean = float(values.mean())
    products: dict[str, list[float]] = {}
    for deal, value in zip(past.subject[known][first], values, strict=True):
        products.setdefault(closed[deal][1], []).append(float(value))
    by_product = {
        product: (sum(some) + STRENGTH * mean) / (len(some) + STRENGTH) for product, some in products.items() if product
    }
    if "deal_amount" not in past.x:
        return Amounts(None, mean, by_product)
    before = past.x["deal_amount"].to_numpy(float)
    both = known & np.isfinite(before) & (before > 0)
    if not both.any():
        return Amounts(None, mean, by_product)
    kept = float((past.weight * final)[both].sum() / (past.weight * before)[both].sum())
    sizes = tuple(np.unique(np.quantile(before[both], (1 / 3, 2 / 3))).tolist())
    return Amounts(kept, mean, by_product, _factors(past.rows(both), before[both], final[both], kept, sizes), sizes)


def _factors(
    won: "Dataset", before: Floats, final: Floats, kept: float, sizes: tuple[float, ...]
) -> dict[str, dict[str, float]]:
    """Final over expected amounts in each group, one kind of group after the other, twice (backfitting).

    A deal counts once, however often it was looked at; each moment's expectation is its own.
    """
    nothing: list[float | None] = [None] * len(won)
    stages = won.x["deal_stage"].tolist() if "deal_stage" in won.x else nothing
    ages = won.x["deal_age_days"].tolist() if "deal_age_days" in won.x else nothing
    labels = {
        "stage": [stage if isinstance(stage, str) else "" for stage in stages],
        "age": [_band(age, AGES) for age in ages],
        "size": [_band(amount, sizes) for amount in before.tolist()],
    }
    _, place, looks = np.unique(won.subject.astype(str), return_inverse=True, return_counts=True)
    weight = won.weight / looks[place]
    expected, prior = before * kept, STRENGTH * float(np.average(before, weights=weight)) * kept
    found: dict[str, dict[str, float]] = {name: dict.fromkeys(sorted(set(each)), 1.0) for name, each in labels.items()}
    for _ in range(2):
        for name, groups in found.items():
            group = np.array(labels[name], object)
            for each in groups:
                rows = group == each
                ratio = ((weight * final)[rows].sum() + prior) / ((weight * expected)[rows].sum() + prior)
                groups[each] *= float(ratio)
                expected[rows] *= ratio
    return found


def _band(value: float | None, starts: tuple[float, ...]) -> str:
    """The number of the band a value falls in; nothing where it is missing."""
    return "" if value is None or not math.isfinite(value) else f"{bisect_right(starts, value)}"


def _closing_amounts(history: History, until: datetime) -> dict[str, tuple[float, str]]:
    """Amount (base currency) and product of each deal closed before `until`, as last recorded by then."""
    if "amount" not in history.columns("deals"):
        return {}
    rows = (
        f"SELECT deal_id, product_id, amount, currency, version, {known_since('deals')} AS known, "
        f"greatest(epoch_us(closed_at), 0) AS closed FROM ({history.sql_versions('deals')}) "
        f"WHERE status = 'won' AND closed_at IS NOT NULL"
    )
    # The rate of the closing day, not of the creation.
    rows = (
        f"SELECT * REPLACE (closed AS known) FROM ({rows}) WHERE closed < {micros(until)} AND known < {micros(until)}"
    )
    priced = in_base_currency(history, rows, "try_cast(amount AS DOUBLE)")
    with history.connect() as con:
        found = con.execute(
            f"SELECT deal_id, arg_max(base, version), coalesce(arg_max(product_id, version), '') FROM ({priced}) "
            "WHERE base IS NOT NULL GROUP BY deal_id ORDER BY deal_id"
        ).fetchall()
    return {deal: (float(base), product) for deal, base, product in found}
