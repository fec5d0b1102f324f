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
DAYS = "30,60,90"
STALE_DAYS = 31
"""So long before the moment may the latest thing on record lie before it is said."""


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
            "region,product crosses (company, the whole, crosses with nothing). Default: company.",
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
    language: Annotated[
        Language, typer.Option("--language", "--lang", help="Language of the reasons and notes.")
    ] = Language.EN,
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
    days = days_of(DAYS if horizons is None else horizons)
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
    if (note := stale_note(history, at, language)) is not None:
        typer.echo(f"Note: {note}", err=True)


def stale_note(history: "History", at: "datetime", language: Language) -> str | None:
    """What is said where nothing was recorded for long before a moment (naive UTC); None where all is fresh."""
    from features.span import last_recorded

    last = last_recorded(history, at)
    days = 0 if last is None else (at - last).days
    if last is None or days <= STALE_DAYS:
        return None
    if language is Language.ZH:
        return f"最近的记录为 {last:%Y-%m-%d}，比该时刻早 {days} 天：此后发生的事不在记录中。导入较新的数据后再预测。"
    return (
        f"the latest thing on record is of {last:%Y-%m-%d}, {days} days before this moment: what has happened since is "
        "not seen. Import newer data, or ask as of an earlier moment."
    )


def _win(history: "History", bundle: Any, at: "datetime", days: list[float], language: Language, out: Path) -> None:
    from features.output import write_table
    from training.predict import predict_win

    table = predict_win(history, bundle, at, days, language.value)
    write_table(table, out)
    typer.echo(f"{table.num_rows:,} open deals scored by win version {bundle.version} ({bundle.rung}), in {out}")
    longest, until = f"{bundle.timing.longest:.0f}", f"{bundle.until:%Y-%m-%d}"
    if max(days) > bundle.timing.longest and language is Language.ZH:
        typer.echo(f"Note: {until} 之前没有商机被观察超过 {longest} 天；更长期限的概率为外推。", err=True)
    elif max(days) > bundle.timing.longest:
        typer.echo(
            f"Note: no deal was watched for more than {longest} days before {until}; horizons beyond that are "
            "extrapolated.",
            err=True,
        )


def _churn(history: "History", bundle: Any, at: "datetime", days: list[float], language: Language, out: Path) -> None:
    from features.output import write_table
    from training.churn.predict import predict_churn

    found = predict_churn(history, bundle, at, days, language.value)
    write_table(found.table, out)
    typer.echo(
        f"{found.table.num_rows:,} active customers scored by churn version {bundle.version} ({bundle.rung}), in {out}"
    )
    for note in found.notes:
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
