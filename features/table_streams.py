"""How does a table become a stream? Every version of its rows is an event when it became known."""

from features.contracts import ATTRIBUTE_PREFIX, TABLES, Known
from features.history import History
from features.quoting import name
from features.stream import ColumnKind, Stream
from features.stream_sql import number, times


def usable(history: History, table: str, *columns: str) -> tuple[str, ...]:
    """Those of the columns whose values are known while the row lives."""
    given = history.columns(table)
    return tuple(c for c in columns if c in given and history.known(table, c) is Known.AT_CREATION)


def usable_attributes(history: History, table: str) -> tuple[str, ...]:
    """The stored names of the attributes whose values are known while the row lives."""
    attributes = (a for a in history.attributes(table) if history.known(table, a) is Known.AT_CREATION)
    return tuple(ATTRIBUTE_PREFIX + attribute for attribute in attributes)


def rows(
    history: History, table: str, keys: dict[str, str], categories: tuple[str, ...], numbers: tuple[str, ...]
) -> Stream:
    """Every version of a table's rows, with those of the columns that are usable and all usable attributes."""
    categories = usable(history, table, *categories)
    numbers = usable(history, table, *numbers)
    attributes = usable_attributes(history, table)
    columns: dict[str, ColumnKind] = dict.fromkeys((*categories, *attributes), "category")
    columns |= dict.fromkeys((*numbers, *(f"{a}:number" for a in attributes)), "number")
    chosen = [name(c) for c in (*categories, *attributes)]
    chosen += [f"{number(name(c))} AS {name(c)}" for c in numbers]
    chosen += [f"{number(name(a))} AS {name(f'{a}:number')}" for a in attributes]
    held = {owner: column for owner, column in keys.items() if usable(history, table, column)}
    owners = [f"{name(column)} AS key_{owner}" for owner, column in held.items()]
    tie = name(TABLES[table].key[0])
    sql = f"SELECT {', '.join((*owners, *times(table), f'{tie} AS tie', *chosen))} FROM ({history.sql_versions(table)})"
    return Stream(sql, tuple(held), columns)


def described(rows: Stream, history: History) -> Stream:
    """A table that describes: the version known last stands, whatever happened when, until its row is deleted."""
    sql = rows.sql.replace("epoch_us(retired_at) AS retired", "epoch_us(deleted_at) AS retired, retired_at")
    sql = (
        f"SELECT * EXCLUDE (retired_at) REPLACE (known AS happened) FROM ({sql}) "
        "WHERE retired_at IS NULL OR epoch_us(retired_at) > known"
    )
    return Stream(sql, rows.keys, rows.columns)
