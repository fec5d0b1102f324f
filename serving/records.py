"""Can this description of a deal be understood? JSON of a caller into the contract's fields."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from features.as_of import NotAMoment, parse_moment
from features.contracts import TABLES, Column, Kind
from features.suggesting import hint

DEALS = TABLES["deals"]
ATTRIBUTES = "attributes"
FIELDS = (*(name for name in DEALS.names if name != "recorded_at"), ATTRIBUTES)
"""What a record may hold: the contract's deal fields, and the company's own under `attributes`."""

OUTCOME = ("status", "closed_at", "lost_reason")
NOT_IN_CHANGES = ("deal_id", "created_at", *OUTCOME)
MOST_MONEY = Decimal(10) ** 14
CENT_HUNDREDTHS = Decimal("0.0001")
MOST_LETTERS = 10_000
PLAIN = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")


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


class _Unreadable(Exception):
    """Why one value cannot be read."""


def read_record(given: Mapping[str, object], zone: ZoneInfo, as_of: datetime) -> Described:
    """A whole deal; `created_at` is the moment asked about where it is not given."""
    described = _read(given, FIELDS, zone)
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
    described = _read(given, tuple(name for name in FIELDS if name not in NOT_IN_CHANGES), zone)
    if given:
        return described
    return Described({}, (Fault("", "names no field; send the deal_id alone to score the deal as it is"),))


def _read(given: Mapping[str, object], allowed: tuple[str, ...], zone: ZoneInfo) -> Described:
    fields: dict[str, object] = {}
    faults = []
    for name, value in given.items():
        if name not in allowed:
            faults.append(Fault(_shown(name), _not_allowed(name, allowed)))
            continue
        try:
            fields[name] = _attributes(value) if name == ATTRIBUTES else _value(DEALS.column(name), value, zone)
        except _Unreadable as why:
            faults.append(Fault(name, str(why)))
    return Described(fields, tuple(faults))


def _not_allowed(name: str, allowed: tuple[str, ...]) -> str:
    if name in NOT_IN_CHANGES:
        return "cannot be changed here: a what-if keeps the deal open and the same deal"
    return f"is no field of a deal. {hint(_shown(name), allowed)} Fields of your own go under attributes."


def _value(column: Column | None, value: object, zone: ZoneInfo) -> object:
    assert column is not None
    if value is None or (isinstance(value, str) and not value.strip()):
        if column.name == "status":
            raise _Unreadable("is open, won or lost, never empty")
        return None
    return _READERS[column.kind](column, value, zone)


def _text(column: Column, value: object, zone: ZoneInfo) -> str:
    if not isinstance(value, str):
        raise _Unreadable(f"is a text; write it in quotes, not as {_kind_of(value)}")
    if len(value) > MOST_LETTERS:
        raise _Unreadable(f"is longer than {MOST_LETTERS} letters")
    if _is_broken(value):
        raise _Unreadable("holds half a letter (a lone surrogate), which is not Unicode")
    if column.name == "currency":
        if len(value) != 3 or not value.isascii() or not value.isalpha():
            raise _Unreadable("is a currency code of three letters, such as CNY")
        return value.upper()
    return value


def _choice(column: Column, value: object, zone: ZoneInfo) -> str:
    text = _text(column, value, zone)
    if text not in column.choices:
        raise _Unreadable(f"is one of {', '.join(column.choices)}")
    return text


def _moment(column: Column, value: object, zone: ZoneInfo) -> datetime:
    try:
        return parse_moment(_text(column, value, zone), str(zone))
    except (NotAMoment, OverflowError) as wrong:
        raise _Unreadable("is a time such as 2026-11-21T09:30:00+08:00, or a day such as 2026-11-21") from wrong


def _day(column: Column, value: object, zone: ZoneInfo) -> date:
    text = _text(column, value, zone)
    try:
        if len(text) <= 10:
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is None else moment.astimezone(zone)).date()
    except (ValueError, OverflowError) as wrong:
        raise _Unreadable("is a day such as 2026-11-21") from wrong


def _money(column: Column, value: object, zone: ZoneInfo) -> Decimal:
    number = _decimal(value)
    if abs(number) >= MOST_MONEY:
        raise _Unreadable("is too large for an amount of money (limit 10^14)")
    return number.quantize(CENT_HUNDREDTHS)


def _share(column: Column, value: object, zone: ZoneInfo) -> float:
    number = float(_decimal(value))
    if not 0 <= number <= 1:
        raise _Unreadable("is a share from 0 to 1; divide percent by 100")
    return number


def _number(column: Column, value: object, zone: ZoneInfo) -> float:
    return float(_decimal(value))


def _decimal(value: object) -> Decimal:
    """Numbers as JSON writes them, or the same in quotes, as money often comes."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _Unreadable(f"is a number, not {_kind_of(value)}")
    if isinstance(value, str) and not PLAIN.fullmatch(value):
        raise _Unreadable("is a plain number such as 12000.50, without currency signs or thousands marks")
    number = Decimal(str(value))
    if not number.is_finite() or not math.isfinite(float(number)):
        raise _Unreadable("is a finite number")
    return number


def _attributes(value: object) -> dict[str, str | None]:
    if not isinstance(value, Mapping):
        raise _Unreadable("is an object of names and values")
    found: dict[str, str | None] = {}
    for name, one in value.items():
        if _is_broken(name):
            raise _Unreadable(f"{_shown(name)} holds half a letter (a lone surrogate), which is not Unicode")
        found[name] = _attribute(name, one)
    return found


def _attribute(name: str, value: object) -> str | None:
    """Attributes are kept as text; numbers and truth values as JSON writes them."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        raise _Unreadable(f"{name} is not a finite number")
    if not isinstance(value, str | int | float):
        raise _Unreadable(f"{name} is a text, a number, true or false, not {_kind_of(value)}")
    text = str(value)
    if len(text) > MOST_LETTERS or _is_broken(text):
        raise _Unreadable(f"{name} is too long or not Unicode")
    return text


def _is_broken(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text) or "\x00" in text


def _shown(name: str) -> str:
    return name.encode("utf-8", "replace").decode()[:100]


def _kind_of(value: object) -> str:
    number = "a number"
    kinds = {bool: "true or false", int: number, float: number, str: "a text", list: "a list", dict: "an object"}
    return kinds.get(type(value), "nothing")


_READERS: Mapping[Kind, Callable[[Column, object, ZoneInfo], object]] = {
    Kind.ID: _text,
    Kind.TEXT: _text,
    Kind.CHOICE: _choice,
    Kind.MOMENT: _moment,
    Kind.DAY: _day,
    Kind.MONEY: _money,
    Kind.SHARE: _share,
    Kind.NUMBER: _number,
}
