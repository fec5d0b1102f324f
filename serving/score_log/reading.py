"""Which scores were served? Read from their parts, each once, as a table."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from features.errors import ForesellError
from serving.score_log.counts import Count, counted
from serving.score_log.parts import COLUMNS, KEY, counts_folder, parts_folder

if TYPE_CHECKING:
    import pyarrow as pa

WRITERS = (".parquet", ".csv")


class UnknownEnding(ForesellError):
    problem = "Served scores cannot be written to {0}: its ending says no form."
    fix = "end the name with .parquet or .csv."


class ServedUnreadable(ForesellError):
    problem = "The served scores under {0} cannot be read: {1}."
    fix = "move the damaged file away; the others are whole. foresell served export says how many scores there are."


def served(home: Path, since: datetime | None, before: datetime) -> "pa.Table":
    """Scores served from `since` to before a moment (naive UTC), in the columns of `parts`, oldest first.

    Raises ServedUnreadable.
    """
    from serving.score_log.parts import schema

    paths = [
        str(path)
        for day in sorted(parts_folder(home).glob("????-??-??"))
        if since is None or day.name >= since.date().isoformat()
        for path in sorted(day.glob("*.parquet"))
    ]
    if not paths:
        return schema().empty_table()
    import duckdb

    with duckdb.connect() as con:
        try:
            found = con.sql(
                f"SELECT {', '.join(COLUMNS)} FROM read_parquet(?, union_by_name=true) "
                "WHERE scored_at < ? AND (? IS NULL OR scored_at >= ?) "
                f"QUALIFY row_number() OVER (PARTITION BY {', '.join(KEY)}, scored_at ORDER BY scored_at) = 1 "
                "ORDER BY scored_at, request_id, place, role DESC, version",
                params=[paths, before, since, since],
            ).to_arrow_table()
        except duckdb.Error as failure:
            raise ServedUnreadable(parts_folder(home), str(failure).splitlines()[0]) from failure
    return cast("pa.Table", found).cast(schema())


def export(table: "pa.Table", to: Path) -> None:
    """Write served scores to a Parquet or CSV file (lists as JSON there). Raises UnknownEnding."""
    if to.suffix.lower() not in WRITERS:
        raise UnknownEnding(to)
    import pyarrow as pa

    to.parent.mkdir(parents=True, exist_ok=True)
    if to.suffix.lower() == ".parquet":
        import pyarrow.parquet as pq

        pq.write_table(table, to, compression="zstd")
        return
    import json

    import pyarrow.csv as pc

    from features.spreadsheets import guarded_table

    for name in ("horizons", "chances"):
        texts = [None if one is None else json.dumps(one) for one in table[name].to_pylist()]
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(texts, pa.string()))
    pc.write_csv(guarded_table(table), to)


def said_of_counts(home: Path) -> str:
    """How many scores all processes served, and how many of them are not here."""
    living, ended = counted(counts_folder(home))
    both: Count = living + ended
    gone = ended.taken - ended.written
    waiting = living.taken - living.written
    parts = [f"{both.taken + both.lost} scores served, {both.written} written"]
    if waiting:
        parts.append(f"{waiting} wait to be written")
    if both.lost or gone:
        parts.append(f"{both.lost} lost for want of room or disk, {gone} with processes that were killed")
    if both.shadow_failed:
        parts.append(f"{both.shadow_failed} that a shadow could not answer")
    return "; ".join(parts) + "."
