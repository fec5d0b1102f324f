"""Can this value of a caller's JSON be a value of this column? One value into the contract's types, or why not."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from features.as_of import NotAMoment, parse_moment
from features.contracts import Column, Kind
from features.values import FIRST_YEAR, LAST_YEAR

MOST_MONEY = Decimal(10) ** 14
CENT_HUNDREDTHS = Decimal("0.0001")
MOST_LETTERS = 10_000
MOST_WHOLE = 2**63
PLAIN = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")
TOLD_AS_TEXT = ("old_value", "new_value")
"""Columns of deal_changes that hold the values of any field: numbers are taken as they are written."""


class Unreadable(Exception):
    """Why one value cannot be read; the sentence goes on from the field's name."""


def read_value(column: Column, value: object, zone: ZoneInfo) -> object:
    """A value as the contract types it: text, naive UTC datetime, date, Decimal of four places, float, int or bool.

    Nothing and blank texts are None. Times without an offset and days given as moments are read in `zone`.
    Raises Unreadable.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    return _READERS[column.kind](column, value, zone)


def read_attributes(value: object) -> dict[str, str | None]:
    """The company's own fields, each as text; numbers and truth values as JSON writes them. Raises Unreadable."""
    if not isinstance(value, Mapping):
        raise Unreadable("is an object of names and values")
    found: dict[str, str | None] = {}
    for name, one in value.items():
        if is_broken(name):
            raise Unreadable(f"{shown(name)} holds half a letter (a lone surrogate), which is not Unicode")
        found[name] = _attribute(name, one)
    return found


def is_broken(text: str) -> bool:
    """Whether a text cannot be kept: lone surrogates are no Unicode, and no database takes a NUL."""
    return any("\ud800" <= letter <= "\udfff" for letter in text) or "\x00" in text


def shown(name: str) -> str:
    """A caller's name for something, safe to be repeated in an answer."""
    return name.encode("utf-8", "replace").decode()[:100]


def _text(column: Column, value: object, zone: ZoneInfo) -> str:
    if column.name in TOLD_AS_TEXT and isinstance(value, int | float):
        return str(_attribute(column.name, value))
    if not isinstance(value, str):
        raise Unreadable(f"is a text; write it in quotes, not as {_kind_of(value)}")
    if len(value) > MOST_LETTERS:
        raise Unreadable(f"is longer than {MOST_LETTERS} letters")
    if is_broken(value):
        raise Unreadable("holds half a letter (a lone surrogate), which is not Unicode")
    if column.name == "currency":
        if len(value) != 3 or not value.isascii() or not value.isalpha():
            raise Unreadable("is a currency code of three letters, such as CNY")
        return value.upper()
    return value


def _choice(column: Column, value: object, zone: ZoneInfo) -> str:
    text = _text(column, value, zone)
    if text not in column.choices:
        raise Unreadable(f"is one of {', '.join(column.choices)}")
    return text


def _moment(column: Column, value: object, zone: ZoneInfo) -> datetime:
    try:
        found = parse_moment(_text(column, value, zone), str(zone))
    except (NotAMoment, OverflowError) as wrong:
        raise Unreadable("is a time such as 2026-11-21T09:30:00+08:00, or a day such as 2026-11-21") from wrong
    _within(found.year)
    return found


def _day(column: Column, value: object, zone: ZoneInfo) -> date:
    text = _text(column, value, zone)
    try:
        if len(text) <= 10:
            found = date.fromisoformat(text)
        else:
            moment = datetime.fromisoformat(text)
            found = (moment if moment.tzinfo is None else moment.astimezone(zone)).date()
    except (ValueError, OverflowError) as wrong:
        raise Unreadable("is a day such as 2026-11-21") from wrong
    _within(found.year)
    return found


def _within(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Unreadable(f"lies outside the years {FIRST_YEAR} to {LAST_YEAR}; leave a placeholder date empty")


def _money(column: Column, value: object, zone: ZoneInfo) -> Decimal:
    number = _decimal(value)
    if abs(number) >= MOST_MONEY:
        raise Unreadable("is too large for an amount of money (limit 10^14)")
    return number.quantize(CENT_HUNDREDTHS)


def _share(column: Column, value: object, zone: ZoneInfo) -> float:
    number = float(_decimal(value))
    if not 0 <= number <= 1:
        raise Unreadable("is a share from 0 to 1; divide percent by 100")
    return number


def _number(column: Column, value: object, zone: ZoneInfo) -> float:
    return float(_decimal(value))


def _integer(column: Column, value: object, zone: ZoneInfo) -> int:
    number = _decimal(value)
    if number != number.to_integral_value() or abs(number) >= MOST_WHOLE:
        raise Unreadable("is a whole number")
    return int(number)


def _flag(column: Column, value: object, zone: ZoneInfo) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise Unreadable(f"is true or false, not {_kind_of(value)}")


def _decimal(value: object) -> Decimal:
    """Numbers as JSON writes them, or the same in quotes, as money often comes."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Unreadable(f"is a number, not {_kind_of(value)}")
    if isinstance(value, str) and not PLAIN.fullmatch(value):
        raise Unreadable("is a plain number such as 12000.50, without currency signs or thousands marks")
    number = Decimal(str(value))
    if not number.is_finite() or not math.isfinite(float(number)):
        raise Unreadable("is a finite number")
    return number


def _attribute(name: str, value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        raise Unreadable(f"{name} is not a finite number")
    if not isinstance(value, str | int | float):
        raise Unreadable(f"{name} is a text, a number, true or false, not {_kind_of(value)}")
    text = str(value)
    if len(text) > MOST_LETTERS or is_broken(text):
        raise Unreadable(f"{name} is too long or not Unicode")
    return text


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
    Kind.INTEGER: _integer,
    Kind.FLAG: _flag,
}
