"""How does a file write its days and times, and which is the day in 03/04/2016?

ISO, Chinese and year-first dates speak for themselves. In `a/b/yyyy` the order of day and month is taken from
the evidence in the column (a 20 can only be a day); without any the import stops and asks.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from features.errors import ForesellError
from features.quoting import text

if TYPE_CHECKING:
    import duckdb

DAY_FIRST, MONTH_FIRST, MIXED = "dmy", "mdy", "mixed"

_OFFSET = r"(Z|[+-]\d{2}(:?\d{2})?)"
_STRICT = rf"\d{{4}}-\d{{1,2}}-\d{{1,2}}([T ]\d{{1,2}}:\d{{2}}(:\d{{2}}(\.\d+)?)?{_OFFSET}?)?"
_ENDS_IN_OFFSET = rf":\d{{2}}(\.\d+)?{_OFFSET}$"
_NUMERIC = r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})"
_NUMERIC_ALONE = rf"{_NUMERIC}(\D|$)"
_CHINESE = r"^(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日?"
_CLOCK = r"(\d{1,2})(:\d{2}(:\d{2}(\.\d+)?)?)\s*([AP])\.?M\.?$"


class AmbiguousDates(ForesellError):
    """Dates such as 03/04/2016 and nothing in the file that tells day from month."""

    problem = "{0}: in column '{1}' day and month cannot be told apart (for example {2})."
    fix = 'say it in the mapping, tables.{3}: dates: {{{4}: "{5}"}} if the day stands first, "{6}" if the month.'


class Evidence(NamedTuple):
    """Rows of one column of one file that prove an order, and rows that leave it open."""

    day_first: int
    month_first: int
    unclear: int
    example: str | None

    @property
    def order(self) -> str | None:
        """What the rows prove; None where they prove nothing."""
        if self.day_first and self.month_first:
            return MIXED
        return DAY_FIRST if self.day_first else MONTH_FIRST if self.month_first else None


def create_date_macros(connection: "duckdb.DuckDBPyConnection") -> None:
    """Define `written_iso(x, day_order)`, `local_time(iso, zone)` and `utc_time(iso, zone)`."""
    day_month = (
        "CASE WHEN day_order = 'dmy' THEN true WHEN day_order = 'mdy' THEN false "
        f"WHEN {_part(1)} > 12 THEN true WHEN {_part(2)} > 12 THEN false "
        f"WHEN {_part(1)} = {_part(2)} THEN true END"
    )
    numeric = f"regexp_replace(x, {text(_NUMERIC)}, "
    connection.execute(
        f"""CREATE TEMP MACRO iso_date_first(x, day_order) AS CASE
        WHEN regexp_matches(x, '^\\d{{4}}-') THEN x
        WHEN regexp_matches(x, '^\\d{{4}}[/.]') THEN
            regexp_replace(x, '^(\\d{{4}})[/.](\\d{{1,2}})[/.](\\d{{1,2}})', '\\1-\\2-\\3')
        WHEN regexp_matches(x, {text(_CHINESE)}) THEN regexp_replace(x, {text(_CHINESE)}, '\\1-\\2-\\3 ')
        WHEN regexp_matches(x, {text(_NUMERIC_ALONE)}) THEN CASE {day_month}
            WHEN true THEN {numeric} '\\3-\\2-\\1') WHEN false THEN {numeric} '\\3-\\1-\\2') END END"""
    )
    connection.execute(
        f"""CREATE TEMP MACRO clock_of_24(x) AS CASE
        WHEN regexp_matches(x, {text(_CLOCK)}) THEN regexp_replace(x, {text(_CLOCK)}, '')
            || (regexp_extract(x, {text(_CLOCK)}, 1)::INTEGER % 12
                + CASE WHEN regexp_extract(x, {text(_CLOCK)}, 5) = 'P' THEN 12 ELSE 0 END)::VARCHAR
            || regexp_extract(x, {text(_CLOCK)}, 2)
        ELSE x END"""
    )
    connection.execute(f"""CREATE TEMP MACRO if_iso(x) AS CASE WHEN regexp_full_match(x, {text(_STRICT)}) THEN x END""")
    blanks = "trim(regexp_replace(upper(x), '[\\s,]+', ' ', 'g'))"
    connection.execute(
        f"CREATE TEMP MACRO one_blank(x) AS regexp_replace({blanks}, {text(f'(:[0-9.]+) {_OFFSET}$')}, '\\1\\2')"
    )
    connection.execute(
        f"""CREATE TEMP MACRO written_iso(x, day_order) AS CASE
        WHEN regexp_full_match(x, {text(_STRICT)}) THEN x
        ELSE if_iso(clock_of_24(one_blank(iso_date_first(x, day_order)))) END"""
    )
    # In a gap of the clock (02:30 on the day summer time begins) ICU reads on: 03:30, the later valid time.
    for macro, with_offset, without in (
        ("utc_time", "timezone('UTC', {0}::TIMESTAMPTZ)", "timezone('UTC', timezone(zone, {0}::TIMESTAMP))"),
        ("local_time", "timezone(zone, {0}::TIMESTAMPTZ)", "{0}::TIMESTAMP"),
    ):
        connection.execute(
            f"""CREATE TEMP MACRO {macro}(iso, zone) AS CASE
            WHEN regexp_matches(iso, {text(_ENDS_IN_OFFSET)}) THEN TRY({with_offset.format("iso")})
            ELSE TRY({without.format("iso")}) END"""
        )


def find_evidence(
    connection: "duckdb.DuckDBPyConnection", relation: str, columns: Sequence[str]
) -> dict[str, Evidence]:
    """The evidence in each text column of a relation; one pass over its rows."""
    if not columns:
        return {}
    # The cheap question first: in a column of ISO dates the fifth character is always a hyphen.
    other = ", ".join(f"coalesce(bool_or({x}[5] <> '-'), false)" for x in columns)
    flags = connection.execute(f"SELECT {other} FROM {relation}").fetchall()[0]
    found = dict.fromkeys(columns, Evidence(0, 0, 0, None))
    columns = [x for x, flag in zip(columns, flags, strict=True) if flag]
    if not columns:
        return found
    parts = []
    for x in columns:
        parted = f"regexp_matches({x}, {text(_NUMERIC_ALONE)})"
        first, second = (f"regexp_extract({x}, {text(_NUMERIC)}, {n})" for n in (1, 2))
        first, second = f"TRY_CAST({first} AS INTEGER)", f"TRY_CAST({second} AS INTEGER)"
        unclear = f"{parted} AND {first} <= 12 AND {second} <= 12 AND {first} <> {second}"
        parts += [
            f"count(*) FILTER (WHERE {parted} AND {first} > 12 AND {second} <= 12)",
            f"count(*) FILTER (WHERE {parted} AND {second} > 12 AND {first} <= 12)",
            f"count(*) FILTER (WHERE {unclear})",
            f"any_value({x}) FILTER (WHERE {unclear})",
        ]
    row = connection.execute(f"SELECT {', '.join(parts)} FROM {relation}").fetchall()[0]
    return found | {x: Evidence(*row[4 * n : 4 * n + 4]) for n, x in enumerate(columns)}


def formats_like(example: str) -> tuple[str, str]:
    """The day-first and month-first strptime formats of a date like `example`.

    >>> formats_like("3/4/2016")
    ('%d/%m/%Y', '%m/%d/%Y')
    """
    mark = next(character for character in example if not character.isdigit())
    clock = " %H:%M:%S" if example.count(":") > 1 else " %H:%M" if ":" in example else ""
    return f"%d{mark}%m{mark}%Y{clock}", f"%m{mark}%d{mark}%Y{clock}"


def _part(group: int) -> str:
    return f"regexp_extract(x, {text(_NUMERIC)}, {group})::INTEGER"
