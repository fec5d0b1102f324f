"""The command that scores a table of features: from a file to a file, however many rows."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from features.doors import Out, home_of, moment
from training.options import Language, Mlflow, bundle_of, days_of
from training.options import Model as AnyModel

app = typer.Typer()


class Scored(StrEnum):
    """The models that score rows of features."""

    WIN = "win"
    CHURN = "churn"


@app.command()
def score(
    context: typer.Context,
    features: Annotated[Path, typer.Argument(help="The feature table: .parquet or .csv, as features build writes it.")],
    model: Annotated[Scored, typer.Option(help="Which model.", show_default=False)],
    out: Out,
    version: Annotated[str | None, typer.Option(help="A version of the model. Default: the live one.")] = None,
    horizons: Annotated[str, typer.Option(help="Days, separated by commas.")] = "30,60,90",
    reasons: Annotated[int, typer.Option(min=0, max=1000, help="The strongest reasons of each row; 0 for none.")] = 0,
    as_of: Annotated[
        str | None,
        typer.Option(
            help="One moment for all rows. Default: that of each row (column as_of), else the end of the training.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processors to use. Default: all.", show_default=False)
    ] = None,
    language: Annotated[
        Language, typer.Option("--language", "--lang", help="Language of the reasons and notes.")
    ] = Language.EN,
    mlflow: Mlflow = None,
) -> None:
    """Score the rows of a feature table, however many; memory stays the same."""
    from features.history import History, NoHistory
    from features.output import check_path
    from features.processors import processors
    from training.bundle import Bundle
    from training.churn.bundle import ChurnBundle
    from training.table_scoring.reading import FeatureTable
    from training.table_scoring.streaming import Asked, score_file

    days = days_of(horizons)
    check_path(out)
    home = home_of(context)
    bundle = bundle_of(home, AnyModel(model.value), version, mlflow)
    try:
        history = History.existing(home)
    except NoHistory:
        history = None
        typer.echo("Note: the home holds no history; levels and seasons are those of the training.", err=True)
    entity = "deal" if model is Scored.WIN else "customer"
    assert isinstance(bundle, Bundle | ChurnBundle)
    table = FeatureTable.open(features, entity, bundle.features, (bundle.model, bundle.version))
    if table.missing:
        shown = ", ".join(table.missing[:5]) + (" ..." if len(table.missing) > 5 else "")
        typer.echo(f"Note: {len(table.missing)} features are not in the table and count as missing: {shown}", err=True)
    asked = Asked(days, reasons, language.value, moment(context, as_of) if as_of else None)
    if asked.as_of is None and not table.tells_moments:
        typer.echo(f"Note: the table tells no moments; scored as of {bundle.until:%Y-%m-%d %H:%M} UTC.", err=True)
    count, notes = score_file(table, bundle, history, asked, out, jobs or processors())
    typer.echo(f"{count:,} {entity}s scored by {bundle.model} version {bundle.version} ({bundle.rung}), in {out}")
    for note in notes:
        typer.echo(f"Note: {note}", err=True)
