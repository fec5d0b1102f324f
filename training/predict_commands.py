"""The command that predicts: open deals won, customers lost, totals to come, as of a moment."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.doors import Out, home_of, moment
from training.options import Language, Mlflow, Model, ModelName, bundle_of, days_of

if TYPE_CHECKING:
    from datetime import datetime

    from features.history import History

app = typer.Typer()
OF_FORECAST = ("freq", "horizon", "by", "measure")


@app.command()
def predict(
    context: typer.Context,
    model: ModelName,
    as_of: Annotated[str, typer.Option(help="The moment: a day (00:00 local) or a full time.", show_default=False)],
    out: Out,
    horizons: Annotated[
        str | None, typer.Option(help="Win and churn: days, separated by commas. Default: 30,60,90.")
    ] = None,
    freq: Annotated[
        str | None, typer.Option(help="Forecast: week, month or quarter. Default: month.", show_default=False)
    ] = None,
    horizon: Annotated[
        int | None, typer.Option(min=1, help="Forecast: how many periods, the running one first.", show_default=False)
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="Forecast: company, team, rep, region, country, segment, industry, product, customer; "
            "region,product crosses. Default: company.",
            show_default=False,
        ),
    ] = None,
    measure: Annotated[
        str | None,
        typer.Option(help="Forecast: bookings or orders. Default: what is on record.", show_default=False),
    ] = None,
    version: Annotated[
        str | None, typer.Option("--model", help="A version trained by then. Default: the live one.")
    ] = None,
    language: Annotated[Language, typer.Option(help="Language of the reasons.")] = Language.EN,
    mlflow: Mlflow = None,
) -> None:
    """Score what is open or active at a moment, or forecast totals, from what was on record then."""
    from features.history import History
    from features.output import check_path

    asked = {"freq": freq, "horizon": horizon, "by": by, "measure": measure}
    given = {name: value for name, value in asked.items() if value is not None}
    if model is Model.FORECAST and horizons is not None:
        raise typer.BadParameter("a forecast is asked for by --freq and --horizon", param_hint="--horizons")
    if model is not Model.FORECAST and given:
        raise typer.BadParameter(f"only a forecast has it; {model} has --horizons", param_hint=f"--{next(iter(given))}")
    days = days_of(horizons or "30,60,90")
    check_path(out)
    home = home_of(context)
    history = History.existing(home)
    bundle = bundle_of(home, model, version, mlflow)
    at = moment(context, as_of)
    if model is Model.FORECAST:
        _forecast(history, bundle, at, given, language, out)
    elif model is Model.CHURN:
        _churn(history, bundle, at, days, language, out)
    else:
        _win(history, bundle, at, days, language, out)


def _win(history: "History", bundle: Any, at: "datetime", days: list[float], language: Language, out: Path) -> None:
    from features.output import write_table
    from training.predict import predict_win

    table = predict_win(history, bundle, at, days, language.value)
    write_table(table, out)
    typer.echo(f"{table.num_rows:,} open deals scored by win version {bundle.version} ({bundle.rung}), in {out}")
    if max(days) > bundle.timing.longest:
        typer.echo(
            f"Note: no deal was watched for more than {bundle.timing.longest:.0f} days before "
            f"{bundle.until:%Y-%m-%d}; horizons beyond that are extrapolated.",
            err=True,
        )


def _churn(history: "History", bundle: Any, at: "datetime", days: list[float], language: Language, out: Path) -> None:
    from features.output import write_table
    from training.churn.bundle import note_of
    from training.churn.predict import predict_churn

    table = predict_churn(history, bundle, at, days, language.value)
    write_table(table, out)
    typer.echo(
        f"{table.num_rows:,} active customers scored by churn version {bundle.version} ({bundle.rung}), in {out}"
    )
    # Where kinds of customers have the same to be said of them, it is said once.
    for note in dict.fromkeys(note_of(served, max(days), language.value) for served in bundle.served.values()):
        if note is not None:
            typer.echo(f"Note: {note}", err=True)


def _forecast(
    history: "History", bundle: Any, at: "datetime", given: dict[str, Any], language: Language, out: Path
) -> None:
    from features.output import write_table
    from training.forecast.predict import predict_forecast

    found = predict_forecast(history, bundle, at, **given, language=language.value)
    write_table(found.table, out)
    typer.echo(
        f"{found.table.num_rows:,} rows of {found.measure} forecast by forecast version {bundle.version} "
        f"({bundle.rung}), in {out}"
    )
    for note in found.notes:
        typer.echo(f"Note: {note}", err=True)
