from datetime import datetime, time, timedelta

import pytest

from features.fold_marks import Mark
from features.folding import Told, fold
from serving.cards.keeping import made_of
from serving.cards.making import make, wanted
from serving.store.score_tables import CustomerCard, DealCard

NOW = datetime(2026, 11, 21, 1, 30)
TWO = time(2)


def test_cards_are_wanted_where_there_are_none_and_then_no_more(company, store):
    assert wanted(store, company.home, NOW, TWO) == "there are none yet"

    said = make(store, company.home, NOW, lambda _: None)

    assert said.startswith("cards: 6 new")
    assert wanted(store, company.home, NOW, TWO) is None


def test_nothing_is_wanted_of_a_home_without_a_history(store, tmp_path):
    assert wanted(store, tmp_path, NOW, TWO) is None


def test_a_delivery_makes_them_wanted_and_what_it_closed_is_closed(company, story, store):
    make(store, company.home, NOW, lambda _: None)
    story.deal("D2", status="lost", closed_at="2026-11-20", recorded="2026-11-20")
    story.import_now("2026-11-21")

    assert wanted(store, company.home, NOW, TWO) == "the history grew"
    make(store, company.home, NOW, lambda _: None)

    with store.session() as session:
        assert session.get(DealCard, "D2").status == "lost"


def test_a_customer_who_is_gone_has_no_card(company, story, store):
    make(store, company.home, NOW, lambda _: None)
    with store.session() as session:
        session.add(CustomerCard(customer_id="X", active=True, record={}, digest="none"))

    make(store, company.home, NOW, lambda _: None)

    with store.session() as session:
        assert session.get(CustomerCard, "X") is None


@pytest.mark.parametrize(
    ("scored", "now", "due"),
    [
        (datetime(2026, 11, 20, 18, 1), datetime(2026, 11, 21, 17, 59), False),
        (datetime(2026, 11, 20, 18, 1), datetime(2026, 11, 21, 18, 1), True),
        (datetime(2026, 11, 19, 0, 0), datetime(2026, 11, 21, 1, 0), True),
    ],
)
def test_each_local_night_is_scored_once_at_two_in_shanghai(company, store, monkeypatch, scored, now, due):
    monkeypatch.setattr("serving.cards.making.live_versions", lambda home: "win 1")
    make(store, company.home, scored, lambda _: None)
    with store.session() as session:
        made_of(session).versions = "win 1"

    assert (wanted(store, company.home, now, TWO) is not None) == due


def test_another_live_version_makes_them_wanted(company, store, monkeypatch):
    make(store, company.home, NOW, lambda _: None)
    monkeypatch.setattr("serving.cards.making.live_versions", lambda home: "win 2")

    assert wanted(store, company.home, NOW + timedelta(minutes=1), TWO) == "another version is live"


def test_folded_events_are_no_news_as_they_were_followed_already(company, store):
    make(store, company.home, NOW, lambda _: None)
    told = [Told("customers", {"customer_id": "C1", "segment": "large"}, NOW)]
    fold(company, told, Mark("feed", 1, "stamp"), NOW)

    assert wanted(store, company.home, NOW, TWO) is None
