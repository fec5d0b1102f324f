"""What all commands share: the home folder, moments, progress, and how an error leaves the program."""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from features.errors import ForesellError

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Out = Annotated[Path, typer.Option(help="The file to write: .csv, .parquet or .json.", show_default=False)]
Home = Annotated[
    Path | None,
    typer.Option(
        help="Folder that keeps everything. Default: FORESELL_HOME, else ./foresell-home.", show_default=False
    ),
]


def set_home(context: typer.Context, home: Home = None) -> None:
    """Remember the home folder for the command that follows."""
    context.obj = home or Path(os.environ.get("FORESELL_HOME") or "foresell-home")


def home_of(context: typer.Context) -> Path:
    """The home folder that was given before the command."""
    found = context.find_root().obj
    return found if isinstance(found, Path) else Path(os.environ.get("FORESELL_HOME") or "foresell-home")


def now() -> datetime:
    """The clock, as naive UTC: read here and nowhere below."""
    return datetime.now(UTC).replace(tzinfo=None)


def moment(context: typer.Context, text: str) -> datetime:
    """A moment given on the command line, in the history's time zone; naive UTC."""
    from features.as_of import parse_moment
    from features.history import History

    return parse_moment(text, History.open(home_of(context)).timezone or "UTC")


def progress_on_terminal() -> Callable[[str], None]:
    """Shows one changing line on a terminal; says nothing in a pipe."""
    if not sys.stderr.isatty():
        return lambda _: None

    def show(text: str) -> None:
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()

    return show


def run(app: typer.Typer) -> None:
    """Run a door: a named error ends with its two sentences and status 1, wrong usage with 2."""
    try:
        app()
    except ForesellError as error:
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")
        typer.echo(f"Error: {error}", err=True)
        sys.exit(1)
