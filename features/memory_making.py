"""What does a memory take of a history? Read into a file, by a process of its own where the history is large.

Reading takes many times the memory of what is kept, and a process does not give all of it back.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from features.absorbing import Absorbing
from features.deal_facts import BY_DEAL
from features.definition import Feature
from features.history import History
from features.kept_arrays import Group, Keep, Kept, Making, find_or_make
from features.kept_mark import mark_of
from features.live_events import OTHERS
from features.live_streams import LiveStreams, Wanted
from features.one_moment import wanted_by
from features.own_process import command_of
from features.owners import OF_CUSTOMER, parts_of
from features.signs_of_life import signs_of_life
from features.span import last_recorded
from features.streams import open_streams
from features.table import check

FOLDER = Path("run", "memory")
"""Where in the home folder what is read of the history lies."""
LARGE = 100_000
"""Rows of a history that is read by a process of its own."""
FAR = datetime(9999, 1, 1)


def kept_of(history: History, features: tuple[Feature, ...]) -> Kept:
    """What these features take of a history, read first where it was not yet; the history then need not be asked.

    Raises NotInHistory where it does not give one.
    """
    wanted = wanted_by(features)
    listed = sorted([stream, of, sorted(columns)] for (stream, of), columns in wanted.items())
    mark = mark_of(history, listed)

    def make(making: Making) -> None:
        check(features, history)
        write(making, history, wanted)

    rows = sum(part.rows for parts in history.log.parts.values() for part in parts)
    apart = (lambda path: _written_apart(path, history.home, mark, listed)) if rows >= LARGE else None
    kept = find_or_make(history.home / FOLDER, mark, make, apart)
    tracked = kept.find("tracked")
    assert tracked is not None
    history.tracking(frozenset(tracked.plain))
    check(features, history)
    return kept


def write(making: Making, history: History, looked_at: Wanted) -> None:
    """Read a history into a file."""
    making.group("tracked", lambda: Group(plain=sorted(history.tracked())))
    last_recorded(history, FAR, making)
    streams, _ = read(history, looked_at, making)
    streams.write_names(making)


def read(history: History, looked_at: Wanted, keep: Keep) -> tuple[LiveStreams, Absorbing]:
    """The streams of what features look at, and what it takes to tell them more, as they are kept."""
    streams = LiveStreams(history, _wanted(history, looked_at), keep=keep)
    streams.load()
    return streams, Absorbing(history, streams, keep)


def _wanted(history: History, looked_at: Wanted) -> dict[tuple[str, str], frozenset[str]]:
    """The columns of each stream by each key: those looked at, who is active, and those it takes to absorb rows."""
    streams = open_streams(history)
    wanted = dict(looked_at)

    def want(stream: str, of: str, *columns: str) -> None:
        if stream in streams.streams and streams.has_key(stream, of):
            there = frozenset(columns) & streams.columns(stream).keys()
            wanted[stream, of] = wanted.get((stream, of), frozenset()) | there

    for (stream, of), columns in wanted_by(signs_of_life(streams)).items():
        want(stream, of, *columns)
    if "deals" in history.tables():
        for stream, needed in BY_DEAL.items():
            want(stream, "deal", *needed)
    for stream, of in [*wanted]:
        for part in parts_of(of):
            if part in streams.streams[stream].keys:
                continue
            if part in OF_CUSTOMER:
                want("customers", "customer", part)
            if part == "team":
                want("reps", "rep", "team_id")
        for column in wanted[stream, of]:
            if column in streams.streams[stream].beside:
                shared, _, its = streams.streams[stream].beside[column]
                want(OTHERS[shared], shared, its)
    return wanted


def _written_apart(path: Path, home: Path, mark: str, wanted: Sequence[object]) -> bool:
    """Have another process read the history; False where it could not: who reads it then learns why."""
    task = {"path": str(path), "home": str(home), "mark": mark, "wanted": wanted}
    try:
        done = subprocess.run(
            command_of(__name__),
            input=json.dumps(task).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def main() -> None:
    """Do what the task on the standard input says."""
    task = json.load(sys.stdin)
    history = History(Path(task["home"]))
    if mark_of(history, task["wanted"]) != task["mark"]:
        sys.exit(1)  # a delivery came since
    wanted = {(stream, of): frozenset(columns) for stream, of, columns in task["wanted"]}
    with Path(task["path"]).open("r+b") as file:
        making = Making(file)
        write(making, history, wanted)
        making.finish()
