from datetime import datetime

import pytest

from serving.jobs.job import JobContext
from serving.settings import ServingSettings
from serving.upkeep import compaction
from serving.upkeep.compaction import many_files, merge_files

NOW = datetime(2026, 11, 21)


@pytest.fixture
def context(story) -> JobContext:
    story.deal("D1")
    for day in range(1, 6):
        story.deal("D1").changes("stage", f"stage {day}", on=f"2026-01-0{day}")
        story.import_now(f"2026-02-0{day}")
    return JobContext(None, story.home, ServingSettings(home=story.home), NOW, lambda _: None)  # type: ignore[arg-type]


def test_many_small_files_are_merged_and_then_there_is_nothing_to_do(context, story, monkeypatch):
    assert not many_files(context)
    monkeypatch.setattr(compaction, "MOST_FILES", 3)
    assert many_files(context)
    before = story.history.fingerprint

    said = merge_files(context)

    assert said.startswith("Merged 6 files of the history into 2")
    assert story.history.fingerprint == before
    assert not many_files(context)


def test_a_home_without_a_history_wants_nothing(tmp_path):
    context = JobContext(None, tmp_path, ServingSettings(home=tmp_path), NOW, lambda _: None)  # type: ignore[arg-type]

    assert not many_files(context)
