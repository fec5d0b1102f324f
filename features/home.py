"""The home folder holds customers' data: it is made for its owner alone, and known by what lies in it."""

from pathlib import Path

from features.errors import ForesellError

KEPT = (
    "history", "champions", "foresell.db", "mlflow.db", "rejects", "served", "staging", "mapping.yaml", "own.py",
)  # fmt: skip
"""What commands that write, and people, leave in a home; each is a sign of one."""


class NoHome(ForesellError):
    problem = "{0} is not a home folder of Foresell: {1}."
    fix = (
        "name the folder that keeps your history and models with --home or FORESELL_HOME, "
        "or begin one: foresell import FOLDER --mapping FILE, or foresell demo."
    )


def make_private(home: Path) -> None:
    """Make the folder, readable by its owner only, unless it is there already."""
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=0o700, exist_ok=True)


def require_home(home: Path) -> Path:
    """The folder, where something of ours is kept in it or nothing at all, as in a new volume. Raises NoHome.

    Who only reads must not begin a home where a name was mistyped, nor in a folder of other things.
    """
    if not home.is_dir():
        raise NoHome(home, "it is a file" if home.exists() else "there is no such folder")
    if any(home.iterdir()) and not any((home / name).exists() for name in KEPT):
        raise NoHome(home, "nothing of Foresell is kept there")
    return home
