"""Of which tables does an import have every row, so that a row it lacks was deleted?

The mapping says so (`complete: true`). It is believed only where every row of the file can be told by its key:
a line that cannot be read might be any row, and a file without rows is more likely a failed export.
"""

from pathlib import Path

from features.contracts import TABLES
from features.inspection import Inspection
from features.quoting import name, text


def complete_tables(inspection: Inspection) -> tuple[dict[str, Path], list[str]]:
    """For each complete table a file with the keys of all its rows, rejected ones too; and a line for each that
    was said to be complete and is not taken so."""
    found: dict[str, Path] = {}
    doubts: list[str] = []
    for table in inspection.tables():
        parts = [part for part in inspection.parts if part.table.name == table]
        if not all(part.source.complete for part in parts):
            continue
        keys = TABLES[table].key
        listed = ", ".join(name(key) for key in keys)
        unknown = " OR ".join(f"{name(key)} IS NULL" for key in keys)
        files = [text(str(inspection.folder / f"typed_{part.number}.parquet")) for part in parts]
        rows = " UNION ALL ".join(f"SELECT {listed} FROM read_parquet({file})" for file in files)
        total, nameless = inspection.connection.execute(
            f"SELECT count(*), count(*) FILTER ({unknown}) FROM ({rows})"
        ).fetchall()[0]
        nameless += sum(len(part.staged.malformed) for part in parts)
        if nameless or not total:
            why = f"{nameless:,} of its rows cannot be told by their key" if nameless else "the file has no rows"
            doubts.append(f"{table}: nothing was taken to be deleted, although the mapping says complete: {why}")
            continue
        found[table] = inspection.folder / f"keys_{table}.parquet"
        target = text(str(found[table]))
        inspection.connection.execute(f"COPY (SELECT DISTINCT {listed} FROM ({rows})) TO {target} (FORMAT parquet)")
    return found, doubts
