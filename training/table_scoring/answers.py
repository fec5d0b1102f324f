"""How are scores laid out as a table? The columns that `predict` writes, from whole columns of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from training.table_scoring.churns import ChurnNumbers
from training.table_scoring.local_days import days_after, written
from training.table_scoring.wins import WinNumbers

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def win_answers(
    ids: pa.Array,
    at: Ints,
    numbers: WinNumbers,
    reasons: Sequence[str] | None,
    horizons: Sequence[float],
    version: str,
    zone: ZoneInfo,
) -> pa.Table:
    """One row for each deal; `at` are the moments of the rows in microseconds. Without `reasons` they are left out."""
    columns = {"deal_id": ids, "as_of": written(at, zone), "win_probability": floats(numbers.probability)}
    columns |= {"low": floats(numbers.low), "high": floats(numbers.high)}
    for place, days in enumerate(horizons):
        name = f"p_win_by_{days:.15g}d"
        columns[name] = floats(numbers.by_days[:, place])
        columns[f"{name}_low"] = floats(numbers.low_by[:, place])
        columns[f"{name}_high"] = floats(numbers.high_by[:, place])
    columns["expected_close_on"] = days_after(at, numbers.close_after_days, zone)
    columns["expected_amount"] = floats(numbers.amount)
    return _finished(columns, reasons, version)


def churn_answers(
    ids: pa.Array,
    at: Ints,
    numbers: ChurnNumbers,
    reasons: Sequence[str] | None,
    horizons: Sequence[float],
    version: str,
    zone: ZoneInfo,
) -> pa.Table:
    """The same for customers."""
    columns = {"customer_id": ids, "as_of": written(at, zone), "churn_probability": floats(numbers.probability)}
    columns |= {"low": floats(numbers.low), "high": floats(numbers.high)}
    for place, days in enumerate(horizons):
        columns[f"p_churn_by_{days:.15g}d"] = floats(numbers.by_days[:, place])
    columns["expected_orders"] = floats(numbers.orders)
    columns["value_at_risk"] = floats(numbers.value_at_risk)
    return _finished(columns, reasons, version)


def floats(values: Floats) -> pa.Array:
    """Numbers, null where missing."""
    return pa.array(values, pa.float64(), mask=np.isnan(values))


def _finished(columns: dict[str, pa.Array], reasons: Sequence[str] | None, version: str) -> pa.Table:
    rows = len(columns["low"])
    if reasons is not None:
        columns["reasons"] = pa.array(reasons, pa.string())
    columns["model_version"] = pa.repeat(pa.scalar(version, pa.string()), rows)
    return pa.table(columns)
