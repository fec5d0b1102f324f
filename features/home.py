"""The home folder holds customers' data: it is made for its owner alone."""

from pathlib import Path


def make_private(home: Path) -> None:
    """Make the folder, readable by its owner only, unless it is there already."""
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=0o700, exist_ok=True)
