"""What all commands share: the home folder, moments, progress, and how an error leaves the program."""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from features.errors import ForesellError, was_interrupted
from features.home import require_home
from features.own_process import others_started_safely

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Out = Annotated[Path, typer.Option(help="The file to write: .csv, .parquet or .json.", show_default=False)]
Home = Annotated[
    Path | None,
    typer.Option(
        help="Folder that keeps everything. Default: FORESELL_HOME, else ./foresell-home.", show_default=False
    ),
]

DATABASE = "FORESELL_DATABASE"
"""Names the service's database where it is not in the home folder."""

TRACEBACK = "FORESELL_TRACEBACK"
"""Set in the environment, a fault of ours ends with its traceback."""


def set_home(context: typer.Context, home: Home = None) -> None:
    """Remember the home folder for the command that follows."""
    context.obj = home or Path(os.environ.get("FORESELL_HOME") or "foresell-home")


def home_of(context: typer.Context) -> Path:
    """The home folder that was given before the command."""
    found = context.find_root().obj
    return found if isinstance(found, Path) else Path(os.environ.get("FORESELL_HOME") or "foresell-home")


def known_home(context: typer.Context, elsewhere: str | None = None) -> Path:
    """The home folder, for a command that reads what was kept: a mistyped one must not begin another. Raises NoHome.

    `elsewhere` names the setting that may say that what the command reads lies elsewhere.
    """
    home = home_of(context)
    return home if elsewhere is not None and os.environ.get(elsewhere) else require_home(home)


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


class CannotUseFile(ForesellError):
    problem = "A file or folder could not be used: {0}."
    fix = "check that it exists, may be read and written, and that the disk has room; then run the command again."


class FaultOfOurs(ForesellError):
    problem = "Something went wrong that Foresell has no words for: {0}."
    fix = "set FORESELL_TRACEBACK=1, run the command again and report what it prints; what was live still is."


def run(app: typer.Typer) -> None:
    """Run a door: an error ends with its two sentences and status 1, wrong usage with 2."""
    try:
        with others_started_safely():
            app()
    except Exception as error:
        if os.environ.get(TRACEBACK) and not isinstance(error, ForesellError):
            raise
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")
        typer.echo("Aborted." if was_interrupted(error) else f"Error: {_named(error)}", err=True)
        sys.exit(1)


def _named(error: Exception) -> ForesellError:
    if isinstance(error, ForesellError):
        return error
    said = " ".join(f"{type(error).__name__}: {error}".split())
    return CannotUseFile(error) if isinstance(error, OSError) else FaultOfOurs(said)
