"""Which customers became one? Those who were merged, with all whose events count for them."""

from collections.abc import Mapping, Set

from features.history import History
from features.kept_arrays import Fleeting, Group, Keep
from features.stream_sql import merges


def merged_customers(history: History, keep: Keep | None = None) -> dict[str, set[str]]:
    """Each customer who was merged or took up others, and all who share events with them."""

    def make() -> Group:
        with history.connect() as con:
            return Group(plain=con.execute(f"SELECT DISTINCT gone, remains FROM ({merges(history)})").fetchall())

    found: dict[str, set[str]] = {}
    for gone, remains in (keep or Fleeting()).group("merges", make).plain:
        found.setdefault(gone, {gone}).add(remains)
        found.setdefault(remains, {remains})
    return found


def same_customer(merged: Mapping[str, Set[str]], customer: str) -> set[str]:
    """The customer, those into whom it was merged, and those who were merged into it.

    >>> sorted(same_customer({"C2": {"C2", "C1"}, "C1": {"C1"}}, "C1"))
    ['C1', 'C2']
    """
    return {customer, *merged.get(customer, ()), *(gone for gone, into in merged.items() if customer in into)}
