import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from features.catalog import select
from serving.questions.questions import DealsAsked
from serving.score_log import queue
from serving.score_log.queue import ScoreLog
from serving.score_log.reading import said_of_counts, served
from serving.scores.occasion import occasion
from serving.scores.scoring import score_deals
from serving.scores.subjects import Subject
from serving.shelf.pairs import Bundled, Pair

NOW = datetime(2026, 11, 21, 9, 30)


class Failing:
    version, model, until, features, rung = "9", "win", datetime(2026, 1, 1), select("deal_amount"), "model"
    fingerprint = "0"

    def answer(self, *_):
        raise ArithmeticError("the shadow stumbles")


@pytest.fixture
def serve(company, tmp_path):
    """Scores deals by features and puts them into a log; says how they are read again."""

    def serving(*amounts, shadow=None, most=100, request_id="r", forms="features"):
        bundled = Bundled(company.champion("7"), {}, company.until)
        shadowed = None if shadow is None else Bundled(shadow, {}, company.until)
        pair = Pair(bundled, None, shadowed, None, ZoneInfo("UTC"), None, 1)
        asked = occasion(pair, DealsAsked.model_construct(deals=[], horizons=[30.0]), "en", NOW, timedelta(days=1))
        subjects = [Subject(f"D-{n}", forms, row={"deal_amount": float(a)}) for n, a in enumerate(amounts)]
        log.put(asked, "win", "key:abc", request_id, subjects, score_deals(asked, subjects))

    log = ScoreLog(tmp_path, 100, timedelta(seconds=60))
    serving.log = log
    serving.home = tmp_path
    yield serving
    log.close()


def rows(serve):
    return served(serve.home, None, datetime(2027, 1, 1)).to_pylist()


def test_served_scores_are_kept_with_what_they_stood_on(serve, company):
    serve(1000, 10000)
    serve.log.write()
    first, second = rows(serve)

    assert (first["subject"], first["form"], first["actor"], first["request_id"]) == ("D-0", "features", "key:abc", "r")
    assert (first["model"], first["version"], first["role"], first["place"]) == ("win", "7", "champion", 0)
    assert (first["as_of"], first["scored_at"], first["level_as_of"]) == (NOW, NOW, company.until)
    assert first["probability"] == pytest.approx(0.4)
    assert (first["horizons"], first["chances"]) == ([30.0], [pytest.approx(0.4 * 0.451188)])
    assert second["probability"] > first["probability"]
    assert said_of_counts(serve.home).startswith("2 scores served, 2 written.")


def test_the_shadow_is_asked_about_the_same_values_and_kept_beside(serve, company):
    serve(1000, shadow=replace(company.champion("8"), base_rate=0.1))
    serve.log.write()

    assert [(one["role"], one["version"]) for one in rows(serve)] == [("shadow", "8"), ("champion", "7")]


def test_a_shadow_that_fails_is_counted_and_hurts_nobody(serve):
    serve(1000, 2000, shadow=Failing())
    serve.log.write()

    assert [one["role"] for one in rows(serve)] == ["champion", "champion"]
    assert serve.log.counts.shadow_failed == 2
    assert "2 that a shadow could not answer" in said_of_counts(serve.home)


def test_a_shadow_that_learned_from_later_says_nothing(serve, company):
    serve(1000, shadow=replace(company.champion("8"), until=datetime(2026, 12, 1)))
    serve.log.write()

    assert [one["role"] for one in rows(serve)] == ["champion"]


def test_what_finds_no_room_is_lost_and_counted(serve):
    for _ in range(3):
        serve(*range(100, 140))

    assert (serve.log.counts.taken, serve.log.counts.lost) == (80, 40)
    serve.log.write()
    assert said_of_counts(serve.home).startswith("120 scores served, 80 written; 40 lost for want of room or disk")
    serve(1)
    assert serve.log.counts.taken == 81


def test_a_disk_that_refuses_loses_scores_with_a_count(serve):
    (serve.home / "served" / "parts").write_text("in the way")
    serve(1000)
    serve.log.write()

    assert (serve.log.counts.taken, serve.log.counts.written, serve.log.counts.lost) == (0, 0, 1)


def test_what_waits_is_written_at_the_end(serve):
    serve.log.start()
    serve(1000)
    serve.log.close()

    assert len(rows(serve)) == 1


def test_large_calls_wake_the_writer_before_the_room_is_used_up(serve):
    assert not serve.log._wake.is_set()

    serve(*[1000.0] * 20)
    quiet = serve.log._wake.is_set()
    serve(*[1000.0] * 20, request_id="s")

    assert (quiet, serve.log._wake.is_set()) == (False, True)
    serve.log.write()
    assert len(rows(serve)) == 40


def test_many_scores_make_several_parts_and_a_refused_part_loses_no_other(serve, monkeypatch):
    monkeypatch.setattr(queue, "MOST_OF_PART", 20)
    write, refused = queue.write_part, []

    def now_and_then(home, name, at, columns):
        if name.endswith("000002"):
            refused.append(len(columns["subject"]))
            raise OSError("the disk is full")
        return write(home, name, at, columns)

    monkeypatch.setattr(queue, "write_part", now_and_then)
    for number in range(5):
        serve(*[1000.0] * 15, request_id=f"r{number}")
    serve.log.write()

    counts = serve.log.counts
    assert refused == [30], "a piece is not cut"
    assert (counts.taken, counts.written, counts.lost, len(rows(serve))) == (45, 45, 30, 45)
    assert serve.log._room == serve.log._scores == 0


def test_a_part_counts_as_written_once_the_disk_has_it(serve, monkeypatch):
    synced = []

    def sync(opened):
        synced.append((Path(f"/proc/self/fd/{opened}").readlink().suffix, serve.log.counts.written))

    monkeypatch.setattr(os, "fsync", sync)
    serve(1000)
    serve.log.write()

    assert synced == [("", 0), (".draft", 0), ("", 0)], "the folder of days, the part, its folder"
    assert serve.log.counts.written == 1
