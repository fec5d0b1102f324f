"""A process that is killed at any moment loses no accepted event, and none is in the history twice."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from features.history import History
from serving.events.feed import open_feed, reach_of
from serving.events.folding import fold_accepted
from serving.events.follower import Follower
from serving.jobs.job import JobContext
from serving.settings import ServingSettings
from serving.store.opening import open_store
from tests.serving.events.conftest import NOW, Remembering, event, tell_to

CHILD = """
import sys, time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo
from features import folding as into_history
from serving.events import folding, intake
from serving.events.questions import EventTold
from serving.jobs.job import JobContext
from serving.settings import ServingSettings
from serving.store.opening import open_store

address, home, moment = sys.argv[1:]
store, now = open_store(address), datetime(2026, 11, 21, 9, 30)

def stop(*_, **__):
    print("here", flush=True)
    time.sleep(60)

if moment in ("accepting", "accepted"):
    row = {"activity_id": "b", "type": "call", "happened_at": "2026-11-20"}
    read = intake.read_events([EventTold(table="activities", row=row)], ZoneInfo("UTC"), "key:a", now)
    with store.session() as session:
        intake.accept(session, read, intake.Sender("key:a", "r", now), 1000)
        if moment == "accepting":
            stop()
    stop()
else:
    if moment == "written":
        into_history.Entry = stop
    if moment == "folded":
        folding.keep_folded = stop
    folding.fold_accepted(JobContext(store, Path(home), ServingSettings(home=home), now, lambda _: None))
"""


def kill_at(moment: str, address: str, home: Path) -> None:
    """Run the child until it says that it is at the moment, and kill it there."""
    arguments = [sys.executable, "-c", CHILD, address, str(home), moment]
    root = str(Path(__file__).resolve().parents[3])
    environment = {**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment, cwd=root) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "here\n"
        child.send_signal(signal.SIGKILL)


@pytest.fixture
def address(tmp_path) -> str:
    found = f"sqlite:///{tmp_path / 'store.db'}"
    store = open_store(found)
    open_feed(store)
    tell_to(store, event(activity_id="a"))
    store.close()
    return found


@pytest.fixture
def history(story):
    story.deal("D").activity(on="2026-01-01")
    return story.history


def test_killed_while_accepting_or_after_what_was_accepted_is_told_and_nothing_else(address, history):
    seen = []
    for moment in ("accepting", "accepted"):
        kill_at(moment, address, history.home)
        store = open_store(address)
        follower, memory = Follower(store), Remembering(history)
        follower.loaded(memory, history.log)
        seen.append(memory.keys)
        follower.close()
        store.close()

    assert seen == [["a"], ["a", "b"]]


def test_killed_while_folding_every_event_is_in_the_history_once(address, history):
    for moment, entries in (("written", 1), ("folded", 2)):
        kill_at(moment, address, history.home)
        assert len(History.existing(history.home).entries) == entries
    store = open_store(address)
    tell_to(store, event(activity_id="c"))
    fold_accepted(JobContext(store, history.home, ServingSettings(home=history.home), NOW, lambda _: None))
    assert reach_of(store).waiting == 0
    store.close()

    grown = History.existing(history.home)
    with grown.connect() as con:
        told = con.execute(f"SELECT activity_id FROM ({grown.sql_versions('activities')}) ORDER BY 1").fetchall()
    assert told == [("a",), ("activities-1",), ("c",)]
    assert [entry.origin.split()[0] for entry in grown.entries] == ["a", "events", "events"]
