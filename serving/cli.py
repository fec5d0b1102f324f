"""The one command `foresell`: the doors of all floors under one name."""

from importlib.metadata import PackageNotFoundError, version

import typer

import features.commands
import serving.commands
import training.commands
from features.doors import Home, run, set_home
from serving.access.command_trail import with_trail

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Foresell: open, self-hosted sales intelligence. Start with: foresell demo",
    epilog="Everything is kept in one folder (--home, FORESELL_HOME). Errors end with status 1 and say what to do.",
)
for door in map(with_trail, (serving.commands.app, features.commands.app, training.commands.app)):
    app.registered_commands += door.registered_commands
    app.registered_groups += door.registered_groups


def _show_version(asked: bool) -> None:
    if asked:
        try:
            typer.echo(f"foresell {version('foresell')}")
        except PackageNotFoundError:
            typer.echo("foresell, not installed")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    home: Home = None,
    show_version: bool = typer.Option(
        False, "--version", help="Show the version.", callback=_show_version, is_eager=True
    ),
) -> None:
    """Foresell: open, self-hosted sales intelligence. Start with: foresell demo"""
    set_home(context, home)


def main() -> None:
    """Run the command line."""
    run(app)


if __name__ == "__main__":
    main()
