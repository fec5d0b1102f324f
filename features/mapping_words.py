"""What does each word of a mapping file mean? From plain YAML to an `ImportMapping`, or a named error."""

import codecs
import re
from collections.abc import Callable, Mapping
from typing import TypeVar
from zoneinfo import available_timezones

from features.contracts import TABLES, Kind, Known, Table
from features.errors import ForesellError
from features.expressions import Expression, read_expression
from features.mapping import Attribute, ClashingNames, ImportMapping, Source, UnknownWord, WrongShape
from features.strict_yaml import Node
from features.suggesting import hint, nearest
from features.written_numbers import NumberStyle, read_number_style

TOP = ("timezone", "currency", "tables")
KEYS = (
    "file", "columns", "values", "known", "attributes", "sheet", "encoding", "dates", "numbers", "where", "compute",
    "complete",
)  # fmt: skip
DATES = (Kind.MOMENT, Kind.DAY)
YES, NO = ("true", "yes"), ("false", "no")
NUMBERS = (Kind.MONEY, Kind.NUMBER, Kind.INTEGER, Kind.SHARE)
NO_ENCODINGS = ("idna", "punycode", "unicode-escape", "raw-unicode-escape")
"""What Python calls text encodings and no file is written in."""
Made = TypeVar("Made")


class UnknownTimeZone(ForesellError):
    """Not a name of the IANA database."""

    problem = "timezone: '{0}' is not a time zone."
    fix = "use a name of the IANA database, such as Asia/Shanghai or Europe/London. {1}"


class UnknownCurrency(ForesellError):
    """Not three letters."""

    problem = "currency: '{0}' is not a currency code."
    fix = "use the three letters of ISO 4217, such as CNY, USD or EUR."


def mapping_of(document: Node) -> ImportMapping:
    """The mapping that a YAML document describes."""
    top = _dict(document, "the mapping")
    _only(top, TOP, "the mapping", "key of a mapping")
    timezone, currency = _text(top.get("timezone"), "timezone"), _text(top.get("currency"), "currency")
    if timezone is not None and timezone not in (zones := available_timezones()):
        meant = nearest(timezone, sorted(zones))
        raise UnknownTimeZone(timezone, f"Did you mean {meant}?" if meant else "")
    if currency is not None and not re.fullmatch("[A-Z]{3}", currency):
        raise UnknownCurrency(currency)
    tables = _dict(top.get("tables"), "tables")
    _only(tables, tuple(TABLES), "tables", "table")
    sources: list[Source] = []
    for table, node in tables.items():
        place = f"tables.{table}"
        if isinstance(node, list):
            sources += [_source(TABLES[table], item, f"{place}[{n}]") for n, item in enumerate(node, 1)]
        else:
            sources.append(_source(TABLES[table], node, place))
    return ImportMapping(timezone, currency, tuple(sources))


def _source(table: Table, node: Node, place: str) -> Source:
    keys = _dict(node, place)
    _only(keys, KEYS, place, "key of a table")
    attributes = {
        word: _attribute(word, item, f"{place}.attributes.{word}")
        for word, item in _dict(keys.get("attributes"), f"{place}.attributes").items()
    }
    compute = _each(keys, "compute", place, _expression)
    for word in attributes:
        if table.column(word):
            raise ClashingNames(f"{place}.attributes", f"'{word}' is a column of {table.name} already")
    both = (*table.names, *attributes)
    columns = _each(keys, "columns", place, _header)
    _only(columns, table.names, f"{place}.columns", f"column of {table.name}")
    _only(compute, both, f"{place}.compute", f"column of {table.name} or attribute declared under attributes")
    for word in compute.keys() & columns.keys():
        raise ClashingNames(f"{place}.compute", f"'{word}' stands under columns too")
    values = _each(keys, "values", place, _words)
    _only(values, both, f"{place}.values", f"column of {table.name} or declared attribute")
    known = _each(keys, "known", place, _known)
    _only(known, both, f"{place}.known", f"column of {table.name} or declared attribute")
    dates = _each(keys, "dates", place, _date_format)
    _only(dates, _of(table, DATES), f"{place}.dates", f"column of {table.name} that holds a date or time")
    numbers = _each(keys, "numbers", place, _number_style)
    _only(numbers, _of(table, NUMBERS), f"{place}.numbers", f"column of {table.name} that holds a number")
    where = _text(keys.get("where"), f"{place}.where")
    return Source(
        table.name,
        _files(keys.get("file"), f"{place}.file"),
        columns,
        values,
        known,
        {w: Attribute(None, a.known) if a and w in compute else a for w, a in attributes.items()},
        _text(keys.get("sheet"), f"{place}.sheet"),
        _encoding(_text(keys.get("encoding"), f"{place}.encoding"), f"{place}.encoding"),
        dates,
        numbers,
        read_expression(f"{place}.where", where) if where else None,
        compute,
        _yes_or_no(keys.get("complete"), f"{place}.complete"),
    )


def _attribute(word: str, node: Node, place: str) -> Attribute | None:
    """`name: known`, `name: {column: HEADER, known: known}`, or nothing: left out."""
    if node is None:
        return None
    if isinstance(node, dict):
        _only(node, ("column", "known"), place, "key of an attribute")
        known = _known(node.get("known", "current"), f"{place}.known")
        return Attribute(_text(node.get("column"), f"{place}.column") or word, known)
    return Attribute(word, _known(node, place))


def _known(node: Node, place: str) -> Known:
    word = _text(node, place)
    if word not in tuple(Known):
        raise UnknownWord(place, word, "moment a value becomes known", hint(word or "", [*Known]))
    return Known(word)


def _yes_or_no(node: Node, place: str) -> bool:
    word = (_text(node, place) or "false").lower()
    if word not in (*YES, *NO):
        raise WrongShape(place, f"'{word}'", "true or false")
    return word in YES


def _expression(node: Node, place: str) -> Expression:
    sql = _text(node, place)
    if not sql:
        raise WrongShape(place, "empty", "a DuckDB expression")
    return read_expression(place, sql)


def _header(node: Node, place: str) -> str:
    header = _text(node, place)
    if not header:
        raise WrongShape(place, "empty", "the header of a column of the file")
    return header.strip()


def _words(node: Node, place: str) -> Mapping[str, str | None]:
    return {word.strip(): _text(new, f"{place}.{word}") for word, new in _dict(node, place).items()}


def _date_format(node: Node, place: str) -> str:
    """A strptime format that DuckDB understands."""
    import duckdb

    from features.quoting import text

    written = _text(node, place)
    if not written or "%" not in written:
        raise WrongShape(place, f"'{written}'", "a format such as '%m/%d/%Y' or '%d.%m.%Y %H:%M'")
    try:
        with duckdb.connect(":memory:", config={"threads": 1}) as connection:
            connection.execute(f"SELECT try_strptime('x', {text(written)})")
    except duckdb.Error as wrong:
        reason = f"'{written}' ({str(wrong).splitlines()[0]})"
        raise WrongShape(place, reason, "a format such as '%m/%d/%Y' or '%d.%m.%Y %H:%M'") from wrong
    return written


def _number_style(node: Node, place: str) -> NumberStyle:
    return read_number_style(place, _text(node, place) or "")


def _encoding(word: str | None, place: str) -> str | None:
    if word is None:
        return None
    try:
        found = codecs.lookup(word).name
        if "a".encode(found).decode(found) == "a" and found not in NO_ENCODINGS:
            return found
        raise LookupError(word)
    except (LookupError, ValueError) as wrong:
        known = ("utf-8", "gb18030", "gbk", "big5", "shift_jis", "cp1252", "latin-1", "utf-16")
        raise UnknownWord(place, word, "text encoding", hint(word, known)) from wrong


def _files(node: Node, place: str) -> tuple[str, ...]:
    if isinstance(node, list):
        return tuple(name for item in node if (name := _text(item, place)))
    name = _text(node, place)
    return (name,) if name else ()


def _of(table: Table, kinds: tuple[Kind, ...]) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns if column.kind in kinds)


def _each(keys: Mapping[str, Node], key: str, place: str, read: Callable[[Node, str], Made]) -> dict[str, Made]:
    """Every entry of a nested part, read by `read(node, place)`."""
    nested = _dict(keys.get(key), f"{place}.{key}")
    return {word: read(node, f"{place}.{key}.{word}") for word, node in nested.items()}


def _only(words: Mapping[str, object], known: tuple[str, ...], place: str, what: str) -> None:
    for word in words:
        if word not in known:
            raise UnknownWord(place, word, what, hint(word, known))


def _dict(node: Node, place: str) -> dict[str, Node]:
    if node is None:
        return {}
    if not isinstance(node, dict):
        raise WrongShape(place, f"'{node}'" if isinstance(node, str) else "a list", "a mapping of names, as in {a: b}")
    return node


def _text(node: Node, place: str) -> str | None:
    if isinstance(node, (dict, list)):
        raise WrongShape(place, "a list" if isinstance(node, list) else "a mapping", "one text")
    return node
