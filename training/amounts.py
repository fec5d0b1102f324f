"""What will a deal be worth when it is won? Amounts shrink on the way; how much is learned from won deals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

import numpy as np

from features.as_of import micros
from features.history import History
from features.stream_sql import in_base_currency, known_since

if TYPE_CHECKING:
    from training.dataset import Dataset

STRENGTH = 20.0
"""A product's mean amount is drawn toward everyone's as by so many won deals."""


@dataclass(frozen=True)
class Amounts:
    """Amounts at close in the base currency.

    `kept` is what won deals closed at, over what stood on record at a moment before; None where no
    amount was on record before the close. `mean` and `by_product` serve deals without an amount.
    """

    kept: float | None
    mean: float | None
    by_product: Mapping[str, float]

    def expected(self, amount: float | None, product: str | None) -> float | None:
        """The amount a deal is expected to close at if it is won; None where nothing is known."""
        if amount is not None and self.kept is not None and np.isfinite(amount):
            return amount * self.kept
        return self.by_product.get(product or "", self.mean)

    def to_json(self) -> dict[str, object]:
        """All of it."""
        return {"kept": self.kept, "mean": self.mean, "by_product": dict(self.by_product)}

    @staticmethod
    def from_json(document: Mapping[str, object]) -> "Amounts":
        """What `to_json` wrote."""
        return Amounts(
            cast("float | None", document["kept"]),
            cast("float | None", document["mean"]),
            cast("dict[str, float]", document["by_product"]),
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
    kept = None
    if "deal_amount" in past.x:
        before = past.x["deal_amount"].to_numpy(float)
        both = known & np.isfinite(before) & (before > 0)
        if both.any():
            kept = float((past.weight * final)[both].sum() / (past.weight * before)[both].sum())
    return Amounts(kept, mean, by_product)


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
