"""A large history is read by a process of its own, and what it reads is what this one would read."""

import subprocess

import pytest

from features import memory_making
from features.history import History
from features.memory_making import kept_of
from features.online import Memory
from features.table import NotInHistory
from tests.features.memory_and_batch import features_of, told
from tests.features.test_overlay import moment


@pytest.fixture
def history(story) -> History:
    story.stages("New", "Talks").customer("c1", segment="small", created="2024-01-01").rep("r1", team_id="t1")
    story.deal("d1", customer="c1", amount=7, rep="r1").changes_stage("New", on="2024-02-01").activity(on="2024-03-01")
    story.deal("d2", customer="c1").closes("won", on="2024-04-01")
    story.order("c1", on="2024-05-01")
    return story.history


def test_what_another_process_reads_gives_the_same_features(story, history, monkeypatch):
    features = features_of(history)
    at = moment(story)
    here = told(Memory(history, features), ["d1", "d2"], at, "deal")
    (path,) = (story.home / "run" / "memory").glob("*.memory")
    path.unlink()
    monkeypatch.setattr(memory_making, "LARGE", 0)
    monkeypatch.setattr(memory_making, "write", None)  # this process must not read it itself
    assert told(Memory(history, features), ["d1", "d2"], at, "deal") == here
    assert path.exists()


@pytest.mark.parametrize("ending", [OSError("no more processes"), 1, -9])
def test_where_the_other_process_fails_this_one_reads(story, history, monkeypatch, ending):
    def run(*_: object, **__: object) -> subprocess.CompletedProcess[bytes]:
        if isinstance(ending, OSError):
            raise ending
        return subprocess.CompletedProcess([], ending)

    monkeypatch.setattr(memory_making, "LARGE", 0)
    monkeypatch.setattr(memory_making.subprocess, "run", run)
    assert Memory(history, features_of(history)).has("d1")


def test_the_other_process_does_not_read_a_history_that_went_on(story, history, monkeypatch, tmp_path):
    path = tmp_path / "aside"
    path.touch()
    task = {"path": str(path), "home": str(story.home), "mark": "of yesterday", "wanted": []}
    monkeypatch.setattr(memory_making.json, "load", lambda _: task)
    monkeypatch.setattr(memory_making, "Making", lambda _: pytest.fail("read all the same"))
    with pytest.raises(SystemExit) as ended:
        memory_making.main()
    assert ended.value.code == 1


def test_a_feature_that_the_history_does_not_give_is_named_before_anything_is_read(story, history, monkeypatch):
    features = features_of(history)
    bare = type(story)(story.home.with_name("bare"))
    bare.deal("d1")
    monkeypatch.setattr(memory_making, "write", lambda making, *_: pytest.fail(f"read into {making}"))
    with pytest.raises(NotInHistory):
        kept_of(bare.history, features)
