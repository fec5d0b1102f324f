"""Commands of the first floor: train, judge, predict, and the register of models."""

import math
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.doors import AsJson, Out, home_of, moment, now, progress_on_terminal

if TYPE_CHECKING:
    from features.history import History
    from training.registry import Registry

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Train, judge and promote models:  python -m training --help"
)
models = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The register of models: which version was live when."
)
app.add_typer(models, name="models")


class Model(StrEnum):
    """The models there are."""

    WIN = "win"


class Language(StrEnum):
    """The language of reasons."""

    EN = "en"
    ZH = "zh"


ModelName = Annotated[Model, typer.Argument(help="Which model.")]
Until = Annotated[
    str | None,
    typer.Option(help="Use only what was on record before this day or time. Default: all that is on record."),
]
Mlflow = Annotated[
    str | None,
    typer.Option(envvar="FORESELL_MLFLOW", help="MLflow server or store. Default: mlflow.db in the home folder."),
]


@app.command()
def train(
    context: typer.Context,
    model: ModelName,
    until: Until = None,
    folds: Annotated[int, typer.Option(min=1, max=20, help="Windows on which estimates are compared.")] = 3,
    mlflow: Mlflow = None,
    promote: Annotated[bool, typer.Option(help="Promote what the gate lets pass.")] = True,
    as_json: AsJson = False,
) -> None:
    """Train a candidate, judge it beside its rivals, log it to MLflow, and promote what may be served."""
    import json

    from features.history import History
    from training.gate import passes
    from training.recipe import train_win
    from training.registry import Registry

    history = History.existing(home_of(context))
    end = _until(context, history, until)
    progress = progress_on_terminal()
    candidate = train_win(history, end, folds, progress)
    progress("logging to MLflow")
    registry = Registry(home_of(context), mlflow)
    version = registry.log(candidate, history, now())
    gate = passes(candidate)
    learned = _live_until(home_of(context), model)
    if promote and gate.passed:
        registry.promote(model, version, now())
    progress("")
    facts = {
        "model": model.value,
        "version": version,
        "until": end.isoformat(),
        "serves": candidate.choice.name,
        "rung": candidate.choice.rung,
        "says": candidate.choice.says,
        "promoted": promote and gate.passed,
        "gate": gate.says,
        "features": len(candidate.bundle.features),
        "closed_deals": candidate.sample.closed_deals,
        "scorecards": {name: card.metrics() for name, card in candidate.scorecards.items()},
        "left_out": candidate.left_out,
        "leaks": candidate.leaks,
    }
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    from training.report import comparison_table

    if candidate.scorecards:
        against = {name: candidate.trial.comparison(candidate.choice.name, name) for name in candidate.trial.names}
        against.pop(candidate.choice.name, None)
        typer.echo("\n".join([*comparison_table(candidate.scorecards, against, candidate.choice.name), ""]))
    typer.echo(candidate.choice.says)
    for name, reason in candidate.leaks.items():
        typer.echo(f"Left out, it would leak: {name}: {reason}")
    state = "promoted" if facts["promoted"] else "logged, not promoted"
    typer.echo(
        f"{model.value} version {version} ({candidate.choice.rung}), until {end:%Y-%m-%d %H:%M} UTC: "
        f"{state}. {gate.says}"
    )
    if facts["promoted"] and learned is not None and learned > end:
        typer.echo(
            f"Note: the model that was live had learned until {learned:%Y-%m-%d %H:%M} UTC, which is later; "
            f"bring it back with foresell models rollback {model.value}, or train with --no-promote.",
            err=True,
        )


@app.command()
def backtest(
    context: typer.Context,
    model: ModelName,
    folds: Annotated[int, typer.Option(min=1, max=20, help="Windows on which estimates are compared.")] = 3,
    until: Until = None,
    out: Annotated[Path | None, typer.Option(help="Write all figures to a .json file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge the model beside the built-in rivals on successive windows, learning only from before each."""
    from features.history import History
    from features.output import check_path, write_text
    from training.backtest import backtest_win

    if out is not None:
        check_path(out, [".json"])
    history = History.existing(home_of(context))
    progress = progress_on_terminal()
    found = backtest_win(history, _until(context, history, until), folds, progress)
    progress("")
    if out is not None:
        write_text({".json": found.to_json}, out)
    typer.echo(found.to_json() if as_json else "\n".join(found.lines()))


@app.command()
def predict(
    context: typer.Context,
    model: ModelName,
    as_of: Annotated[str, typer.Option(help="The moment: a day (00:00 local) or a full time.", show_default=False)],
    out: Out,
    horizons: Annotated[str, typer.Option(help="Days, separated by commas.")] = "30,60,90",
    version: Annotated[
        str | None, typer.Option("--model", help="A version trained by then. Default: the live one.")
    ] = None,
    language: Annotated[Language, typer.Option(help="Language of the reasons.")] = Language.EN,
    mlflow: Mlflow = None,
) -> None:
    """Score every deal open at a moment, from what was on record then."""
    from features.history import History
    from features.output import check_path, write_table
    from training.bundle import Bundle, live_bundle
    from training.predict import NoChampion, predict_win
    from training.registry import Registry

    days = _days(horizons)
    check_path(out)
    home = home_of(context)
    history = History.existing(home)
    live = live_bundle(home, model)
    if version is not None:
        bundle = Registry(home, mlflow).bundle(model, version)
    elif live is not None:
        bundle = Bundle.load(live)
    else:
        raise NoChampion(model.value, home)
    table = predict_win(history, bundle, moment(context, as_of), days, language.value)
    write_table(table, out)
    typer.echo(
        f"{table.num_rows:,} open deals scored by {model.value} version {bundle.version} ({bundle.rung}), in {out}"
    )
    if max(days) > bundle.timing.longest:
        typer.echo(
            f"Note: no deal was watched for more than {bundle.timing.longest:.0f} days before "
            f"{bundle.until:%Y-%m-%d}; horizons beyond that are extrapolated.",
            err=True,
        )


@models.command("list")
def list_(
    context: typer.Context,
    model: Annotated[Model | None, typer.Argument(help="Which model; all when left out.")] = None,
    mlflow: Mlflow = None,
    as_json: AsJson = False,
) -> None:
    """List the versions, newest first, and which is live."""
    import json
    from dataclasses import asdict

    found = _registry(context, mlflow).versions(model.value if model else None)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
        return
    if not found:
        typer.echo("No model has been trained yet: foresell train win")
    for one in found:
        loss = "" if one.log_loss is None else f", log loss {one.log_loss:.4f}"
        mark = "*" if one.live else " "
        typer.echo(f"{mark} {one.model} {one.version}: {one.serves} ({one.rung}), until {one.until[:16]}{loss}")


@models.command()
def show(
    context: typer.Context,
    model: ModelName,
    version: Annotated[str | None, typer.Argument(help="A version's number; the live one when left out.")] = None,
    at: Annotated[str | None, typer.Option(help="The version that was live at this moment.")] = None,
    mlflow: Mlflow = None,
    as_json: AsJson = False,
) -> None:
    """Show all that was logged of a version."""
    import json

    from training.predict import NoChampion

    registry = _registry(context, mlflow)
    wanted = version or registry.live_at(model, moment(context, at) if at else now())
    if wanted is None:
        raise NoChampion(model.value, home_of(context))
    found = registry.show(model, wanted)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for key, value in found.items():
        if isinstance(value, dict):
            typer.echo(f"{key}:")
            for name, one in sorted(value.items()):
                typer.echo(f"    {name}: {one}")
        else:
            typer.echo(f"{key}: {value}")


@models.command()
def promote(
    context: typer.Context,
    model: ModelName,
    version: Annotated[str, typer.Argument(help="The version that is to answer.")],
    mlflow: Mlflow = None,
) -> None:
    """Make a version the one that answers."""
    _registry(context, mlflow).promote(model, version, now())
    typer.echo(f"{model.value} version {version} is live.")


@models.command()
def rollback(context: typer.Context, model: ModelName, mlflow: Mlflow = None) -> None:
    """Let the version that was live before the present one answer again."""
    version = _registry(context, mlflow).rollback(model, now())
    typer.echo(f"{model.value} version {version} is live again.")


def _registry(context: typer.Context, address: str | None) -> "Registry":
    from training.registry import Registry

    return Registry(home_of(context), address)


def _live_until(home: Path, model: str) -> datetime | None:
    """Until when the live model had learned; None where there is none that can be read."""
    from features.errors import ForesellError
    from training.bundle import Bundle, live_bundle

    try:
        folder = live_bundle(home, model)
        return None if folder is None else Bundle.load(folder).until
    except ForesellError:
        return None


def _until(context: typer.Context, history: "History", text: str | None) -> datetime:
    """The end of what may be seen: as asked but not later than now, or just after the last thing on record."""
    from datetime import timedelta

    from features.span import last_recorded

    if text is not None:
        return min(moment(context, text), now())
    last = last_recorded(history, now())
    return now() if last is None else last + timedelta(microseconds=1)


def _days(text: str) -> list[float]:
    try:
        days = [float(word) for word in text.split(",")]
    except ValueError:
        days = []
    if not days or not all(0 < one < math.inf for one in days):
        raise typer.BadParameter(f"'{text}' is not a list of days above 0, such as 30,60,90", param_hint="--horizons")
    return days
