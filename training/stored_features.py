"""Which features was a stored model trained on, and does this release define them alike?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from features.catalog import fingerprint, own
from features.definition import Entity, Feature
from features.errors import ForesellError
from features.own_features import OwnFeatureGone, where_it_was_sought
from training.bundle_file import BundleDamaged

Entry = Mapping[str, Any]


class FeaturesChanged(ForesellError):
    problem = "The model in {0} was trained on other feature definitions ({1}) than this release has ({2})."
    fix = "train again with this release: foresell train win."


def entry_of(feature: Feature, catalog: Mapping[str, Feature], of_attributes: tuple[str, ...]) -> dict[str, object]:
    """What a bundle stores of a feature: its name, and of what kind it is where the catalogue does not tell.

    `of_attributes` begin the names of features that are made for a company's own attributes.
    """
    if feature.name in catalog:
        return {"name": feature.name}
    if not feature.name.startswith(of_attributes):
        return {"name": feature.name, "own": True}
    return {"name": feature.name, "number": getattr(feature.verb, "column", "").endswith(":number")}


def features_of(
    stored: Entry,
    entity: Entity,
    there_is: Callable[[Entry], bool],
    feature_of: Callable[[Entry], Feature],
    folder: Path,
) -> tuple[Feature, ...]:
    """The features of a stored bundle of deals or customers.

    Raises BundleDamaged, FeaturesChanged, OwnFeatureGone, and what `catalog.own` raises.
    """
    try:
        entries = stored["features"]
        mine = _own_of([entry["name"] for entry in entries if "own" in entry], entity, folder)
        features = tuple(mine.get(e["name"]) or feature_of(e) for e in entries if there_is(e))
    except (ValueError, KeyError, TypeError) as broken:
        raise BundleDamaged(folder, broken) from broken
    if (now := fingerprint(features)) != stored["fingerprint"]:
        raise FeaturesChanged(folder, stored["fingerprint"], now)
    return features


def _own_of(names: Sequence[str], entity: Entity, folder: Path) -> dict[str, Feature]:
    """The administrator's own features of these names. Raises OwnFeatureGone, and what `catalog.own` raises."""
    found = {feature.name: feature for feature in own(entity)} if names else {}
    if gone := [name for name in names if name not in found]:
        raise OwnFeatureGone(folder, ", ".join(gone), where_it_was_sought())
    return {name: found[name] for name in names}
