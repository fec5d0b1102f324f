"""Commands of the ground floor: bring a history in, look at it, build feature tables."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from features.doors import AsJson, Out, home_of, moment, now, progress_on_terminal

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Import a history, check it, and build features:  python -m features --help",
)
features = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The features there are, and tables of them.")
app.add_typer(features, name="features")


class Entity(StrEnum):
    """What a feature table is about."""

    DEALS = "deals"


class Every(StrEnum):
    """How often a feature table looks."""

    DAY = "day"
    WEEK = "week"


@app.command("import")
def import_(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The folder with the exported files.", show_default=False)],
    mapping: Annotated[
        Path | None, typer.Option(help="YAML file that says which column is what (docs/mapping.md).")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="When the export was taken; changed rows count from then. Default: now."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read a history from CSV, Excel or Parquet files. Importing the same again changes nothing."""
    from features.importing import import_folder

    home = home_of(context)
    taken = moment(context, as_of) if as_of else now()
    report = import_folder(folder, home, mapping, taken, progress_on_terminal())
    typer.echo(report.to_json() if as_json else "\n".join(report.lines()))
    if any(table.rejected for table in report.tables) and not any(
        table.new + table.changed + table.same for table in report.tables
    ):
        typer.echo("Error: every row was rejected; nothing was imported.\nTo fix: see the reasons above.", err=True)
        raise typer.Exit(1)


@app.command()
def check(
    context: typer.Context,
    as_of: Annotated[str | None, typer.Option(help="Judge only what was on record before this moment.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the report to a file: .json or .html.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what may be learned from the history and why not: coverage, breaches, leaks."""
    from features.audit import audit
    from features.history import History
    from features.output import check_path, write_text

    if out is not None:
        check_path(out, [".json", ".html"])
    history = History.existing(home_of(context))
    report = audit(history, moment(context, as_of) if as_of else now())
    if out is not None:
        write_text({".json": report.to_json, ".html": report.to_html}, out)
    elif as_json:
        typer.echo(report.to_json())
    else:
        typer.echo("\n".join(report.lines()))


@features.command("list")
def list_(
    context: typer.Context,
    as_json: AsJson = False,
) -> None:
    """List every feature: what it means, what it needs, and whether this history has it."""
    import json

    from features.catalog import CATALOG, offered
    from features.history import History
    from features.needs import needs_of

    history = History.open(home_of(context))
    offering = offered(history) if history.entries else None
    own = () if offering is None else offering.features
    rows = [
        {
            "name": feature.name,
            "entity": feature.entity,
            "meaning": feature.meaning,
            "meaning_zh": feature.meaning_zh,
            "needs": sorted({need.stream for need in needs_of(feature.verb)}),
            "left_out": None if offering is None else offering.left_out.get(feature.name),
        }
        for feature in dict.fromkeys((*CATALOG.values(), *own))
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        typer.echo(f"{row['name']}\n    {row['meaning']}")
        if row["left_out"]:
            typer.echo(f"    not in this history: {row['left_out']}")


@features.command()
def build(
    context: typer.Context,
    entity: Annotated[Entity, typer.Argument(help="What the table is about.")],
    as_of: Annotated[str, typer.Option(help="The moment: a day (00:00 local) or a full time.", show_default=False)],
    out: Out,
    every: Annotated[Every | None, typer.Option(help="Also look at every week or day before, back to --since.")] = None,
    since: Annotated[str | None, typer.Option(help="The earliest moment, with --every.")] = None,
) -> None:
    """Write the features of all deals open at a moment, as they were on record then."""
    import numpy as np

    from features.as_of import Moments, moments_back
    from features.catalog import offered
    from features.history import History
    from features.open_deals import open_deals
    from features.output import check_path, write_table
    from features.table import build_table

    check_path(out)
    history = History.existing(home_of(context))
    last = moment(context, as_of)
    if (every is None) != (since is None):
        raise typer.BadParameter("--every and --since go together")
    if since is not None and moment(context, since) > last:
        raise typer.BadParameter("--since is later than --as-of")
    looks = [last] if since is None else moments_back(last, moment(context, since), 7 if every is Every.WEEK else 1)
    parts = [open_deals(history, look) for look in looks]
    moments = Moments(np.concatenate([p.ids for p in parts]), np.concatenate([p.at for p in parts]))
    table = build_table(offered(history, last).features, moments, history)
    write_table(table, out)
    typer.echo(f"{table.num_rows:,} rows of {entity.value}, {table.num_columns - 2} features, in {out}")
