"""A trained company's bundles: one whose level follows outcomes, one without a curve; and its feature table."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from features.as_of import micros
from features.catalog import offered
from features.definition import Feature
from features.feature_building import build
from features.history import History
from training.bundle import Bundle
from training.curve.level import Level
from training.event_curve import EventCurve
from training.recipe import known_dataset
from training.win_curve import WinCurve

NEEDED = ("deal_age_days", "deal_stage", "deal_amount", "product", "month")


def some_features(history: History, until: datetime) -> tuple[Feature, ...]:
    """What a bundle looks at by itself, and every fifth feature there is."""
    found = offered(history, until).features
    return tuple(each for place, each in enumerate(found) if place % 5 == 0 or each.name in NEEDED)


@pytest.fixture(scope="module")
def as_of(company) -> datetime:
    """Some days before the end of the history."""
    return company.end - timedelta(days=20, hours=5)


@pytest.fixture(scope="session")
def curve(company) -> EventCurve:
    """What was learned by some months before."""
    until = company.end - timedelta(days=150)
    dataset = known_dataset(company.history, some_features(company.history, until), until)
    return WinCurve([30.0, 90.0], (30, {"num_leaves": 5, "min_data_in_leaf": 20})).fit(dataset).curve


@pytest.fixture(scope="session")
def rates(company, candidate) -> Bundle:
    """A bundle without a curve, taken to have learned until then."""
    return replace(candidate.bundle, until=company.end - timedelta(days=150))


@pytest.fixture(scope="session")
def steady(rates, company, curve) -> Bundle:
    """A bundle of a curve whose level stays."""
    return replace(rates, features=some_features(company.history, rates.until), estimate=_estimate(curve))


@pytest.fixture(scope="session")
def following(steady, curve) -> Bundle:
    """The same with a level, which outcomes move."""
    moved = copy(curve)
    moved.level = Level(-8.0, 20.0, micros(steady.until))
    moved.outcome = replace(moved.outcome, level=moved.level.shift)
    return replace(steady, estimate=_estimate(moved))


def _estimate(curve: EventCurve) -> WinCurve:
    found = WinCurve()
    found.curve = curve
    return found


@pytest.fixture(scope="module")
def features(company, as_of, tmp_path_factory) -> Callable[[str], Path]:
    """The company's feature table as of the moment, as a file of some format."""
    folder = tmp_path_factory.mktemp("features")

    def table(ending: str = ".parquet") -> Path:
        path: Path = folder / f"deals{ending}"
        if not path.exists():
            build(company.history, "deal", [as_of], path)
        return path

    return table
