"""Commands about the history itself: look at it, check it, take it out, tidy it up."""

import json
from dataclasses import asdict
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from features.doors import AsJson, home_of, moment, now, progress_on_terminal
from features.errors import ForesellError
from features.suggesting import hint

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The history: what is on record, whole and since when."
)
GRACE_HOURS = 24.0
"""How long files that were merged stay for programs that opened them before."""

Grace = Annotated[
    float, typer.Option(min=0, max=100_000, help="Hours to keep replaced files for programs that still read them.")
]


class UnknownTable(ForesellError):
    problem = "There is no table '{0}'; the tables are {1}."
    fix = "name one of them. {2}"


class Format(StrEnum):
    """What an export writes."""

    CSV = "csv"
    PARQUET = "parquet"


@app.command()
def stats(context: typer.Context, as_json: AsJson = False) -> None:
    """Count rows, versions, corrections, deletions and late rows of each table."""
    from features.history import History
    from features.history_stats import stats as count

    found = count(History.existing(home_of(context)))
    typer.echo(json.dumps(found.to_dict(), ensure_ascii=False) if as_json else "\n".join(found.lines()))


@app.command()
def verify(context: typer.Context, as_json: AsJson = False) -> None:
    """Read every file and compare it with its checksum; status 1 and the file's name where one is damaged."""
    from features.history import NoHistory
    from features.storage import open_store
    from features.verifying import HistoryUnsound, unsound, verify

    home = home_of(context)
    store = open_store(home)
    if not store.names("log"):
        raise NoHistory(home)
    verdict = verify(store, progress_on_terminal())
    if as_json:
        typer.echo(json.dumps({"place": store.place, **asdict(verdict), "sound": not verdict.damages}))
    else:
        shown = f"{verdict.files:,} files, {verdict.rows:,} rows, {verdict.bytes / 1e6:,.1f} MB"
        typer.echo(f"{store.place}: {shown}" + ("" if verdict.damages else ", all as they were written"))
    if verdict.damages:
        raise HistoryUnsound(*unsound(store, verdict))


@app.command()
def show(
    context: typer.Context,
    table: Annotated[str, typer.Argument(help="The table, such as deals or customers.", show_default=False)],
    as_of: Annotated[str | None, typer.Option(help="As on record before this moment. Default: as it stands.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write to a file: .csv, .parquet or .json.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows to print without --out.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the rows of a table as they are on record, or were at a moment. Times are UTC."""
    from features.contracts import TABLES
    from features.history import History
    from features.output import check_path, table_text, write_table

    if table not in TABLES:
        raise UnknownTable(table, ", ".join(TABLES), hint(table, [*TABLES]))
    if out is not None:
        check_path(out)
    history = History.existing(home_of(context))
    keys = ", ".join(TABLES[table].key)
    latest = history.sql_latest(table, moment(context, as_of) if as_of else None)
    if as_json or (out is not None and out.suffix.lower() == ".json"):
        latest = f"SELECT *{_plain_money(table)} FROM ({latest})"
    rows: Any
    with history.connect() as con:
        if out is not None:
            rows = con.sql(f"SELECT * FROM ({latest}) ORDER BY {keys}").to_arrow_table()
            write_table(rows, out)
            typer.echo(f"{rows.num_rows:,} rows of {table} in {out}")
            return
        total = con.execute(f"SELECT count(*) FROM ({latest})").fetchall()[0][0]
        rows = con.sql(f"SELECT * FROM ({latest}) ORDER BY {keys} LIMIT {limit}").to_arrow_table()
    if as_json:
        typer.echo(table_text(rows))
        return
    for row in rows.to_pylist():
        typer.echo(", ".join(f"{column}={value}" for column, value in row.items() if value is not None))
    typer.echo(f"{rows.num_rows:,} of {total:,} rows")


@app.command()
def export(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="A new folder for the files and their mapping.", show_default=False)],
    as_of: Annotated[str | None, typer.Option(help="As on record before this moment. Default: as it stands.")] = None,
    format_: Annotated[Format, typer.Option("--format", help="What the files are.")] = Format.CSV,
    versions: Annotated[bool, typer.Option("--versions", help="Every version and deletion too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write all tables to files that `foresell import FOLDER --mapping FOLDER/mapping.yaml` reads back."""
    from features.history import History
    from features.history_export import MAPPING
    from features.history_export import export as write

    history = History.existing(home_of(context))
    before = moment(context, as_of) if as_of else None
    rows = write(history, out, before, format_.value, versions, progress_on_terminal())
    if as_json:
        typer.echo(json.dumps({"folder": str(out), "rows": rows}))
        return
    typer.echo("\n".join(f"{table:<14}{count:>12,}" for table, count in rows.items()))
    typer.echo(f"read them back: foresell import {out} --mapping {out / MAPPING}")


@app.command()
def compact(context: typer.Context, grace_hours: Grace = GRACE_HOURS, as_json: AsJson = False) -> None:
    """Merge the files of each table into few sorted ones; every answer stays as it is."""
    from features.compaction import compact as merge
    from features.history import History

    history = History.existing(home_of(context))
    done = merge(history, now(), timedelta(hours=grace_hours), progress_on_terminal())
    if as_json:
        typer.echo(json.dumps(done._asdict()))
        return
    merged = f"merged {', '.join(done.tables)}" if done.tables else "nothing to merge"
    swept = f"; {done.swept:,} files of before were removed" if done.swept else ""
    typer.echo(f"{merged}: {done.files_before:,} files are now {done.files_after:,}{swept}")


@app.command()
def upgrade(context: typer.Context, grace_hours: Grace = GRACE_HOURS, as_json: AsJson = False) -> None:
    """Rewrite a history of an earlier release in the layout of this one; it reads as before until that is done."""
    from features.compaction import compact as merge
    from features.history import History
    from features.ledger import SCHEMA

    history = History.existing(home_of(context))
    before = history.log.schema
    if before < SCHEMA:
        merge(history, now(), timedelta(hours=grace_hours), progress_on_terminal())
    if as_json:
        typer.echo(json.dumps({"layout_before": before, "layout": history.log.schema}))
    elif before < SCHEMA:
        typer.echo(f"the history has layout {history.log.schema} now; it had {before}")
    else:
        typer.echo(f"the history has layout {before} already")


def _plain_money(table: str) -> str:
    """SQL that makes money the numbers that JSON knows."""
    from features.contracts import TABLES, Kind

    money = [column.name for column in TABLES[table].columns if column.kind is Kind.MONEY]
    return f" REPLACE ({', '.join(f'{column}::DOUBLE AS {column}' for column in money)})" if money else ""
