"""Commands of the ground floor: bring a history in, look at it, build feature tables."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from features.doors import AsJson, Out, home_of, moment, now, progress_on_terminal
from features.history_commands import app as of_history

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Import a history, check it, and build features:  python -m features --help",
)
features = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The features there are, and tables of them.")
app.add_typer(features, name="features")
app.add_typer(of_history, name="history")


class Entity(StrEnum):
    """What a feature table is about."""

    DEALS = "deals"
    CUSTOMERS = "customers"

    @property
    def of_features(self) -> Literal["deal", "customer"]:
        """The same as features name it."""
        return "deal" if self is Entity.DEALS else "customer"


class Of(StrEnum):
    """Whom a feature is asked of."""

    DEAL = "deal"
    CUSTOMER = "customer"


MOST_LOOKS = 4_000
"""Moments of one feature table: eleven years of days."""


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
    entity: Annotated[Of | None, typer.Option(help="Only the features asked of a deal, or of a customer.")] = None,
    as_json: AsJson = False,
) -> None:
    """List every feature: what it means, what it needs, when it is missing, and whether this history has it."""
    import json

    from features.feature_list import entries, lines
    from features.history import History

    found = entries(History.open(home_of(context)), entity.value if entity else None)
    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(lines(found)))


@features.command()
def build(
    context: typer.Context,
    entity: Annotated[Entity, typer.Argument(help="What the table is about.")],
    as_of: Annotated[str, typer.Option(help="The moment: a day (00:00 local) or a full time.", show_default=False)],
    out: Out,
    every: Annotated[Every | None, typer.Option(help="Also look at every week or day before, back to --since.")] = None,
    since: Annotated[str | None, typer.Option(help="The earliest moment, with --every.")] = None,
    engine: Annotated[str, typer.Option(help="Where the work is done: local, or spark with its extra.")] = "local",
    memory: Annotated[int, typer.Option(min=128, max=1_000_000, help="Megabytes that the work may take.")] = 1024,
) -> None:
    """Write the features of all deals open, or all customers active, at a moment, as they were on record then."""
    from features.as_of import moments_back
    from features.feature_building import build as write
    from features.history import History
    from features.output import check_path

    check_path(out)
    history = History.existing(home_of(context))
    last = moment(context, as_of)
    if (every is None) != (since is None):
        raise typer.BadParameter("--every and --since go together")
    if since is not None and moment(context, since) > last:
        raise typer.BadParameter("--since is later than --as-of")
    days = 7 if every is Every.WEEK else 1
    if since is not None and (last - moment(context, since)).days // days >= MOST_LOOKS:
        raise typer.BadParameter(f"that is more than {MOST_LOOKS:,} moments: a later --since, or --every week")
    looks = [last] if since is None else moments_back(last, moment(context, since), days)
    rows, columns = write(history, entity.of_features, looks, out, memory, engine, progress_on_terminal())
    typer.echo(f"{rows:,} rows of {entity.value}, {columns} features, in {out}")


@features.command()
def new(
    name: Annotated[str, typer.Argument(help="The feature's name, such as calls_90d.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The file of your features (.py), made or added to.", show_default=False)],
    entity: Annotated[Of, typer.Option(help="Whom it is asked of.")] = Of.DEAL,
    verb: Annotated[
        str, typer.Option(help="How it is computed; foresell features new NAME --verb ? lists them.")
    ] = "Count",
) -> None:
    """Write a feature of your own and its test, ready to be changed."""
    from features.feature_template import write

    typer.echo("\n".join(write(out, name, entity.value, verb)))
