"""Is what is kept in a file what this program would read of this history? A mark that differs where anything does."""

import hashlib
import json
import os
from pathlib import Path

from features.history import History

LAYOUT = 1
"""Of the files; one of another layout is made anew."""


def mark_of(history: History, wanted: object) -> str:
    """A short text that stands for a state of a history, what is wanted of it, and the program that reads it."""
    told = {
        "layout": LAYOUT,
        "program": _program(),
        "history": [repr(entry) for entry in history.entries],
        "wanted": wanted,
    }
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:24]


def _program() -> list[tuple[str, int, int]]:
    """The files of this package: names, sizes and when they were written."""
    with os.scandir(Path(__file__).parent) as found:
        files = [(entry.name, entry.stat()) for entry in found if entry.name.endswith(".py")]
    return sorted((name, stat.st_size, stat.st_mtime_ns) for name, stat in files)
