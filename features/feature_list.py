"""What is there to know of each feature: its meaning, what it takes, when it is missing, whether a history has it?"""

from typing import TypedDict

from features.catalog import CATALOGS, Offering, offered, own
from features.definition import Entity, Feature
from features.history import History
from features.needs import needs_of
from features.null_rules import null_rule
from features.whole_contract import tables_of


class Entry(TypedDict):
    """One feature as the list gives it. `left_out` is None where the history has it, or where there is no history."""

    name: str
    entity: Entity
    meaning: str
    meaning_zh: str
    needs: list[str]
    tables: list[str]
    keys: list[str]
    null_rule: str
    null_rule_zh: str
    years: float
    own: bool
    left_out: str | None


def entries(history: History, entity: Entity | None = None) -> list[Entry]:
    """Every feature, of deals or customers or both; the attributes of a history among them.

    Raises what `catalog.own` raises.
    """
    found = []
    for each in CATALOGS:
        if entity in (None, each):
            offering = offered(history, entity=each) if history.entries else None
            found += _of_entity(each, offering)
    return found


def _of_entity(entity: Entity, offering: Offering | None) -> list[Entry]:
    mine = own(entity)
    given = () if offering is None else offering.features
    every = dict.fromkeys((*CATALOGS[entity].values(), *given, *mine))
    return [_entry(feature, feature in mine, offering) for feature in every]


def _entry(feature: Feature, is_own: bool, offering: Offering | None) -> Entry:
    needs = list(needs_of(feature.verb, feature.entity))
    rule = null_rule(feature)
    return {
        "name": feature.name,
        "entity": feature.entity,
        "meaning": feature.meaning,
        "meaning_zh": feature.meaning_zh,
        "needs": sorted({need.stream for need in needs}),
        "tables": sorted({table for need in needs for table in tables_of(need.stream)}),
        "keys": sorted({need.of for need in needs}),
        "null_rule": rule.en,
        "null_rule_zh": rule.zh,
        "years": feature.years,
        "own": is_own,
        "left_out": None if offering is None else offering.left_out.get(feature.name),
    }


def lines(found: list[Entry]) -> list[str]:
    """The list as a person reads it."""
    said = []
    for entry in found:
        said.append(f"{entry['name']} ({entry['entity']}{', your own' if entry['own'] else ''})")
        said.append(f"    {entry['meaning']}")
        said.append(f"    {entry['meaning_zh']}")
        if entry["needs"]:
            said.append(f"    needs {', '.join(entry['needs'])}, from {', '.join(entry['tables'])}")
        said.append(f"    {entry['null_rule']} {entry['null_rule_zh']}")
        if entry["left_out"]:
            said.append(f"    not in this history: {entry['left_out']}")
    return said
