"""Are these features of the model? Names and kinds of values that a caller sends instead of a record."""

from collections.abc import Mapping
from dataclasses import dataclass

from features.catalog import CATALOG, CUSTOMER_CATALOG, LAST, RATE, own
from features.contracts import ATTRIBUTE_PREFIX, TABLES, Kind
from features.definition import Entity, Feature
from features.errors import ForesellError
from features.suggesting import MOST_FAULTS, hint
from features.told_values import shown
from features.verbs import First, Latest
from serving.champion import Row, Words

PREFIXES: Mapping[Entity, tuple[str, ...]] = {
    "deal": (ATTRIBUTE_PREFIX, LAST, RATE),
    "customer": (f"customer_{ATTRIBUTE_PREFIX}",),
}
"""How the names of features begin that are made for what a company alone has."""
NUMERIC = frozenset(
    column.name
    for table in TABLES.values()
    for column in table.columns
    if column.kind in (Kind.MONEY, Kind.NUMBER, Kind.SHARE)
)
"""Columns of the contract that are numbers."""
NUMBER = ":number"
"""Ends the column of an attribute that is read as a number."""


@dataclass(frozen=True)
class FeaturesRead:
    """What one bundle makes of features that a caller sends.

    `names` are those it looks at, `offered` all that this release computes for its kind; `numbers` and `texts` are
    those of which it is certain what they are.
    """

    entity: Entity
    names: frozenset[str]
    offered: frozenset[str]
    numbers: frozenset[str]
    texts: frozenset[str]

    @staticmethod
    def of(features: tuple[Feature, ...], words: Words) -> "FeaturesRead":
        """Of a bundle with these features, of which some are texts with known words."""
        entity: Entity = features[0].entity if features else "deal"
        catalog = CATALOG if entity == "deal" else CUSTOMER_CATALOG
        names = frozenset(feature.name for feature in features)
        offered = frozenset(catalog) | _own(entity) | names
        texts = frozenset(words) & names
        numbers = frozenset(feature.name for feature in features if _is_number(feature)) - texts
        return FeaturesRead(entity, names, offered, numbers, texts)

    def look(self, given: Row) -> tuple[list[tuple[str, str]], tuple[str, ...], tuple[str, ...]]:
        """Faults (name and message), names that the model does not look at, and names that are not given."""
        faults: list[tuple[str, str]] = []
        unused: list[str] = []
        keys = given.keys()
        if not keys <= self.names:
            for name in keys - self.names:
                if name.startswith(PREFIXES[self.entity]):
                    unused.append(name[:100])
                elif name not in self.offered and len(faults) < MOST_FAULTS:
                    faults.append((shown(name), f"is no feature. {hint(shown(name), sorted(self.offered))}"))
        for name in self.texts & keys:
            if type(given[name]) is float:
                faults.append((name, "is a text; write it in quotes, not as a number"))
        texts = [name for name, value in given.items() if type(value) is str]
        if not self.numbers.isdisjoint(texts):
            faults += [(name, "is a number, not a text") for name in texts if name in self.numbers]
        absent = () if self.names <= keys else tuple(sorted(self.names - keys))
        return faults, tuple(sorted(unused)), absent


def _is_number(feature: Feature) -> bool:
    """Whether a feature can be nothing but a number; what is latest or first may be a text."""
    if isinstance(feature.verb, Latest | First):
        return feature.verb.column.endswith(NUMBER) or feature.verb.column in NUMERIC
    return True


def _own(entity: Entity) -> frozenset[str]:
    try:
        return frozenset(feature.name for feature in own(entity))
    except ForesellError:
        return frozenset()
