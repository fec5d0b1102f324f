"""What could a history give if it had every table and every column? What features may name, without a history.

The streams are asked for their SELECTs as always; nothing is read. So the answer follows the streams' own definitions.
"""

from functools import cache
from typing import cast

from features.contracts import ATTRIBUTE_PREFIX, TABLES, TRACKABLE, Known
from features.history import History
from features.owners import CROSS, owner_of, parts_of
from features.stream import ColumnKind
from features.streams import STREAMS, open_streams
from features.verbs import Of

ANY = "any"
"""Stands for attributes of any name."""


class _Everything:
    """As much of a history as the definitions of streams ask for: it has all tables, all columns, an attribute."""

    timezone = "UTC"
    currency = "XXX"
    entries = ()

    def tables(self) -> tuple[str, ...]:
        return tuple(TABLES)

    def columns(self, table: str) -> tuple[str, ...]:
        return (*TABLES[table].names, ATTRIBUTE_PREFIX + ANY)

    def attributes(self, table: str) -> tuple[str, ...]:
        return (ANY,)

    def known(self, table: str, column: str) -> Known:
        return Known.TRACKED if table == "deals" and column in TRACKABLE else Known.AT_CREATION

    def sql_versions(self, table: str) -> str:
        return f"SELECT * FROM {table}"


@cache
def columns_of(stream: str) -> dict[str, ColumnKind]:
    """The columns a stream may have and their kinds, attributes under the name `attr_any`; none for an unknown one.

    >>> columns_of("resolutions")
    {'days': 'number', 'kind': 'category'}
    """
    streams = open_streams(cast(History, _Everything()))
    return streams.columns(stream) if stream in streams.streams else {}


def kind_of(stream: str, column: str) -> ColumnKind | None:
    """The kind of a stream's column; None where no history can have it.

    >>> kind_of("deals", "attr_seats:number")
    'number'
    """
    if column.startswith(ATTRIBUTE_PREFIX):
        column = f"{ATTRIBUTE_PREFIX}{ANY}" + (":number" if column.endswith(":number") else "")
    return columns_of(stream).get(column)


def fits(stream: str, of: Of, entity: str) -> bool:
    """Whether a stream may say whose its events are, for a key that a deal or customer can have.

    >>> fits("orders", "segment", "deal"), fits("orders", "stage", "deal")
    (True, False)
    """
    if len(parts_of(of)) > 2:
        return False
    for key in parts_of(of):
        try:
            owner_of(key, entity)
        except KeyError:
            return False
    keys = (ATTRIBUTE_PREFIX + ANY if key.startswith(ATTRIBUTE_PREFIX) else key for key in parts_of(of))
    return open_streams(cast(History, _Everything())).has_key(stream, CROSS.join(keys))


OF_CHANGES = (
    "stage_changes", "stage_stays", "amount_changes", "close_date_changes", "owner_changes", "category_changes",
)  # fmt: skip
"""Streams of deals' fields whose past values stand in `deal_changes`, unless the mapping says otherwise."""


def tables_of(stream: str) -> tuple[str, ...]:
    """The tables a stream is made of.

    >>> tables_of("purchases"), tables_of("stage_changes")
    (('orders',), ('deals', 'deal_changes'))
    """
    return (*STREAMS[stream][0], *(("deal_changes",) if stream in OF_CHANGES else ()))
