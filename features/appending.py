"""How does a delivery become part of the history? Its news are written to files, then one entry names them.

Files are written sorted, as their readers want them: what belongs to a deal or a customer lies together.
"""

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from filelock import FileLock

from features.contracts import DELETED, TABLES
from features.delivery import NO_CURRENCY, Counts, Delivery
from features.history import CurrencyChanged, History, HistoryNotWritten
from features.home import make_private
from features.ledger import SCHEMA, Entry, Part, seal, sums_of, text_of
from features.quoting import name, text

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

MEMORY_MB = 450
MEMORY = f"{MEMORY_MB}MB"
"""What comparing a delivery with the record may take; more spills to the home folder."""
SORTED_BYTES = 20
"""Memory for each row of a file that is written sorted, beside that."""
ATTEMPTS = 3
"""How often a delivery is compared anew because a writer of another machine came first."""
SORTED_BY = {
    "activities": ("deal_id", "happened_at"),
    "deal_changes": ("deal_id", "changed_at"),
    "orders": ("customer_id", "ordered_at"),
}
"""How the rows of a file are sorted, NULL last; tables not named here by their key."""


class AnotherWriter(HistoryNotWritten):
    problem = "Writers on other machines kept adding to the history at {0}; this delivery is not in it."
    fix = "let one machine write at a time, then run the import again."


class _NumberTaken(Exception):
    """A writer of another machine has added an entry meanwhile."""


def append(history: History, delivery: Delivery) -> dict[str, Counts]:
    """Add a delivery to the history, all or nothing; the object sees it afterwards.

    Raises CurrencyChanged, HistoryNotWritten.
    """
    with writing(history):
        for _ in range(ATTEMPTS):
            history.log = history.ledger.read()
            if not history.store.shared:
                history.ledger.sweep(history.log)
            try:
                return _append(history, delivery)
            except _NumberTaken:
                continue
        raise AnotherWriter(history.store.place)


@contextmanager
def writing(history: History) -> "Iterator[None]":
    """The time of one writer: one at a time on this machine; what the disk says becomes HistoryNotWritten."""
    import duckdb

    try:
        make_private(history.home)
        with FileLock(history.store.lock_file):
            yield
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as failure:
        history.log = history.ledger.read()
        raise HistoryNotWritten(str(failure).splitlines()[0]) from failure


def _append(history: History, delivery: Delivery) -> dict[str, Counts]:
    from features.snapshots import capture

    if history.currency not in (None, NO_CURRENCY, delivery.currency) and delivery.currency != NO_CURRENCY:
        raise CurrencyChanged(history.currency, delivery.currency)
    number = len(history.entries) + 1
    counts: dict[str, Counts] = {}
    parts: dict[str, tuple[Part, ...]] = {}
    with history.connect() as con:
        con.execute(f"SET memory_limit='{MEMORY}'")
        for table, path in delivery.tables.items():
            counts[table], part = _store(con, history, table, path, number, delivery)
            if part.rows or table not in history.tables():
                parts[table] = (part,)
            else:
                history.store.remove(part.file)
        entry = Entry(
            history.log.number + 1,
            delivery.origin,
            text_of(delivery.taken_at),
            delivery.timezone,
            delivery.currency,
            {t: {c: str(k) for c, k in known.items()} for t, known in delivery.known.items()},
            parts,
        )
        if captured := capture(con, history, history.with_log(history.log.with_entry(entry)), delivery):
            part = write_part(con, history, "deal_changes", number, captured.columns)
            parts["deal_changes"] = (*parts.get("deal_changes", ()), part)
    if any(part.rows for found in parts.values() for part in found) or _declares_anew(history, delivery):
        entry = replace(entry, parts=parts, sums=sums_of(parts), tables=tuple(delivery.tables))
        entry = replace(entry, captured=captured.fields if captured else {})
        try:
            history.ledger.commit(entry)
        except FileExistsError as taken:
            raise _NumberTaken from taken
        history.log = history.log.with_entry(entry)
    else:
        for file in (part.file for found in parts.values() for part in found):
            history.store.remove(file)  # empty, and named by nothing
    return counts


def _declares_anew(history: History, delivery: Delivery) -> bool:
    if not history.entries or history.timezone != delivery.timezone:
        return True
    return any(
        history.known(table, column) != known
        for table, declared in delivery.known.items()
        for column, known in declared.items()
    )


def _store(
    con: "duckdb.DuckDBPyConnection", history: History, table: str, path: Path, number: int, delivery: Delivery
) -> tuple[Counts, Part]:
    """Write the rows of one table that are not on record; count the rest."""
    from features.versions import sql_additions, sql_complete

    staged = f"read_parquet({text(str(path))})"
    given = tuple(row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {staged}").fetchall())
    con.execute(sql_additions(history, table, staged, given, number, delivery.taken_at, delivery.timezone))
    total = int(con.execute(f"SELECT count(*) FROM {staged}").fetchall()[0][0])
    if table in delivery.complete and _is_newest(history, table, delivery):
        present = f"read_parquet({text(str(delivery.complete[table]))})"
        for sql in sql_complete(history, table, staged, present, given, number, total, delivery.taken_at):
            con.execute(sql)
    gone = f"{name(DELETED.name)} IS NOT NULL"
    new, changed, deleted, told = con.execute(
        f"SELECT count(*) FILTER (NOT known_key AND NOT ({gone})), count(*) FILTER (known_key AND NOT ({gone})), "
        f"count(*) FILTER ({gone}), count(*) FILTER (delivery_row <= {total}) FROM additions"
    ).fetchall()[0]
    part = write_part(con, history, table, number, tuple(dict.fromkeys((*given, *history.columns(table)))))
    return Counts(new, changed, total - told, deleted), part


def _is_newest(history: History, table: str, delivery: Delivery) -> bool:
    """Whether no later export of the table is on record: an older one cannot say what is gone today."""
    taken = text_of(delivery.taken_at)
    return all(entry.taken_at <= taken for entry in history.entries if table in entry.tables)


def write_part(
    con: "duckdb.DuckDBPyConnection", history: History, table: str, number: int, columns: tuple[str, ...]
) -> Part:
    """Write the temporary table `additions` as a new, sorted file of a table, and drop it."""
    present = {row[0] for row in con.execute("DESCRIBE additions").fetchall()}
    rows, changed, deletions = con.execute(
        f"SELECT count(*), count(*) FILTER (known_key), count({name(DELETED.name)}) FROM additions"
    ).fetchall()[0]
    file = f"tables/{table}/{number:08d}-{uuid4().hex[:8]}.parquet"
    draft = history.store.draft(file)
    order = ", ".join(f"{name(c)} NULLS LAST" for c in sorted_by(table) if c in present)
    # Sorting tens of millions of rows takes more than comparing them: a bounded share of each is held.
    con.execute(f"SET memory_limit='{MEMORY_MB + rows * SORTED_BYTES // 1_000_000}MB'")
    con.execute("SET preserve_insertion_order=false")  # the rows are numbered; their order is the sort's
    con.execute(
        f"COPY (SELECT * EXCLUDE (known_key) FROM additions ORDER BY {order}, delivery_row) TO {text(str(draft))} "
        "(FORMAT parquet, COMPRESSION zstd)"
    )
    con.execute("SET preserve_insertion_order=true")
    con.execute("DROP TABLE additions")
    digest = seal(draft)
    history.store.keep(file, draft)
    held = tuple(column for column in columns if column in present)
    return Part(file, rows, digest, held, changed > 0, deletions, SCHEMA)


def sorted_by(table: str) -> tuple[str, ...]:
    """The columns by which the rows of a table's files are sorted."""
    return SORTED_BY.get(table, TABLES[table].key)
