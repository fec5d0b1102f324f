"""What is prepared says what the history says; it is made once, made again after a delivery, and cleared away."""

import threading
from pathlib import Path

import numpy as np
import pytest

from features import prepared as module
from features.as_of import Moments, micros, parse_moment
from features.catalog import offered
from features.engines import local
from features.engines.local import LocalFeatures, prepare_all
from features.prepared import is_prepared, place_of, prepared
from features.stream_reader import StreamReader
from features.table import build_table

COLUMNS = ("type", "duration_minutes")


@pytest.fixture
def told(story):
    story.stages("Lead", "Offer").contact("x", "c", is_decision_maker=True)
    for number in range(12):
        deal = story.deal(f"d{number}", customer=f"c{number % 3}", rep=f"r{number % 2}", amount=10 * number)
        deal.changes_stage("Lead", on="2024-01-02").changes_stage("Offer", on="2024-01-20", recorded="2024-02-01")
        for day in range(number):
            kind = ("call", "email", "visit")[day % 3]
            deal.activity(on=f"2024-01-{3 + day:02}", type=kind, duration_minutes=day, recorded=f"2024-02-{1 + day:02}")
        if number % 4 == 0:
            deal.closes("won" if number % 8 else "lost", on="2024-02-10")
    return story


def ask(told):
    days = ("2024-01-04", "2024-02-05", "2024-03-01")
    deals = np.repeat(np.array([f"d{n}" for n in range(12)] + ["nobody"], object), 3)
    at = np.array([micros(parse_moment(day, "Asia/Shanghai")) for day in days] * 13)
    return Moments(deals, at)


def test_prepared_and_direct_tables_are_the_same_to_the_last_bit(told, monkeypatch):
    features = offered(told.history).features
    direct = build_table(features, ask(told), told.history)
    monkeypatch.setattr(local, "FEW_MOMENTS", 0)
    monkeypatch.setattr(local, "EVENTS", 7)
    monkeypatch.setattr(local, "ROWS", 5)
    monkeypatch.setattr(module, "WRITTEN", 9)

    table = build_table(features, ask(told), told.history)

    assert table.equals(direct)
    assert len(features) > 50
    monkeypatch.setattr(local, "FEW_MOMENTS", 10**9)
    assert build_table(features, ask(told), told.history).equals(direct)  # made ready, it is read for few as well


def test_many_values_wait_in_files_and_come_out_the_same(told):
    features = offered(told.history).features
    with LocalFeatures(features, ask(told), told.history, memory_mb=0) as found:
        spilled = list((told.home / "spill").glob("features-*/*.bin"))
        blocks = [values for _, _, values in found.blocks(4)]
    direct = build_table(features, ask(told), told.history)

    assert spilled
    assert not list((told.home / "spill").iterdir())
    minutes = np.concatenate([block["deal_minutes"] for block in blocks])
    np.testing.assert_array_equal(minutes, direct["deal_minutes"].to_numpy())


def test_a_delivery_makes_a_new_folder_and_clears_the_old_one(told):
    def folder() -> Path:
        reader = StreamReader(told.history, (), 100, 1)
        with prepared(reader, "activities", "deal", COLUMNS):
            return place_of(reader, "activities", "deal", COLUMNS)

    first = folder()
    assert folder() == first
    told.deal("d1").activity(on="2024-03-01")
    second = folder()

    assert second != first
    assert [path.name for path in second.parent.iterdir()] == [second.name]


def test_what_is_read_is_not_cleared_away(told):
    reader = StreamReader(told.history, (), 100, 1)
    with prepared(reader, "activities", "deal", COLUMNS) as old:
        place = place_of(reader, "activities", "deal", COLUMNS)
        told.deal("d1").activity(on="2024-03-01")
        prepare_all(offered(told.history).features, told.history)
        assert len(old.index(0, len(old.ids), COLUMNS)) == old.contents.events
    assert place.exists()


def test_several_at_once_make_one_folder(told):
    reader = StreamReader(told.history, (), 100, 1)
    events: list[int] = []

    def read() -> None:
        with prepared(StreamReader(told.history, (), 100, 1), "activities", "deal", ()) as found:
            events.append(found.contents.events)

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(events) == 6
    assert is_prepared(reader, "activities", "deal", ())
    assert len(list((told.home / "prepared").iterdir())) == 1


def test_a_stream_without_events_is_prepared_too(story):
    story.deal("d").activity(on="2024-01-02", contact=None)
    reader = StreamReader(story.history, (), 100, 1)

    with prepared(reader, "activities", "contact", ("type",)) as found:
        assert list(found.ranges(10)) == [(0, 0)]
        assert len(found.index(0, 0, ("type",))) == 0
