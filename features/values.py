"""How does a text of a file become a value of the contract, and why did one not?

Everything is DuckDB SQL over one text column, so a million rows are read without a line of Python each.
"""

from collections.abc import Callable
from dataclasses import dataclass

from features.contracts import Column, Kind
from features.quoting import text, texts
from features.written_dates import MIXED
from features.written_numbers import PLAIN, NumberStyle

FIRST_YEAR, LAST_YEAR = 1900, 2200
YES, NO = ("true", "yes", "y", "1", "是"), ("false", "no", "n", "0", "否")
CURRENCY = "currency"
_SIGN = r"[$€£¥￥₩₹₽元]|^[A-Za-z]{1,3}[. ]?\s*\d|\d\s*[A-Z]{3}$"
_THOUSANDS = r"^[+-]?\d{1,3}([,' ]\d{3})+(\.\d*)?$"


@dataclass(frozen=True)
class Fault:
    """One way in which a value fails: SQL that holds then, what to say, and the way out.

    With `choices`, `{nearest}` in the fix is the choice most like the value.
    """

    when: str
    reason: str
    fix: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """SQL of a typed value, NULL where it cannot be read, and the faults that explain a NULL, in order.

    `clean` is SQL of a plain text that `value` and the faults may call by the name `k`.
    """

    clean: str
    value: str
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Written:
    """How one column is written in one file. `x` names its text in SQL, `k` its clean text."""

    column: Column
    x: str
    k: str
    zone: str
    day_order: str
    date_format: str | None = None
    style: NumberStyle | None = None


def reading(written: Written) -> Reading:
    """How to read a column of this kind."""
    return _READINGS[written.column.kind](written)


def _text(written: Written) -> Reading:
    if written.column.name != CURRENCY:
        return Reading(written.x, written.k, ())
    fix = 'map it in the mapping: values: {currency: {"THE TEXT": USD}}'
    code = f"CASE WHEN regexp_full_match({written.x}, '[A-Za-z]{{3}}') THEN upper({written.x}) END"
    return Reading(code, written.k, (Fault("true", "not a currency code of three letters", fix),))


def _choice(written: Written) -> Reading:
    choices, name = written.column.choices, written.column.name
    reason = f"not one of {', '.join(choices)}"
    fix = f'map it in the mapping: values: {{{name}: {{"{{value}}": {{nearest}}}}}}'
    value = f"CASE WHEN {written.k} IN {_row(choices)} THEN {written.k} END"
    return Reading(f"lower({written.x})", value, (Fault("true", reason, fix, choices),))


def _flag(written: Written) -> Reading:
    k = written.k
    value = f"CASE WHEN {k} IN {_row(YES)} THEN true WHEN {k} IN {_row(NO)} THEN false END"
    fix = f'map it in the mapping: values: {{{written.column.name}: {{"{{value}}": yes}}}} (or no)'
    return Reading(f"lower({written.x})", value, (Fault("true", "neither yes nor no", fix),))


def _moment(written: Written) -> Reading:
    zone = text(written.zone)
    value = f"utc_time({written.k}, {zone})"
    within = f"CASE WHEN year({value}) BETWEEN {FIRST_YEAR} AND {LAST_YEAR} THEN {value} END"
    return Reading(_iso(written), within, _date_faults(written))


def _day(written: Written) -> Reading:
    value = f"local_time({written.k}, {text(written.zone)})::DATE"
    within = f"CASE WHEN year({value}) BETWEEN {FIRST_YEAR} AND {LAST_YEAR} THEN {value} END"
    return Reading(_iso(written), within, _date_faults(written))


def _iso(written: Written) -> str:
    if written.date_format is None:
        return f"written_iso({written.x}, {text(written.day_order)})"
    return f"try_strptime({written.x}, {text(written.date_format)})::VARCHAR"


def _date_faults(written: Written) -> tuple[Fault, ...]:
    x, k, name = written.x, written.k, written.column.name
    tell = f'say how it is written in the mapping: dates: {{{name}: "%d/%m/%Y"}}'
    unclear = Fault(
        "true" if written.day_order == MIXED else "false",
        "day and month cannot be told apart: the column mixes both orders",
        "write the column in one order in the file, best as 2016-10-20, or leave the doubtful dates empty",
    )
    if written.date_format is not None:
        reason = f"not written as {written.date_format}"
        return (Fault("true", reason, f"correct the value, or the format under dates: {{{name}: ...}}"),)
    return (
        Fault(
            f"regexp_matches({k}, '^\\d{{4}}') AND TRY(local_time({k}, 'UTC')) IS NOT NULL",
            f"the year is outside {FIRST_YEAR} to {LAST_YEAR}",
            f'correct the year, or leave a placeholder date empty: values: {{{name}: {{"{{value}}": null}}}}',
        ),
        Fault(
            f"{k} IS NOT NULL",
            "there is no such day or time",
            f"correct the value. If the order is other: {tell}",
        ),
        Fault(
            f"regexp_full_match({x}, '\\d{{1,2}}[/.-]\\d{{1,2}}[/.-]\\d{{2}}(\\D.*)?')",
            "the year has two digits",
            f'say how it is written in the mapping: dates: {{{name}: "%d/%m/%y"}}',
        ),
        Fault(
            f"{unclear.when} AND regexp_matches({x}, '^\\d{{1,2}}[/.-]\\d{{1,2}}[/.-]\\d{{4}}')",
            unclear.reason,
            unclear.fix,
        ),
        Fault("true", "not a date or time that can be read", tell),
    )


def _money(written: Written) -> Reading:
    value = f"TRY_CAST({_scaled(written)} AS DECIMAL(18,4))"
    large = Fault(f"{written.k} IS NOT NULL", "too large for an amount of money", "correct the value (limit 10^14)")
    return Reading(_plain(written), value, (large, *_number_faults(written)))


def _number(written: Written) -> Reading:
    value = f"TRY_CAST({_scaled(written)} AS DOUBLE)"
    finite = f"CASE WHEN isfinite({value}) THEN {value} END"
    large = Fault(f"{written.k} IS NOT NULL", "too large for a number", "correct the value")
    return Reading(_plain(written), finite, (large, *_number_faults(written)))


def _integer(written: Written) -> Reading:
    number = f"TRY_CAST({written.k} AS DECIMAL(38,9))"
    value = f"CASE WHEN {number} = trunc({number}) THEN TRY_CAST({number} AS BIGINT) END"
    part = Fault(f"{written.k} IS NOT NULL", "not a whole number", "round it in the file, or with compute:")
    return Reading(_plain(written), value, (part, *_number_faults(written)))


def _share(written: Written) -> Reading:
    name = written.column.name
    number = f"TRY_CAST({_scaled(written)} AS DOUBLE)"
    value = f"CASE WHEN {number} BETWEEN 0 AND 1 THEN {number} END"
    percent = f'say so in the mapping: numbers: {{{name}: "50%"}}, which divides by 100'
    faults = (
        Fault(f"{written.x} LIKE '%\\%' ESCAPE '\\'", "written in percent; a share runs from 0 to 1", percent),
        Fault(f"{number} > 1 AND {number} <= 100", "looks like percent; a share runs from 0 to 1", percent),
        Fault(f"{written.k} IS NOT NULL", "a share runs from 0 to 1", "correct the value"),
    )
    return Reading(_plain(written), value, (*faults, *_number_faults(written)))


def _plain(written: Written) -> str:
    if written.style is not None:
        return written.style.sql_plain(written.x)
    return f"CASE WHEN regexp_full_match({written.x}, {text(PLAIN)}) THEN {written.x} END"


def _scaled(written: Written) -> str:
    if written.style is not None and written.style.percent:
        return f"(TRY_CAST({written.k} AS DECIMAL(38,9)) / 100)"
    return written.k


def _number_faults(written: Written) -> tuple[Fault, ...]:
    x, name = written.x, written.column.name
    tell = "say how it is written with one example in the mapping: numbers: {{{}: {}}}"
    if written.style is not None:
        return (Fault("true", "not written as the example under numbers:", f"correct the value, or numbers: {name}"),)
    infinite = "('nan', '-nan', 'inf', '-inf', '+inf', 'infinity', '-infinity', 'null', 'none', 'na', 'n/a', '-')"
    return (
        Fault(
            f"lower({x}) IN {infinite}",
            "not a number",
            f'if it means that nothing is known: values: {{{name}: {{"{{value}}": null}}}}',
        ),
        Fault(f"{x} LIKE '%\\%' ESCAPE '\\'", "written in percent", tell.format(name, '"12.5%"')),
        Fault(f"regexp_matches({x}, {text(_SIGN)})", "carries a currency sign", tell.format(name, '"$1,234.56"')),
        Fault(f"regexp_matches({x}, {text(_THOUSANDS)})", "has thousands marks", tell.format(name, '"1,234.56"')),
        Fault(
            f"regexp_matches({x}, '^[+-]?[0-9.]*,\\d+$')",
            "has a decimal comma",
            tell.format(name, '"1.234,56"'),
        ),
        Fault("true", "not a number", "correct the value; plain numbers look like 1234.56"),
    )


def _row(words: tuple[str, ...]) -> str:
    return "(" + texts(words)[1:-1] + ")"


_READINGS: dict[Kind, Callable[[Written], Reading]] = {
    Kind.ID: _text,
    Kind.TEXT: _text,
    Kind.CHOICE: _choice,
    Kind.MOMENT: _moment,
    Kind.DAY: _day,
    Kind.MONEY: _money,
    Kind.NUMBER: _number,
    Kind.INTEGER: _integer,
    Kind.SHARE: _share,
    Kind.FLAG: _flag,
}
