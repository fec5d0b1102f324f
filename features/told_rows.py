"""Can this row that a caller tells become a row of the history? JSON of any table of the contract, typed or refused.

What an import would refuse of one row is refused here too; every fault names the field, what is wrong and how to
mend it. A row may leave columns out, which keep their value on record, but none that the contract requires.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from features.contracts import ATTRIBUTE_PREFIX, DELETED, RECORDED, SNAPSHOT, TABLES, Kind, Table
from features.suggesting import MOST_FAULTS, hint
from features.told_checks import contradictions, end_of_its_day
from features.told_values import Unreadable, read_attributes, read_value, shown

ATTRIBUTES = "attributes"
BLANKS = " \t\r\n\u3000\u00a0\ufeff"
"""Cut from both ends of texts, as in files: a blank more must not make another deal."""
BESIDE = {
    RECORDED.name: "stands beside the row, not in it",
    DELETED.name: 'is told by "deleted": true beside the row, with recorded_at for when',
}
MOST_ATTRIBUTES = 200


@dataclass(frozen=True)
class Fault:
    """A field that cannot be used, and why; the message goes on from the field's name. `` is the row itself."""

    field: str
    message: str


@dataclass(frozen=True)
class ToldRow:
    """A row as told: typed values by column (moments naive UTC), attributes as `attr_<name>`; and its faults."""

    table: str
    values: Mapping[str, object]
    faults: tuple[Fault, ...] = ()


def columns_of(table: str) -> tuple[str, ...]:
    """What a row of a table may hold: the contract's columns, and `attributes`."""
    return (*(name for name in TABLES[table].names if name not in BESIDE), ATTRIBUTES)


def no_such_table(name: str) -> str:
    """What to say of a table that the contract does not have.

    >>> no_such_table("activity")
    "is no table. Did you mean 'activities'? Known here: deals, deal_changes, stages, customers, contacts, activities,
    orders, subscriptions, tickets, products, reps, teams, quotas, fx_rates."
    """
    return f"is no table. {hint(shown(name), TABLES)}"


def read_row(table: str, given: Mapping[str, object], zone: ZoneInfo, *, deleted: bool = False) -> ToldRow:
    """A row of a table of the contract, or what is wrong with it.

    `given` is JSON: texts, numbers, truth values, nothing. Times without an offset are read in `zone`. A deleted
    row is its key alone.
    """
    spec = TABLES[table]
    values: dict[str, object] = {}
    faults: list[Fault] = []
    allowed = spec.key if deleted else columns_of(table)
    for name, value in given.items():
        if len(faults) >= MOST_FAULTS:
            break
        if name not in allowed:
            faults.append(Fault(shown(name), _not_allowed(spec, name, deleted)))
            continue
        try:
            values |= _read(spec, name, value, zone)
        except Unreadable as why:
            faults.append(Fault(name, str(why)))
    named = {fault.field for fault in faults}
    for name in spec.key if deleted else spec.required:
        if values.get(name) is None and name not in named:
            said = "is what names the row" if name in spec.key else f"is in every row of {table}"
            faults.append(Fault(name, f"{said}; give it"))
    if not faults and not deleted:
        values = end_of_its_day(table, values, zone)
        faults = [Fault(column, message) for column, message in contradictions(table, values)]
        if values.get("origin") == SNAPSHOT:
            faults.append(Fault("origin", f"{SNAPSHOT} stands for what an import found itself; leave it out"))
    return ToldRow(table, values, tuple(faults))


def key_of(table: str, values: Mapping[str, object]) -> tuple[object, ...]:
    """What names a row."""
    return tuple(values[column] for column in TABLES[table].key)


def written(table: str, values: Mapping[str, object]) -> str:
    """A typed row as JSON that is the same for the same row: columns in order, moments in UTC, money as text."""
    plain = {name: _plain(value) for name, value in sorted(values.items()) if name in values}
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def read_again(table: str, text: str) -> dict[str, object]:
    """The typed row of what `written` made. Raises ValueError where it is none of this contract."""
    spec = TABLES.get(table)
    if spec is None:
        raise ValueError(f"{table} is no table of this release")
    row: dict[str, object] = {}
    for name, value in json.loads(text).items():
        column = spec.column(name)
        if column is None and not name.startswith(ATTRIBUTE_PREFIX):
            raise ValueError(f"{table} has no column {name} in this release")
        row[name] = _typed(column.kind if column else Kind.TEXT, value)
    if missing := [name for name in spec.key if row.get(name) is None]:
        raise ValueError(f"{', '.join(missing)} is missing")
    return row


def _read(spec: Table, name: str, value: object, zone: ZoneInfo) -> dict[str, object]:
    if name == ATTRIBUTES:
        found = read_attributes({} if value is None else value)
        if len(found) > MOST_ATTRIBUTES:
            raise Unreadable(f"holds more than {MOST_ATTRIBUTES} names")
        if unnamed := [word for word in found if not word.strip(BLANKS) or len(word) > 100]:
            raise Unreadable(f"'{shown(unnamed[0])}' is no name: use one to a hundred letters")
        return {ATTRIBUTE_PREFIX + word: _trimmed(text) for word, text in found.items()}
    column = spec.column(name)
    assert column is not None
    found_one = read_value(column, _trimmed(value), zone)
    if found_one is None and column.required:
        raise Unreadable("is empty, and every row has it")
    return {name: found_one}


def _trimmed(value: object) -> object:
    return (value.strip(BLANKS) or None) if isinstance(value, str) else value


def _not_allowed(spec: Table, name: str, deleted: bool) -> str:
    if name in BESIDE:
        return BESIDE[name]
    if deleted and (spec.column(name) is not None or name == ATTRIBUTES):
        return f"says nothing of a deleted row; send {', '.join(spec.key)} alone"
    known = spec.key if deleted else columns_of(spec.name)
    return f"is no column of {spec.name}. {hint(shown(name), known)} Columns of your own go under attributes."


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, Decimal) else value


def _typed(kind: Kind, value: object) -> object:
    if value is None:
        return None
    if kind is Kind.MOMENT:
        return datetime.fromisoformat(str(value))
    if kind is Kind.DAY:
        return date.fromisoformat(str(value))
    if kind is Kind.MONEY:
        return Decimal(str(value))
    if kind in (Kind.NUMBER, Kind.SHARE):
        return float(str(value))
    if kind is Kind.INTEGER:
        return int(str(value))
    if kind is Kind.FLAG:
        return bool(value)
    return str(value)
