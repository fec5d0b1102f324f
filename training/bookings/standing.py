"""How did sales stand at a moment: what was sold, which deals were open, how were deals created and won?

Everything a simulation of bookings needs of the history, read once for a moment and only from what was on record then.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.bookings.calendar import day_of
from features.bookings.pace import Sales
from features.bookings.pipeline import Pipeline, closes_after, pipeline
from features.calendar import Days
from features.catalog import CATALOG
from features.history import History
from features.open_deals import open_deals
from features.table import build_table

if TYPE_CHECKING:
    import pandas as pd

    from features.definition import Feature

Floats = NDArray[np.float64]
NEEDED = ("deal_age_days", "deal_stage", "deal_amount")


@dataclass(frozen=True)
class Standing:
    """Sales as on record at a moment: the local day, what was sold before, the open deals with their features (row by
    row alike), and of all deals the days of creation and close and whether they were won."""

    day: int
    sold: Sales
    open: Pipeline
    x: "pd.DataFrame"
    created: Days
    closed: Days
    won: NDArray[np.bool_]


def standing(history: History, sold: Sales, features: tuple["Feature", ...], as_of: datetime) -> Standing:
    """Read it for a moment (naive UTC); `sold` may reach further and is cut."""
    moments = open_deals(history, as_of)
    there = pipeline(history, as_of)
    place = {deal: row for row, deal in enumerate(moments.ids.tolist())}
    rows = np.array([place[deal] for deal in there.deal_id.tolist()], np.int64)
    x = frame(history, features, moments).iloc[rows].reset_index(drop=True) if len(moments) else empty(features)
    created, closed, won, _ = closes_after(history, as_of)
    return Standing(day_of(as_of, history.timezone), sold.as_of(as_of), there, x, created, closed, won)


def frame(history: History, features: tuple["Feature", ...], moments: object) -> "pd.DataFrame":
    """Features at moments as the data set of the win model has them: numbers with NaN, texts with None."""
    import pandas as pd

    table = build_table(features, moments, history)  # type: ignore[arg-type]
    x: pd.DataFrame = table.drop_columns(["deal_id", "as_of"]).to_pandas()
    for column in x.columns:
        if not pd.api.types.is_float_dtype(x[column]):
            texts = x[column].astype(object)
            x[column] = texts.where(texts.notna(), None)
    return x


def empty(features: tuple["Feature", ...]) -> "pd.DataFrame":
    """No deals."""
    import pandas as pd

    return pd.DataFrame({feature.name: np.empty(0) for feature in features})


def usable_features(features: tuple["Feature", ...]) -> tuple["Feature", ...]:
    """The features of the catalogue among these: those of a history's own attributes are left to the win model."""
    return tuple(feature for feature in features if feature.name in CATALOG)
