"""Do pandas and the engine give the same features?"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.feature_engine import in_pandas, ours
from benchmarks.feature_engine.needed import FEATURES

TOLERANCE = 1e-9
"""Relative, and absolute about zero."""


def differing(home: Path, memory_mb: int | None) -> dict[str, int]:
    """The features that differ at some of the moments, and at how many."""
    theirs = in_pandas.features_of(home)
    built = ours.features_of(home, FEATURES, memory_mb).to_pandas()
    if not (theirs["deal_id"].astype(str) == built["deal_id"].astype(str)).all():
        raise SystemExit("the engine answered about other deals, or in another order")
    differs = {name: int((~_same(theirs[name], built[name])).sum()) for name in FEATURES}
    return {name: rows for name, rows in differs.items() if rows}


def _same(theirs: "pd.Series[Any]", built: "pd.Series[Any]") -> "pd.Series[bool]":
    if pd.api.types.is_numeric_dtype(built):
        near = np.isclose(theirs.astype(float), built.astype(float), TOLERANCE, TOLERANCE, equal_nan=True)
        return pd.Series(near, built.index)
    return (theirs.astype(object) == built.astype(object)) | (theirs.isna() & built.isna())
