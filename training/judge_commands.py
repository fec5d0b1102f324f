"""The commands that judge: how good a model would have been, and whether the live one still fits."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.doors import AsJson, home_of, moment, now, progress_on_terminal
from training.options import Folds, Language, Mlflow, Model, ModelName, Until, until_of

if TYPE_CHECKING:
    from training.drift.watch import Watch
    from training.judging import Judged

app = typer.Typer()


@app.command()
def backtest(
    context: typer.Context,
    model: ModelName,
    folds: Folds = 3,
    until: Until = None,
    out: Annotated[
        Path | None, typer.Option(help="Write all figures to a .json file, or a report to read to an .html file.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write a report to read to an .html file.")] = None,
    lang: Annotated[Language, typer.Option("--lang", "--language", help="Language of the report.")] = Language.EN,
    log: Annotated[bool, typer.Option(help="Log the run to MLflow, report and figures with it.")] = True,
    mlflow: Mlflow = None,
    as_json: AsJson = False,
) -> None:
    """Judge the model beside the built-in rivals on successive windows, learning only from before each."""
    from features.history import History
    from features.output import check_path, write_text
    from training.judging import judge_model, log_judged

    if out is not None:
        check_path(out, [".json", ".html"])
    if report is not None:
        check_path(report, [".html"])
    history = History.existing(home_of(context))
    end = until_of(context, history, until)
    progress = progress_on_terminal()
    found: Judged = judge_model(model.value, history, end, folds, progress)
    progress("")
    writers = {".json": found.to_json, ".html": lambda: found.to_html(lang.value)}
    for path in (out, report):
        if path is not None:
            write_text(writers, path)
    typer.echo(found.to_json() if as_json else "\n".join(found.lines()))
    if log:
        progress("logging to MLflow")
        log_judged(found, model.value, home_of(context), mlflow, end, lang.value)
        progress("")


@app.command()
def drift(
    context: typer.Context,
    model: Annotated[Model | None, typer.Argument(help="Which model; all that are live when left out.")] = None,
    as_of: Annotated[
        str | None, typer.Option(help="The moment: a day (00:00 local) or a full time. Default: now.")
    ] = None,
    mlflow: Mlflow = None,
    version: Annotated[str | None, typer.Option("--model", help="A version. Default: the live one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether the live model still fits what comes in: features, scores, outcomes, leaks. An alarm is status 0."""
    import json

    from features.errors import ForesellError
    from features.history import History
    from training.bundle_file import is_pointed_at
    from training.drift.watch import watch_home

    if version is not None and model is None:
        raise typer.BadParameter("name the model too, as in: foresell drift win --model 3", param_hint="--model")
    history = History.existing(home_of(context))
    at = now() if as_of is None else moment(context, as_of)
    home = home_of(context)
    names = [model] if model else [one for one in Model if is_pointed_at(home, one)] or [Model.WIN]
    found: list[Watch] = []
    failed: dict[str, str] = {}
    for name in names:
        try:
            found += watch_home(home, history, name.value, version, mlflow, at)
        except ForesellError as trouble:
            if len(names) == 1:
                raise
            failed[name.value] = str(trouble)
    if as_json:
        typer.echo(json.dumps([one.facts() for one in found], ensure_ascii=False))
    for one in found if not as_json else ():
        typer.echo("\n".join(one.lines()))
    for which, why in failed.items():
        typer.echo(f"Error: the {which} model could not be watched: {why}", err=True)
    if failed:
        raise typer.Exit(1)
