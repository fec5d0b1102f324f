"""Are the rows of an import fit for the history? Reads every part, sets bad rows aside, hands over the rest.

Everything happens in one DuckDB connection that can touch nothing but the home folder, over views of the staged
texts: no row passes through Python, and memory stays bounded however long the files are.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from features.contracts import DELETED, RECORDED, TABLES
from features.day_closings import at_the_end_of_its_day
from features.day_orders import day_orders
from features.expressions import BadExpression
from features.parts import Cell, Part
from features.quoting import name, text, texts
from features.row_checks import ROW_CHECKS
from features.values import Written, reading
from features.written_dates import MONTH_FIRST, create_date_macros

MEMORY = "400MB"
"""What DuckDB may use before it spills to the staging folder."""
THREADS = 2
INSERTED = 1000
"""Malformed lines written down in one statement."""
BLANKS = " \t\r\n\u3000\u00a0\ufeff"
"""Trimmed from both ends of every text."""


class Fault(NamedTuple):
    """Why rows of one part are set aside, as the rejects file tells it."""

    part: int
    table: str
    file: str
    column: str
    reason: str
    fix: str
    choices: tuple[str, ...]


class Inspection:
    """The rows of one import, typed and checked. Times without an offset are read in `zone` (IANA)."""

    def __init__(self, home: Path, folder: Path, zone: str) -> None:
        self.folder, self.zone = folder, zone
        self.parts: list[Part] = []
        self.notes: list[str] = []
        self.left_out: dict[str, int] = {}
        self.rows: dict[str, int] = {}
        self.faults: list[Fault] = []
        self.connection = _connect(home, folder)
        self.connection.execute("CREATE TEMP TABLE faulty(part INTEGER, _row BIGINT, fault INTEGER, value VARCHAR)")
        self.connection.execute("CREATE TEMP TABLE dropped(part INTEGER, _row BIGINT)")

    def close(self) -> None:
        """Give back memory and files."""
        self.connection.close()

    def tables(self) -> tuple[str, ...]:
        """The tables that this import brings, in the contract's order."""
        present = {part.table.name for part in self.parts}
        return tuple(table for table in TABLES if table in present)

    def add(self, part: Part) -> None:
        """Read a part and set aside the rows that fail on their own.

        Raises AmbiguousDates, BadExpression.
        """
        self.parts.append(part)
        self._view_texts(part)
        orders, notes = day_orders(self.connection, part)
        self.notes += notes
        self._type(part, orders)
        self._take_malformed(part)

    def fault(self, part: Part, column: str, reason: str, fix: str, choices: tuple[str, ...] = ()) -> int:
        """The number of a fault, registered when first seen."""
        found = Fault(part.number, part.table.name, part.file, column, reason, fix, choices)
        if found not in self.faults:
            self.faults.append(found)
        return self.faults.index(found)

    def good(self, table: str) -> str:
        """A relation with the good rows of a table: its typed columns, `_part` and `_row`."""
        parts = [part for part in self.parts if part.table.name == table]
        rows = " UNION ALL BY NAME ".join(f"SELECT * FROM good_{part.number}" for part in parts)
        return f"(SELECT * FROM ({rows}) r ANTI JOIN dropped d ON d.part = r._part AND d._row = r._row)"

    def gives(self, table: str, column: str) -> bool:
        """Whether any part of this import gives this column."""
        return any(part.table.name == table and part.gives(column) for part in self.parts)

    def reject(self, table: str, column: str, reason: str, fix: str, rows: str, choices: tuple[str, ...] = ()) -> None:
        """Set aside the rows of `rows`, a SELECT of `_part`, `_row` and `value`."""
        for part in self.parts:
            if part.table.name == table:
                number = self.fault(part, column, reason, fix, choices)
                self.connection.execute(
                    f"INSERT INTO faulty SELECT _part, _row, {number}, value FROM ({rows}) WHERE _part = {part.number}"
                )
        self.settle()

    def settle(self) -> None:
        """Take the rows found faulty so far out of the good ones."""
        self.connection.execute(
            "INSERT INTO dropped SELECT DISTINCT part, _row FROM faulty ANTI JOIN dropped USING (part, _row)"
        )

    def deliver(self, table: str) -> Path:
        """Write the good rows of a table to a Parquet file and return its path."""
        target = self.folder / f"{table}.parquet"
        self.connection.execute(
            f"COPY (SELECT * EXCLUDE (_part, _row) FROM {self.good(table)}) TO {text(str(target))} "
            "(FORMAT parquet, COMPRESSION snappy)"
        )
        return target

    def _view_texts(self, part: Part) -> None:
        """A view `texts_<n>`: `_row` and one trimmed text `x<i>` for each cell."""
        n, where = part.number, part.source.where
        width = range(len(part.staged.headers))
        named = [f"c{i} AS {name(header)}" for i, header in enumerate(part.staged.headers)]
        present = " OR ".join(f"c{i} <> ''" for i in width) or "false"
        rows = (
            f"SELECT _row, {text(part.file)} AS _file, {', '.join(named)} "
            f"FROM read_parquet({text(str(part.staged.path))}) WHERE {present}"
        )
        total = self._count(rows)
        if where:
            rows = f"SELECT * FROM ({rows}) {'QUALIFY' if where.windowed else 'WHERE'} {where.guarded}"
        raw = ", ".join(f"{_sql_raw(cell)} AS w{i}" for i, cell in enumerate(part.cells))
        trimmed = ", ".join(_sql_trimmed(i) for i in range(len(part.cells)))
        deleted = next((_sql_text(c, i) for i, c in enumerate(part.cells) if c.column is DELETED), None)
        texts = ", ".join(_told(part, cell, i, deleted) for i, cell in enumerate(part.cells))
        chosen = f"SELECT _row, {texts} FROM (SELECT _row, {trimmed} FROM (SELECT _row, {raw} FROM ({rows})))"
        windowed = any(e.windowed for e in (where, *part.source.compute.values()) if e)
        try:
            if windowed:
                # A window looks at all rows: computed once, not at each use of the view.
                target = self.folder / f"texts_{n}.parquet"
                self.connection.execute(f"COPY ({chosen}) TO {text(str(target))} (FORMAT parquet, COMPRESSION snappy)")
                chosen = f"SELECT * FROM read_parquet({text(str(target))})"
            self.connection.execute(f"CREATE TEMP VIEW texts_{n} AS {chosen}")
            kept = self._count(f"FROM texts_{n}")
        except (duckdb.IOException, duckdb.OutOfMemoryException):
            raise
        except duckdb.Error as wrong:
            shown = "; ".join(e.sql for e in (where, *part.source.compute.values()) if e)
            raise BadExpression(f"tables.{part.table.name}", shown, str(wrong).splitlines()[0]) from wrong
        table = part.table.name
        self.rows[table] = self.rows.get(table, 0) + kept + len(part.staged.malformed)
        self.left_out[table] = self.left_out.get(table, 0) + total - kept

    def _take_malformed(self, part: Part) -> None:
        rows = [
            f"({part.number}, {bad.row}, {self.fault(part, '', bad.reason, bad.fix)}, {text(bad.text)})"
            for bad in part.staged.malformed
        ]
        for start in range(0, len(rows), INSERTED):
            self.connection.execute(f"INSERT INTO faulty VALUES {', '.join(rows[start : start + INSERTED])}")

    def _count(self, rows: str) -> int:
        return int(self.connection.execute(f"SELECT count(*) FROM ({rows})").fetchall()[0][0])

    def _type(self, part: Part, orders: dict[str, str]) -> None:
        """Write the typed rows of a part, make the view `good_<n>` of them, and collect the faulty ones.

        Each step is a query of its own: an alias used within one SELECT would be computed at each use.
        """
        n = part.number
        steps = [self._sql_steps(part, cell, i, orders) for i, cell in enumerate(part.cells)]
        checks = self._sql_checks(part)
        clean, typed, faults = zip(*steps, strict=True)
        moved = at_the_end_of_its_day(part.table.name, {cell.column.name for cell in part.cells}, self.zone)
        layers = (("*", *clean), ("*", *typed), (moved or "*",), ("*", *faults), ("*", *(sql for sql, _ in checks)))
        codes = ", ".join([*(f"f{i}" for i in range(len(steps))), *(f"r{i}" for i in range(len(checks)))])
        shown = ", ".join([*(f"x{i}" for i in range(len(steps))), *(x for _, x in checks)])
        values = ", ".join(name(cell.column.name) for cell in part.cells)
        target = text(str(self.folder / f"typed_{n}.parquet"))
        self.connection.execute(
            f"COPY (SELECT _row, coalesce({codes}, NULL) IS NOT NULL AS _bad, {values} "
            f"FROM {_layered(f'texts_{n}', layers)}) TO {target} (FORMAT parquet, COMPRESSION snappy)"
        )
        bad = f"(SELECT _row FROM read_parquet({target}) WHERE _bad)"
        if self._count(f"FROM {bad}"):
            faulty = _layered(f"(FROM texts_{n} SEMI JOIN {bad} USING (_row))", layers)
            self.connection.execute(
                f"INSERT INTO faulty SELECT {n}, _row, fault, value FROM (SELECT _row, unnest([{codes}]) AS fault, "
                f"unnest([{shown}]) AS value FROM {faulty}) WHERE fault IS NOT NULL"
            )
        self.connection.execute(
            f"CREATE TEMP VIEW good_{n} AS SELECT {n} AS _part, * EXCLUDE (_bad) "
            f"FROM read_parquet({target}) WHERE NOT _bad"
        )
        self.settle()

    def _sql_checks(self, part: Part) -> list[tuple[str, str]]:
        """For each check of a row in itself: SQL of its fault `r<i>`, and the text to show."""
        places = {cell.column.name: i for i, cell in enumerate(part.cells)}
        checks: list[tuple[str, str]] = []
        for check in ROW_CHECKS:
            if check.table == part.table.name and all(column in places for column in check.columns):
                fault = self.fault(part, check.blamed, check.reason, check.fix, check.choices)
                sql = f"CASE WHEN {check.when} THEN {fault} END AS r{len(checks)}"
                checks.append((sql, f"x{places[check.blamed]}"))
        return checks

    def _sql_steps(self, part: Part, cell: Cell, i: int, orders: dict[str, str]) -> tuple[str, str, str]:
        """SQL of a cell's clean text `k<i>`, of its typed value and of its fault `f<i>`."""
        column, x, source = cell.column, f"x{i}", part.source
        order = orders.get(x, MONTH_FIRST)
        style = source.numbers.get(column.name)
        read = reading(Written(column, x, f"k{i}", self.zone, order, source.dates.get(column.name), style))
        value = name(column.name)
        empty = self.fault(part, cell.label, *_empty(cell)) if column.required else None
        nul = self.fault(part, cell.label, "holds a NUL byte", "remove the character with code 0 from the text")
        deleted = next((f"x{n}" for n, c in enumerate(part.cells) if c.column is DELETED), "NULL")
        spared = column.name not in part.table.key
        empty_unless = f"CASE WHEN {deleted} IS NULL THEN {empty} END" if spared else str(empty)
        cases = [f"WHEN {x} IS NULL THEN {'NULL' if empty is None else empty_unless}"]
        cases += [f"WHEN contains({x}, chr(0)) THEN {nul}", f"WHEN {value} IS NOT NULL THEN NULL"]
        for fault in read.faults:
            number = self.fault(part, cell.label, fault.reason, fault.fix, fault.choices)
            cases.append(f"WHEN {fault.when} THEN {number}")
        return f"{read.clean} AS k{i}", f"{read.value} AS {value}", f"CASE {' '.join(cases)} END AS f{i}"


def _connect(home: Path, folder: Path) -> duckdb.DuckDBPyConnection:
    """A connection that reads and writes under the home only, and whose settings cannot be changed."""
    connection = duckdb.connect(":memory:", config={"threads": THREADS, "memory_limit": MEMORY})
    for setting in (
        "TimeZone = 'UTC'",
        "enable_progress_bar = false",
        f"temp_directory = {text(str(folder / 'spill'))}",
        f"allowed_directories = {texts([str(home.resolve()), str(home)])}",
        "enable_external_access = false",
    ):
        connection.execute(f"SET {setting}")
    connection.execute(
        "CREATE TEMP MACRO nearest_of(value, words) AS list_sort(list_transform(words, "
        "lambda word: {'apart': -jaro_winkler_similarity(lower(value), lower(word)), 'word': word}))[1].word"
    )
    create_date_macros(connection)
    connection.execute("SET lock_configuration = true")
    return connection


def _layered(sql: str, layers: tuple[Sequence[str], ...]) -> str:
    """A relation that chooses one layer of columns after the other from `sql`."""
    for columns in layers:
        sql = f"(SELECT {', '.join(columns)} FROM {sql})"
    return sql


def _sql_raw(cell: Cell) -> str:
    return f"{cell.compute.guarded}::VARCHAR" if cell.compute is not None else name(cell.header or "")


def _sql_trimmed(i: int) -> str:
    """SQL of a text without blanks at its ends as `t<i>`; the two comparisons spare most texts the slow trim."""
    plain = f"w{i}[1] BETWEEN '!' AND '~' AND w{i}[-1] BETWEEN '!' AND '~'"
    return f"CASE WHEN {plain} THEN w{i} ELSE nullif(trim(w{i}, {text(BLANKS)}), '') END AS t{i}"


def _sql_text(cell: Cell, i: int) -> str:
    """SQL of a text with the mapping's `values` applied."""
    if not cell.values:
        return f"t{i}"
    cases = " ".join(f"WHEN {text(old)} THEN {text(new) if new else 'NULL'}" for old, new in cell.values.items())
    return f"CASE t{i} {cases} ELSE t{i} END"


def _told(part: Part, cell: Cell, i: int, deleted: str | None) -> str:
    """SQL of a text as `x<i>`: a deleted row tells its key and its times, whatever else stands in it."""
    sql = _sql_text(cell, i)
    if deleted is None or cell.column.name in (*part.table.key, RECORDED.name, DELETED.name):
        return f"{sql} AS x{i}"
    return f"CASE WHEN {deleted} IS NULL THEN {sql} END AS x{i}"


def _empty(cell: Cell) -> tuple[str, str]:
    """Reason and fix for a required value that is not there."""
    if cell.header is None:
        return "compute: gives nothing for this row", "correct the expression or the columns it reads"
    where = "" if cell.header == cell.label else f" (column '{cell.header}')"
    fix = f"""fill it in, or leave such rows out with where: "{cell.header}" <> ''"""
    return f"{cell.label} is empty{where}", fix
