"""How is a Parquet file read: its numbers, times and decimals as texts that lose nothing?"""

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import ForesellError
from features.quoting import name, text
from features.sources.staged import ROW, Options, Staged, clean_headers


class BrokenParquet(ForesellError):
    """Not Parquet, or only a part of it."""

    problem = "{0} is not a whole Parquet file: {1}."
    fix = "copy or export it again; the end of the file is missing or damaged, or it is of another kind."


def read(path: Path, target: Path, options: Options) -> Staged:
    """Read a Parquet file into texts; columns of lists or structs are set aside as unreadable.

    Times with a zone become UTC with an offset, whole floats lose their `.0`. Raises BrokenParquet,
    DuplicateHeader, ReservedHeader.
    """
    try:
        # Arrow calls damage an OSError too; the file has been opened before, so it is not the disk.
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError, ValueError) as broken:
        raise BrokenParquet(path.name, str(broken).splitlines()[0].rstrip(".")) from broken
    try:
        headers = clean_headers(path.name, schema.names)
        nested = [_is_nested(schema.field(n).type) for n in range(len(headers))]
        readable = [n for n, skip in enumerate(nested) if not skip]
        with duckdb.connect(":memory:", config={"threads": 2, "memory_limit": "400MB"}) as connection:
            connection.execute("SET TimeZone='UTC'")
            connection.execute(f"SET temp_directory={text(str(target.parent / 'spill'))}")
            columns = [
                f"{_sql_text(name(schema.names[n]), schema.field(n).type)} AS c{place}"
                for place, n in enumerate(readable)
            ]
            rows = f"SELECT *, file_row_number + 1 AS {ROW} FROM read_parquet({text(str(path))}, file_row_number=true)"
            connection.execute(
                f"COPY (SELECT {', '.join([*columns, ROW])} FROM ({rows})) TO {text(str(target))} "
                "(FORMAT parquet, COMPRESSION snappy)"
            )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as broken:
        raise BrokenParquet(path.name, str(broken).splitlines()[0].rstrip(".")) from broken
    except duckdb.Error as broken:
        if isinstance(broken, duckdb.IOException) and _is_of_the_disk(str(broken), target.parent):
            raise
        raise BrokenParquet(path.name, str(broken).splitlines()[0].rstrip(".")) from broken
    unreadable = tuple((headers[n], str(schema.field(n).type)) for n, skip in enumerate(nested) if skip)
    return Staged(target, tuple(headers[n] for n in readable), unreadable=unreadable)


def _is_of_the_disk(reason: str, staging: Path) -> bool:
    """Whether DuckDB could not write to the staging folder, rather than not read the file."""
    words = reason.lower()
    return str(staging) in reason or "no space left" in words or "could not write" in words


def _is_nested(kind: pa.DataType) -> bool:
    return bool(pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _sql_text(column: str, kind: pa.DataType) -> str:
    """SQL of a column as text."""
    if pa.types.is_floating(kind):
        whole = f"isfinite({column}) AND {column} = trunc({column}) AND abs({column}) < 1e15"
        return f"CASE WHEN {whole} THEN {column}::BIGINT::VARCHAR ELSE {column}::VARCHAR END"
    if pa.types.is_timestamp(kind):
        # Nanoseconds are more than a moment keeps, and DuckDB has no text for them with a zone.
        return f"{column}::{'TIMESTAMPTZ' if kind.tz else 'TIMESTAMP'}::VARCHAR"
    return f"{column}::VARCHAR"
