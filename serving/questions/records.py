"""Can this description of a deal be understood? JSON of a caller into the contract's fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from features.contracts import TABLES, Table
from features.suggesting import MOST_FAULTS, hint
from features.told_values import Unreadable, read_attributes, read_value, shown

DEALS, CUSTOMERS = TABLES["deals"], TABLES["customers"]
ATTRIBUTES = "attributes"
FIELDS = (*(name for name in DEALS.names if name != "recorded_at"), ATTRIBUTES)
"""What a record may hold: the contract's deal fields, and the company's own under `attributes`."""

OUTCOME = ("status", "closed_at", "lost_reason")
NOT_IN_CHANGES = ("deal_id", "created_at", *OUTCOME)
DEAL_CHANGES = tuple(name for name in FIELDS if name not in NOT_IN_CHANGES)
"""What a what-if of a deal may change."""
NOT_IN_CUSTOMER_CHANGES = ("customer_id", "created_at", "merged_into", "recorded_at")
CUSTOMER_CHANGES = (*(name for name in CUSTOMERS.names if name not in NOT_IN_CUSTOMER_CHANGES), ATTRIBUTES)
"""What a what-if of a customer may change."""


@dataclass(frozen=True)
class Fault:
    """A field that cannot be used, and why."""

    field: str
    message: str


@dataclass(frozen=True)
class Described:
    """A deal as described: text, naive UTC datetime, date, Decimal, float or None by field; attributes as text."""

    fields: Mapping[str, object]
    faults: tuple[Fault, ...]


def read_record(given: Mapping[str, object], zone: ZoneInfo, as_of: datetime) -> Described:
    """A whole deal; `created_at` is the moment asked about where it is not given."""
    described = _read(given, DEALS, FIELDS, zone)
    fields, faults = dict(described.fields), list(described.faults)
    created = fields.setdefault("created_at", as_of)
    if isinstance(created, datetime) and created > as_of:
        faults.append(Fault("created_at", f"is later than the moment asked about, {as_of.isoformat()}Z"))
    if created is None:
        fields["created_at"] = as_of
    if fields.get("status") in (None, "open"):
        faults += [
            Fault(name, "an open deal has none; leave it out")
            for name in ("closed_at", "lost_reason")
            if fields.get(name) is not None
        ]
    return Described(fields, tuple(faults))


def read_changes(given: Mapping[str, object], zone: ZoneInfo) -> Described:
    """Changed fields of a known deal: all but its identity and its outcome."""
    described = _read(given, DEALS, DEAL_CHANGES, zone)
    if given:
        return described
    return Described({}, (Fault("", "names no field; send the deal_id alone to score the deal as it is"),))


def read_customer_changes(given: Mapping[str, object], zone: ZoneInfo) -> Described:
    """Changed fields of a known customer: all but its identity."""
    described = _read(given, CUSTOMERS, CUSTOMER_CHANGES, zone)
    if given:
        return described
    return Described({}, (Fault("", "names no field; send the customer_id alone to score the customer as it is"),))


def _read(given: Mapping[str, object], table: Table, allowed: tuple[str, ...], zone: ZoneInfo) -> Described:
    fields: dict[str, object] = {}
    faults: list[Fault] = []
    for name, value in given.items():
        if len(faults) >= MOST_FAULTS:
            break
        if name not in allowed:
            faults.append(Fault(shown(name), _not_allowed(name, table, allowed)))
            continue
        try:
            fields[name] = _value(table, name, value, zone)
        except Unreadable as why:
            faults.append(Fault(name, str(why)))
    return Described(fields, tuple(faults))


def _not_allowed(name: str, table: Table, allowed: tuple[str, ...]) -> str:
    if table is CUSTOMERS:
        if name in NOT_IN_CUSTOMER_CHANGES:
            return "cannot be changed here: a what-if keeps the same customer"
        return f"is no field of a customer. {hint(shown(name), allowed)} Fields of your own go under attributes."
    if name in NOT_IN_CHANGES:
        return "cannot be changed here: a what-if keeps the deal open and the same deal"
    return f"is no field of a deal. {hint(shown(name), allowed)} Fields of your own go under attributes."


def _value(table: Table, name: str, value: object, zone: ZoneInfo) -> object:
    if name == ATTRIBUTES:
        return read_attributes(value)
    column = table.column(name)
    assert column is not None
    found = read_value(column, value, zone)
    if found is None and name == "status":
        raise Unreadable("is open, won or lost, never empty")
    return found
