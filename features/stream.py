"""What a stream of events is, and the one SELECT that reads it for a key."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from features.contracts import Known
from features.derived import DERIVED
from features.history import History
from features.kernel import MISSING
from features.owners import OF_CUSTOMER, parts_of
from features.quoting import name
from features.stream_sql import merges, unmerged
from features.verbs import Of

ColumnKind = Literal["number", "category", "moment"]


@dataclass(frozen=True)
class Stream:
    """One kind of event: its SELECT, whose events they are, what values they have.

    Columns of the SELECT: `key_<owner>` for each of `keys`, known, happened, retired (microseconds),
    tie (breaks the order of events at the same time) and the `columns`: numbers and moments as
    integers (ten-thousandths, microseconds), categories as text. `beside` holds columns that take a join
    with another stream: the key they share, that stream, its column.
    """

    sql: str
    keys: tuple[str, ...]
    columns: dict[str, ColumnKind] = field(default_factory=dict)
    beside: dict[str, tuple[str, "Stream", str]] = field(default_factory=dict)


@dataclass(frozen=True)
class StreamSet:
    """The streams of a history by name, and what can be asked of each."""

    history: History
    streams: dict[str, Stream]

    def columns(self, stream: str) -> dict[str, ColumnKind]:
        """Every column of a stream: its own, those that take a join, those that follow from the order of events."""
        found = self.streams[stream]
        kinds = dict(found.columns)
        kinds |= {column: other.columns[its] for column, (_, other, its) in found.beside.items()}
        derived = DERIVED.get(stream, {})
        return kinds | {c: d.kind for c, d in derived.items() if set(d.needs) <= found.columns.keys()}

    def has_key(self, stream: str, of: Of) -> bool:
        """Whether a stream says whose its events are, for a key."""
        return all(self._reached(stream, key) for key in parts_of(of))

    def _reached(self, stream: str, key: str) -> bool:
        own = self.streams[stream].keys
        if key in own:
            return True
        if key in OF_CUSTOMER:
            return "customer" in own and key in self._columns_of("customers")
        return key == "team" and "rep" in own and "team_id" in self._columns_of("reps")

    def _columns_of(self, stream: str) -> Iterable[str]:
        return self.streams[stream].columns if stream in self.streams else ()

    def select(self, stream: str, of: Of, columns: Iterable[str], among: str | None = None) -> str:
        """SELECT id, known, happened, retired and the columns, of events that ever stood.

        Numbers and moments are never NULL (MISSING instead). The rows are sorted by id and by when they became
        known. What follows from the order of events is not among the columns; what it follows from is. `among`
        names a relation of `id`s to which the rows are restricted.
        """
        found = self.streams[stream]
        sql = found.sql
        if "customer" in found.keys and any(k == "customer" or k in OF_CUSTOMER for k in parts_of(of)):
            sql = merged(self.history, sql)
        ids = []
        for key in parts_of(of):
            if key in found.keys:
                ids.append(name(f"key_{key}"))
            else:
                sql, column = self._joined(sql, key)
                ids.append(column)
        wanted = self.stored(stream, columns)
        for column in wanted:
            if column in found.beside:
                sql = _with_column(sql, column, *found.beside[column])
        kinds = self.columns(stream)
        chosen = "".join(f", {_filled(column, kinds[column])}" for column in wanted)
        key_id = " || chr(31) || ".join(ids)
        only = "" if among is None else f" AND ({key_id}) IN (SELECT id FROM {among})"
        return (
            f"SELECT {key_id} AS id, known, happened, coalesce(retired, {MISSING}) AS retired{chosen} FROM ({sql}) "
            f"WHERE ({key_id}) IS NOT NULL AND (retired IS NULL OR retired > known){only} "
            "ORDER BY id, known, happened, tie"
        )

    def stored(self, stream: str, columns: Iterable[str]) -> list[str]:
        """The columns to read for those asked for: what is derived is replaced by what it takes."""
        derived = DERIVED.get(stream, {})
        wanted: set[str] = set()
        for column in columns:
            wanted |= set(derived[column].needs) if column in derived else {column}
        there = self.columns(stream)
        return sorted(c for c in wanted if c in there and c not in derived)

    def _joined(self, sql: str, key: str) -> tuple[str, str]:
        """A key that belongs to the event's customer or seller, as known when the event was."""
        through, stream, column = ("rep", "reps", "team_id") if key == "team" else ("customer", "customers", key)
        return _with_column(sql, f"held_{key}", through, self.streams[stream], column), name(f"held_{key}")


def _with_column(sql: str, as_name: str, shared: str, other: Stream, column: str) -> str:
    """The events with a column of another stream as it was known when each event became known."""
    key = f"key_{shared}"
    return (
        f"SELECT e.*, o.held AS {name(as_name)} FROM ({sql}) e ASOF LEFT JOIN ("
        f"SELECT {key}, known, arg_max({name(column)}, tie) AS held FROM ({other.sql}) GROUP BY ALL"
        f") o ON o.{key} = e.{key} AND o.known <= e.known"
    )


def merged(history: History, sql: str) -> str:
    """The events, those of a merged customer counting for the customer that remains from when that was known."""
    if not merges_on_record(history):
        return sql
    return (
        f"WITH merges AS ({merges(history)}), alone AS ({unmerged(history)}), base AS ({sql}) "
        "SELECT b.* REPLACE (greatest(b.known, a.since) AS known, least(b.retired, a.until) AS retired) FROM base b "
        "LEFT JOIN alone a ON a.customer_id = b.key_customer "
        "UNION ALL BY NAME SELECT b.* REPLACE (m.remains AS key_customer, greatest(b.known, m.at) AS known, "
        "least(b.retired, m.until) AS retired) FROM base b JOIN merges m ON m.gone = b.key_customer"
    )


def merges_on_record(history: History) -> bool:
    """Whether customers say into whom they were merged."""
    return (
        "merged_into" in history.columns("customers")
        and history.known("customers", "merged_into") is not Known.AT_CLOSE
    )


def _filled(column: str, kind: ColumnKind) -> str:
    if kind == "category":
        return name(column)
    return f"coalesce({name(column)}, {MISSING})::BIGINT AS {name(column)}"
