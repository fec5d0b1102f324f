"""Can two models be taught at the same time? One recipe in a process of its own, beside the others in this one.

What is taught is the same to the byte, since recipes share nothing: each reads the history for itself. Only the
candidate comes back; judging it against the live one, logging and promoting stay in one process, in their usual order.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Any

from features.errors import was_interrupted
from features.history import History
from features.processors import processors

MOST_BYTES = 60_000_000
"""Of a history whose files take more, one model after the other is taught: two at once might fill the memory."""
Recipe = tuple[str, str]
"""Module and function."""


class Beside:
    """A recipe that is being followed in another process. `progress` is told from a thread."""

    def __init__(
        self, recipe: Recipe, home: Path, until: datetime, folds: int, progress: Callable[[str], None]
    ) -> None:
        spawning = get_context("spawn")
        self._line, theirs = spawning.Pipe(duplex=False)
        self._process = spawning.Process(target=_teach, args=(theirs, recipe, home, until, folds))
        self._process.start()
        theirs.close()
        self._progress, self._found = progress, None
        self._reader = Thread(target=self._read, name=f"beside-{recipe[1]}", daemon=True)
        self._reader.start()

    _found: tuple[bool, bytes] | None

    def candidate(self) -> object | None:
        """What was taught, waited for; None where the process ended without a word. Raises what the recipe raised."""
        from cloudpickle import loads  # type: ignore[import-untyped]

        self._reader.join()
        self._process.join()
        if self._found is None:
            return None
        taught, packed = self._found
        found: object = loads(packed)
        if not taught and isinstance(found, Exception):
            raise found
        return found

    def stop(self) -> None:
        """End the process if it still runs."""
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()

    def _read(self) -> None:
        # The line is closed when the other process ends, whatever its reason. What it was asked for ends it sooner:
        # helpers that it started keep the line open for minutes.
        with suppress(EOFError, OSError):
            while self._found is None:
                kind, told = self._line.recv()
                if kind == "says":
                    self._progress(told)
                else:
                    self._found = (kind == "taught", told)


def may_be_side_by_side(history: History) -> bool:
    """Whether there are two processors, and the history is on this machine and small enough to be held twice."""
    files = [Path(file) for table in history.tables() for file in history.files(table)]
    if processors() < 2 or not all(file.is_file() for file in files):
        return False
    return sum(file.stat().st_size for file in files) <= MOST_BYTES


def _teach(line: Connection, recipe: Recipe, home: Path, until: datetime, folds: int) -> None:
    """What the other process does."""
    from importlib import import_module

    from cloudpickle import dumps

    try:
        follow: Callable[..., Any] = getattr(import_module(recipe[0]), recipe[1])
        found = follow(History.existing(home), until, folds, lambda text: line.send(("says", text)))
        line.send(("taught", dumps(found)))
    except Exception as failure:
        if was_interrupted(failure):
            raise
        line.send(("failed", dumps(failure)))
    finally:
        _dismiss_helpers()


def _dismiss_helpers() -> None:
    """End the processes that joblib keeps for later work: this one waits for them before it can end."""
    if "joblib.externals.loky" in sys.modules:
        from joblib.externals.loky import get_reusable_executor  # type: ignore[import-untyped]

        get_reusable_executor().shutdown(wait=True, kill_workers=True)
