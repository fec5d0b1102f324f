"""Which features of deals does a stored model look at? Those of the catalogue, and those of a company's own columns."""

from collections.abc import Mapping
from typing import cast

from features.catalog import CATALOG, LAST, RATE, activity_feature, attribute_feature, attribute_rate
from features.contracts import ATTRIBUTE_PREFIX
from features.definition import Feature

OF_ATTRIBUTES = (ATTRIBUTE_PREFIX, LAST, RATE)
"""Begin the names of features that are made for attributes and types of activity."""


def there_is(entry: Mapping[str, object]) -> bool:
    """Whether this release has the feature; one that is gone changes the fingerprint."""
    return "number" in entry or "own" in entry or entry["name"] in CATALOG or str(entry["name"]).startswith(LAST)


def feature_of(entry: Mapping[str, object]) -> Feature:
    """The feature that an entry of a bundle tells of."""
    name = cast(str, entry["name"])
    if name.startswith(LAST) and name not in CATALOG:
        return activity_feature(name.removeprefix(LAST))
    if name.startswith(RATE) and name not in CATALOG:
        return attribute_rate(name.removeprefix(RATE))
    if "number" in entry:
        return attribute_feature(name.removeprefix(ATTRIBUTE_PREFIX), bool(entry["number"]))
    return CATALOG[name]
