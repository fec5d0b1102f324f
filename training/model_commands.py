"""The commands of the register: which versions there are, which one answers, and which one answered when."""

from typing import TYPE_CHECKING, Annotated

import typer

from features.doors import AsJson, home_of, known_home, moment, now
from training.options import Mlflow, Model, ModelName

if TYPE_CHECKING:
    from training.registry import Registry

models = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The register of models: which version was live when."
)
VersionGiven = Annotated[str, typer.Argument(help="A version's number.")]
At = Annotated[str | None, typer.Option(help="As it stood at this day or time.")]


@models.command("list")
def list_(
    context: typer.Context,
    model: Annotated[Model | None, typer.Argument(help="Which model; all when left out.")] = None,
    at: At = None,
    mlflow: Mlflow = None,
    as_json: AsJson = False,
) -> None:
    """List the versions, newest first, and which is live; with --at, which was live then."""
    import json
    from dataclasses import asdict

    from training.promotions import live_at, shadow_at

    registry = _registry(context, mlflow)
    found = registry.versions(model.value if model else None)
    if at is not None:
        then = moment(context, at)
        logs = {name: registry.log_of(name) for name in sorted({one.model for one in found})}
        rows = [
            {"model": name, "at": then.isoformat(), "live": live_at(log, then), "shadow": shadow_at(log, then)}
            for name, log in logs.items()
        ]
        if as_json:
            typer.echo(json.dumps(rows))
        for row in rows if not as_json else ():
            shadow = f", version {row['shadow']} in its shadow" if row["shadow"] else ""
            live = f"version {row['live']}" if row["live"] else "nothing"
            typer.echo(f"{row['model']}: {live} was live at {then:%Y-%m-%d %H:%M} UTC{shadow}")
        return
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
        return
    if not found:
        typer.echo("No model has been trained yet: foresell train all")
    for one in found:
        loss = "" if one.loss is None else f", {one.loss_name.replace('_', ' ')} {one.loss:.4f}"
        mark = "*" if one.live else " "
        typer.echo(
            f"{mark} {one.model} {one.version}: {one.serves} ({one.rung}), until {one.until[:16]}{loss}, {one.state}"
        )


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
    from training.promotions import NothingLiveThen

    registry = _registry(context, mlflow)
    wanted = version or registry.live_at(model, now() if at is None else moment(context, at))
    if wanted is None and at is not None:
        raise NothingLiveThen(model.value, f"{moment(context, at):%Y-%m-%d %H:%M} UTC")
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
    version: VersionGiven,
    force: Annotated[bool, typer.Option("--force", help="Even where the gate refused it.")] = False,
    mlflow: Mlflow = None,
) -> None:
    """Make a version the one that answers. What the gate refused needs the option for it."""
    registry = _registry(context, mlflow)
    registry.promote(model, version, now(), force=force)
    typer.echo(f"{model.value} version {version} is live.")


@models.command()
def rollback(context: typer.Context, model: ModelName, mlflow: Mlflow = None) -> None:
    """Let the version that was live before the present one answer again."""
    version = _registry(context, mlflow).rollback(model, now())
    typer.echo(f"{model.value} version {version} is live again.")


@models.command()
def shadow(
    context: typer.Context,
    model: ModelName,
    version: Annotated[str | None, typer.Argument(help="A version's number; none ends the shadow.")] = None,
    mlflow: Mlflow = None,
) -> None:
    """Score a version beside the live one without letting it answer."""
    _registry(context, mlflow).shadow(model, version, now())
    if version is None:
        typer.echo(f"Nothing is in the shadow of the live {model.value} model.")
    else:
        typer.echo(f"{model.value} version {version} is scored in the shadow of the live one.")


def _registry(context: typer.Context, address: str | None) -> "Registry":
    from training.registry import Registry

    return Registry(home_of(context) if address else known_home(context), address)
