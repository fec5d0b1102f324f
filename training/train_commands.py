"""The command that trains: one model, or all that the tables on record teach."""

from typing import TYPE_CHECKING, Annotated

import typer

from features.doors import AsJson, home_of, now, progress_on_terminal
from training.options import Folds, Mlflow, Model, ModelOrAll, Until, until_of

if TYPE_CHECKING:
    from training.retraining import Round

app = typer.Typer()


@app.command()
def train(
    context: typer.Context,
    model: Annotated[ModelOrAll, typer.Argument(help="Which model; all trains what the tables on record teach.")],
    until: Until = None,
    folds: Folds = 3,
    mlflow: Mlflow = None,
    promote: Annotated[bool, typer.Option(help="Promote what the gate lets pass.")] = True,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Score it beside the live version instead of promoting it.")
    ] = False,
    search: Annotated[
        float,
        typer.Option(min=0, help="Seconds to search for better trees of the win model. Default: none."),
    ] = 0,
    search_trials: Annotated[
        int | None, typer.Option(min=1, help="The same bounded by settings tried: the same seed finds the same.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a candidate, judge it beside its rivals, log it to MLflow, and promote what may be served."""
    import json

    from features.history import History
    from training.registry import Registry
    from training.retraining import Wish, train_all, train_one

    history = History.existing(home_of(context))
    end = until_of(context, history, until)
    registry = Registry(home_of(context), mlflow)
    # Before long work: could its result be kept?
    registry.check()
    wish = Wish(folds, promote, shadow, search, search_trials, side_by_side=True)
    progress = progress_on_terminal()
    if model is not ModelOrAll.ALL:
        one = train_one(model.value, history, registry, end, wish, now, progress)
        typer.echo(json.dumps(one.facts(), ensure_ascii=False) if as_json else "\n".join(one.lines()))
        return
    found = train_all(history, registry, end, wish, now, progress)
    progress("")
    if as_json:
        trained = [one.facts() for one in found.trained]
        typer.echo(
            json.dumps({"trained": trained, "left_out": found.left_out, "failed": found.failed}, ensure_ascii=False)
        )
    else:
        typer.echo("\n".join(_told(found)))
    if found.failed:
        for name, why in found.failed.items():
            typer.echo(f"Error: the {name} model could not be trained: {why}", err=True)
        raise typer.Exit(1)


def _told(found: "Round") -> list[str]:
    lines: list[str] = []
    for one in found.trained:
        lines += [f"== {one.candidate.bundle.model} ==", *one.lines(), ""]
    lines += [f"{name} was left out: {why}" for name, why in found.left_out.items()]
    names = ", ".join(f"{one.candidate.bundle.model} {one.version} {one.state}" for one in found.trained)
    return [*lines, f"Trained: {names or 'nothing'}."]


__all__ = ["Model", "app", "train"]
