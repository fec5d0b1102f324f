"""Deals with a known truth, as a dataset: several moments each, categories, gaps, deals not yet decided."""

import json
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from features.kernel import MISSING
from training.dataset import Dataset
from training.rivals import Rival, from_json

DAY_ONE = np.datetime64("2024-01-01", "us")
END = int(np.datetime64("2027-06-01", "us").astype(np.int64))
STAGES = ("New", "Talks", "Offer")


def make_past(deals: int = 400, seed: int = 1) -> Dataset:
    """Deals with one to three moments; a tenth is undecided."""
    random = np.random.default_rng(seed)
    sign = random.normal(size=deals)
    region = random.choice(["north", "south", "east", "far away"], deals, p=[0.5, 0.3, 0.18, 0.02])
    odds = 2.0 * np.abs(sign) - 1.6 + 0.8 * (region == "north")
    won = (random.random(deals) < 1 / (1 + np.exp(-odds))).astype(float)
    undecided = random.random(deals) < 0.1
    moments = random.integers(1, 4, deals)
    deal = np.repeat(np.arange(deals), moments)
    step = np.concatenate([np.arange(count) for count in moments])
    start = np.sort(random.integers(0, 900, deals))
    rows = len(deal)
    gap = random.random(rows) < 0.15
    x = pd.DataFrame(
        {
            "sign": np.where(gap, np.nan, sign[deal] + random.normal(0, 0.1, rows)),
            "amount": np.exp(random.normal(8, 2, deals))[deal],
            "always_one": 1.0,
            "region": np.where(random.random(rows) < 0.1, None, region[deal].astype(object)),
            "deal_stage": np.array(STAGES, dtype=object)[step],
            "deal_pipeline": np.array(["new business", "renewal"], dtype=object)[deal % 2],
            "team": np.array(["red", "blue", None], dtype=object)[deal % 3],
            "deal_crm_probability": np.where(gap, np.nan, (10 + 30 * step) / 100),
        }
    )
    known = ~undecided[deal]
    return Dataset(
        x=x,
        outcome=np.where(known, won[deal], np.nan),
        decided_after=np.where(known, 30.0, np.nan),
        followed_for=np.full(rows, 400.0),
        weight=np.where(known, random.uniform(0.8, 1.6, rows), 0.0),
        subject=np.array([f"d{one}" for one in deal], dtype=object),
        as_of=(as_of := DAY_ONE + (start[deal] + 7 * step).astype("timedelta64[D]")),
        age=7.0 * step,
        closed_known=np.where(known, (as_of + np.timedelta64(30, "D")).astype(np.int64), MISSING),
        seen_until=END,
    )


@pytest.fixture(scope="session")
def past() -> Dataset:
    return make_past()


@pytest.fixture(scope="session")
def later() -> Dataset:
    return make_past(deals=150, seed=2)


@pytest.fixture(scope="session")
def deals() -> Callable[..., Dataset]:
    """A maker of tiny histories: one tuple (deal_id, won, columns) per moment, in order of time."""

    def make(*moments: tuple[str, float, dict[str, object]], weight: list[float] | None = None) -> Dataset:
        won = np.array([moment[1] for moment in moments], dtype=float)
        rows = len(moments)
        weights = np.ones(rows) if weight is None else np.array(weight)
        return Dataset(
            x=pd.DataFrame([moment[2] for moment in moments]),
            outcome=won,
            decided_after=np.where(np.isnan(won), np.nan, 10.0),
            followed_for=np.full(rows, 100.0),
            weight=np.where(np.isnan(won), 0.0, weights),
            subject=np.array([moment[0] for moment in moments], dtype=object),
            as_of=(as_of := DAY_ONE + np.arange(rows).astype("timedelta64[D]")),
            age=np.zeros(rows),
            closed_known=np.where(np.isnan(won), MISSING, (as_of + np.timedelta64(10, "D")).astype(np.int64)),
            seen_until=END,
        )

    return make


@pytest.fixture(scope="session")
def again() -> Callable[[Rival], Rival]:
    """A rival written to JSON text and read back."""
    return lambda rival: from_json(json.loads(json.dumps(rival.to_json())))
