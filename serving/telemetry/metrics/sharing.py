"""How does one worker tell what all of them counted? Each writes its counts to a file of its own in one folder.

Counts of a worker that ended must stay in the sums, its gauges must not. The process that started the workers adds
the counts of those that ended to the file `ended.json`, which names whom it holds; a reader takes the files of
workers first and then leaves out those that `ended.json` names, so nothing is missed and nothing counted twice.
"""

import json
import os
from collections.abc import Collection, Iterable
from pathlib import Path
from uuid import uuid4

from serving.telemetry.metrics.measures import MEASURES, Cell, Kind, Labels

Snapshot = dict[str, dict[Labels, Cell]]
"""Name of the measure, labels, what is kept."""

ENDED = "ended.json"


class Shared:
    """The folder of one service, seen by one worker."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own = f"{os.getpid()}-{uuid4().hex[:8]}.json"
        self.unwritten = 0
        """How often the counts could not be written; they are told with the next that can."""

    def write(self, counted: Snapshot) -> None:
        """Tell the others. A full disk must not stop anything."""
        try:
            _write(self._folder / self._own, counted, [])
        except OSError:
            self.unwritten += 1

    def others(self) -> list[Snapshot]:
        """What the other workers counted, and those that ended."""
        return [counted for name, counted in _read_all(self._folder).items() if name != self._own]


def joined(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Several workers' counts as one."""
    total: Snapshot = {}
    for snapshot in snapshots:
        for name, series in snapshot.items():
            known = total.setdefault(name, {})
            for labels, cell in series.items():
                known[labels] = MEASURES[name].joined(known[labels], cell) if labels in known else cell
    return total


def fold_ended(folder: Path, alive: Collection[int]) -> None:
    """Move the counts of workers that no longer live to `ended.json`. Only one process may call this."""
    found = _read_all(folder)
    dead = [name for name in found if name != ENDED and int(name.split("-")[0]) not in alive]
    if dead:
        total = joined(found[name] for name in (ENDED, *dead) if name in found)
        kept = {name: cells for name, cells in total.items() if MEASURES[name].kind is not Kind.GAUGE}
        _write(folder / ENDED, kept, dead)
        for name in dead:
            (folder / name).unlink(missing_ok=True)


def _read_all(folder: Path) -> dict[str, Snapshot]:
    found: dict[str, Snapshot] = {}
    for path in sorted(folder.glob("*-*.json")):
        counted, _ = _read(path)
        if counted is not None:
            found[path.name] = counted
    ended, held = _read(folder / ENDED)
    if ended is not None:
        found[ENDED] = ended
    return {name: counted for name, counted in found.items() if name not in held}


def _read(path: Path) -> tuple[Snapshot | None, list[str]]:
    try:
        stored = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None, []
    counted = {
        name: {tuple(labels): cell for labels, cell in series}
        for name, series in stored["counted"].items()
        if name in MEASURES
    }
    return counted, stored["holds"]


def _write(path: Path, counted: Snapshot, holds: list[str]) -> None:
    plain = {name: [[list(labels), cell] for labels, cell in series.items()] for name, series in counted.items()}
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps({"counted": plain, "holds": holds}), "utf-8")
    draft.replace(path)
