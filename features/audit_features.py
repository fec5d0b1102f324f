"""Does a feature, as a model would see it, tell what became of the deal?

Columns are tested one by one elsewhere. Here every feature that is left is computed as it was at two moments of
closed deals, whatever it is made of: features of one's own are tested as those of the catalogue are.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.as_of import Moments
from features.audit_columns import Deals
from features.audit_report import Finding
from features.audit_words import tell
from features.definition import Feature
from features.history import History
from features.leak_moments import HALFWAY, Look, looks, presence, value
from features.leak_rules import Evidence
from features.leak_tests import Floats, Ints, binned
from features.open_deals import deals_created
from features.table import build_table

TABLE = "features"
"""What a finding against a feature names as its table."""


def lives(history: History, deals: Deals, until: datetime) -> list[Look]:
    """The moments at which closed deals are looked at; none where one outcome is too rare to test."""
    if not len(deals):
        return []
    ids, known = deals_created(history, until)
    place = np.minimum(np.searchsorted(ids.astype(str), deals.ids.astype(str)), len(ids) - 1)
    return [look for look in looks(deals, known[place]) if look.decided]


def feature_findings(
    history: History, deals: Deals, moments: Sequence[Look], features: Sequence[Feature]
) -> Iterator[Finding]:
    """What is found against deal features, each at its worst moment."""
    chosen = tuple(feature for feature in features if feature.entity == "deal")
    if not moments or not chosen:
        return
    place = np.concatenate([look.place for look in moments])
    at = np.concatenate([look.at for look in moments])
    table = build_table(chosen, Moments(deals.ids[place], at), history)
    ends = np.cumsum([len(look) for look in moments])
    for feature in chosen:
        found: dict[str, Evidence] = {}
        for look, end in zip(moments, ends, strict=True):
            for evidence in _against(table[feature.name].slice(end - len(look), len(look)), look):
                known = found.get(evidence.code)
                if known is None or known.severity != "error":
                    found[evidence.code] = evidence
        if "feature-tells-outcome" in found:
            found.pop("feature-presence-tells", None)
        for evidence in found.values():
            yield tell(evidence.code, TABLE, feature.name, evidence.severity, evidence.facts)


def _against(column: pa.ChunkedArray, look: Look) -> Iterator[Evidence]:
    numbers, codes = _values(column)
    given = np.asarray(column.is_valid())
    if not given.any():
        return
    yield from value(codes, numbers, look)
    there = given if numbers is None else given & (np.nan_to_num(numbers) != 0)
    # Halfway a count says what the events behind it say, and those are judged by themselves.
    worst = [e for present in (given, there) for e in presence(present, look, "feature-presence-tells")]
    if look.when == HALFWAY:
        worst = [e for e in worst if e.severity == "error"]
    yield from sorted(worst, key=lambda e: e.severity)[:1]


def _values(column: pa.ChunkedArray) -> tuple[Floats | None, Ints]:
    """A feature's numbers (None for texts) and a code of each value, 0 where it is missing."""
    if pa.types.is_floating(column.type):
        numbers = np.asarray(column.to_numpy(), np.float64)
        return numbers, binned(numbers)
    encoded = column.combine_chunks().dictionary_encode()
    return None, pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
