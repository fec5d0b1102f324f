"""Which features look at what a finding speaks against? All of them are left out of learning with it."""

from collections.abc import Mapping

from features.audit_features import TABLE as FEATURES
from features.audit_report import Finding
from features.contracts import ATTRIBUTE_PREFIX, TABLES
from features.definition import Feature
from features.needs import columns_used, leaves_of
from features.streams import STREAMS
from features.verbs import Leaf

STREAMS_OF: Mapping[str, tuple[str, ...]] = {
    "stage": ("stage_changes", "stage_stays"),
    "amount": ("amount_changes",),
    "expected_close_on": ("close_date_changes",),
    "rep_id": ("owner_changes",),
    "forecast_category": ("category_changes",),
}
"""The streams that give a deal's field over time."""
OF_TIMES = frozenset({"cycle_days", "born"})
"""Columns counted from a deal's creation."""


def looks_at(feature: Feature, finding: Finding) -> bool:
    """Whether a feature is made of what a finding speaks against."""
    if finding.table == FEATURES:
        return feature.name == finding.column
    leaves = list(leaves_of(feature.verb, feature.entity))
    if finding.table in ("deals", "customers", "deal_changes"):
        return any(_made_of(leaf, finding) for leaf in leaves)
    fed = [leaf for leaf in leaves if _fed_by(leaf.stream, finding.table)]
    return bool(fed) and not (finding.value and all(_of_another_kind(leaf, finding) for leaf in fed))


def _made_of(leaf: Leaf, finding: Finding) -> bool:
    """Whether a verb looks at the column of a finding against deals, their changes or customers."""
    used, attribute = columns_used(leaf), ATTRIBUTE_PREFIX + finding.column
    stored = {finding.column, attribute, f"{attribute}:number"}
    if finding.table == "customers":
        return leaf.stream == "customers" and bool(used & stored)
    if finding.column == "created_at":
        return (leaf.stream == "creations" and leaf.of == "deal") or bool(used & OF_TIMES)
    if finding.column in STREAMS_OF:
        return leaf.stream in STREAMS_OF[finding.column] or (finding.column == "amount" and "worth" in used)
    return leaf.stream == "deals" and bool(used & stored)


def _fed_by(stream: str, table: str) -> bool:
    """Whether a stream is made of a table that is not one of deals."""
    return stream in STREAMS and table in STREAMS[stream][0]


def _of_another_kind(leaf: Leaf, finding: Finding) -> bool:
    """Whether a verb chooses other values of the finding's column than the one it speaks against."""
    own = TABLES[finding.table].column(finding.column) is not None
    stored = finding.column if own else ATTRIBUTE_PREFIX + finding.column
    chosen = [value for column, value in getattr(leaf, "where", ()) if column == stored]
    return bool(chosen) and finding.value not in chosen
