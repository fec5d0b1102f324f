"""What does it cost only to read the needed columns? DuckDB reads each and adds it up."""

from pathlib import Path

from benchmarks.feature_engine.needed import COLUMNS, asked, at_rest

SUMS = {"VARCHAR": "bit_xor(hash({0}))", "TIMESTAMP": "sum(epoch_us({0}))", "DATE": "sum(epoch_us({0}))"}
"""How a column is added up, by its type; numbers are summed. Every value is touched, none can come from statistics."""


def scan(home: Path, weekly: bool) -> int:
    """Read the needed columns and the moments; rows read."""
    import duckdb

    con = duckdb.connect()
    con.execute("SET enable_progress_bar = false")
    files = {str(at_rest(home, table) / "*.parquet"): columns for table, columns in COLUMNS.items()}
    files[str(asked(home, weekly))] = ("deal_id", "as_of")
    rows = 0
    for file, columns in files.items():
        source = f"read_parquet('{file}')"
        kinds = {row[0]: row[1] for row in con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
        sums = ", ".join(SUMS.get(kinds[column], "sum({0})").format(column) for column in columns)
        rows += con.execute(f"SELECT count(*), {sums} FROM {source}").fetchall()[0][0]
    return rows
