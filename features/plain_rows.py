"""How is a row of the contract kept in memory? Its values as plain integers, floats and texts; and back again."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from math import ceil, floor, isfinite
from re import compile as pattern
from zoneinfo import ZoneInfo

from features.as_of import micros
from features.contracts import ATTRIBUTE_PREFIX, TABLES, Kind
from features.kernel import SCALE

Plain = int | float | str | bool | None
Row = dict[str, Plain]
"""Moments in microseconds, days since 1970, money in ten-thousandths, all else as it is."""
EPOCH = date(1970, 1, 1)
MIDNIGHT = datetime(1970, 1, 1)
TEXTS = (Kind.ID, Kind.TEXT, Kind.CHOICE)
NUMBER = pattern(r" *[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)? *")
EXACT = 2**53
"""Integers that a float holds exactly."""


def plain_row(table: str, row: Mapping[str, object]) -> Row:
    """A row as the contract types it (naive UTC moments) in plain values; attributes bear their prefix."""
    return {
        column: value
        if isinstance(value, str) and _kind(table, column) in TEXTS
        else plain(_kind(table, column), value)
        for column, value in row.items()
    }


@cache
def _kind(table: str, column: str) -> Kind:
    found = TABLES[table].column(column)
    return Kind.TEXT if found is None else found.kind


def plain(kind: Kind, value: object) -> Plain:
    """One value of a kind."""
    if value is None:
        return None
    if kind is Kind.MOMENT:
        assert isinstance(value, datetime)
        return moment(value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None))
    if kind is Kind.DAY:
        assert isinstance(value, date)
        return (value - EPOCH).days
    if kind is Kind.MONEY:
        return int((Decimal(str(value)) * SCALE).to_integral_value())
    if kind in (Kind.NUMBER, Kind.SHARE):
        return float(str(value))
    if kind is Kind.INTEGER:
        return int(str(value))
    return bool(value) if kind is Kind.FLAG else str(value)


def moment(value: datetime) -> int:
    """A naive UTC moment in microseconds."""
    passed = value - MIDNIGHT
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def naive(at: int) -> datetime:
    """Microseconds as a naive UTC moment."""
    return MIDNIGHT + timedelta(microseconds=at)


def real(table: str, column: str, value: Plain) -> float | None:
    """A number, amount, flag or text of digits as DuckDB casts it to a float; None where it is none."""
    if value is None:
        return None
    kind = _kind(table, column)
    if kind is Kind.MONEY:
        return money(int(value))
    return text_real(value) if isinstance(value, str) else float(value)


def money(value: int) -> float:
    """Ten-thousandths as a float."""
    if abs(value) <= EXACT:
        return float(value) / SCALE
    sign = -1 if value < 0 else 1
    return sign * (float(abs(value) // SCALE) + float(abs(value) % SCALE) / SCALE)


def text_real(value: str) -> float | None:
    """A text as DuckDB casts it to a float; None where it is no number."""
    if NUMBER.fullmatch(value):
        return float(value)
    return _asked(value) if len(value) < 400 else None


@cache
def _asked(value: str) -> float | None:
    """What DuckDB makes of an unusual text."""
    import duckdb

    with duckdb.connect(":memory:") as con:
        found = con.execute("SELECT try_cast(? AS DOUBLE)", [value]).fetchone()
    return None if found is None else found[0]


def fixed(number: float | None) -> int | None:
    """A number as ten-thousandths, halves away from zero as DuckDB rounds; None where 64 bits do not hold it."""
    if number is None:
        return None
    scaled = number * SCALE
    if not isfinite(scaled) or abs(scaled) >= 2**63:
        return None
    # Adding a half would round 0.49999999999999994 up.
    whole = floor(scaled) if scaled >= 0 else ceil(scaled)
    return whole + (1 if scaled >= 0 else -1) if abs(scaled - whole) >= 0.5 else whole


def money_text(value: int) -> str:
    """An amount as DuckDB writes a decimal of four places.

    >>> money_text(-12345678)
    '-1234.5678'
    """
    sign = "-" if value < 0 else ""
    return f"{sign}{abs(value) // SCALE}.{abs(value) % SCALE:04d}"


def day_text(day: int) -> str:
    """A day as DuckDB writes it.

    >>> day_text(1)
    '1970-01-02'
    """
    return date.fromordinal(EPOCH.toordinal() + day).isoformat()


def midnight(day: int, zone: ZoneInfo) -> int:
    """The first moment of a local day in microseconds UTC."""
    return _midnight(day, zone.key)


@cache
def _midnight(day: int, zone: str) -> int:
    at = date.fromordinal(EPOCH.toordinal() + day)
    local = datetime(at.year, at.month, at.day, tzinfo=ZoneInfo(zone))
    return micros(local.astimezone(UTC).replace(tzinfo=None))


def is_attribute(column: str) -> bool:
    """Whether a column is one of the user's own."""
    return column.startswith(ATTRIBUTE_PREFIX)


WRITTEN_DAY = pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def text_day(text: str) -> date | None:
    """The day a text says, as DuckDB casts it; None for none."""
    if WRITTEN_DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return None
    return _asked_day(text)


@cache
def _asked_day(text: str) -> date | None:
    import duckdb

    with duckdb.connect(":memory:") as con:
        found = con.execute("SELECT try_cast(? AS DATE)", [text]).fetchone()
    return found[0] if found is not None and isinstance(found[0], date) else None


def typed(table: str, column: str, value: Plain) -> object:
    """A plain value as the contract types it: naive UTC moments, dates, decimals."""
    kind = _kind(table, column)
    if value is None or isinstance(value, str):
        return value
    if kind is Kind.MOMENT:
        return MIDNIGHT + timedelta(microseconds=int(value))
    if kind is Kind.DAY:
        return EPOCH + timedelta(days=int(value))
    return Decimal(int(value)).scaleb(-4) if kind is Kind.MONEY else value
