"""Lists while events come in: what each of several readers is told, and what happens when nothing can be written."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event as listening
from sqlalchemy import select as select_rows

from features.catalog import select
from features.history import History
from features.online import Memory
from features.told_rows import written
from serving.cards import keeping, refreshing
from serving.cards.keeping import made_of, make_cards
from serving.cards.listing import Wish
from serving.cards.lists import Lists
from serving.cards.refreshing import Refresher
from serving.cards.remarks import Freshness
from serving.cards.scoring import write_scores
from serving.problems.errors import NoChampion, StillLoading
from serving.store.event_tables import AcceptedEvent, EventFeed
from serving.store.opening import open_store
from serving.store.score_tables import DealCard

NOW = datetime(2026, 11, 21, 1, 30)
DAY = timedelta(days=1)
NOTHING = {"low": None, "high": None, "expected_close_on": None, "expected_amount": None, "model_version": "1"}


class Bookkeeper:
    """Scores every deal alike; waits or fails where it is told to."""

    def __init__(self, p: float = 0.9, fails: Exception | None = None) -> None:
        self.p, self.fails = p, fails
        self.asked: list[str] = []
        self.begun, self.may_go = asyncio.Event(), asyncio.Event()
        self.may_go.set()

    async def answer(self, model: str, asked: Any, subjects: Any, language: str, asker: Any) -> bytes:
        self.begun.set()
        await self.may_go.wait()
        if self.fails is not None:
            raise self.fails
        self.asked += [one.deal_id for one in subjects]
        return json.dumps({"scores": [self._score(one.deal_id) for one in subjects]}).encode()

    def _score(self, deal: str) -> dict[str, object]:
        return {"deal_id": deal, "probability": self.p, "error": None, **NOTHING}


class World:
    """A company whose lists were made and scored, its memory, and events that are accepted."""

    def __init__(self, company: History, store: Any) -> None:
        self.store, self.company = store, company
        self.memory = Memory(company, select("deal_amount"), NOW)
        self.last = 0
        with store.session() as session:
            session.add(EventFeed(number=1, name="feed", last=0, folded=0, refused=0))
        make_cards(store, company, NOW)
        with store.writing("cards") as session:
            made_of(session).scored_as_of = NOW
            for card in session.scalars(select_rows(DealCard)):
                card.unscored = None
                if card.status == "open":
                    card.probability, card.scored_as_of, card.model_version = 0.1, NOW, "1"

    def accept(self, deal: str, field: str, value: str) -> None:
        """A change of a deal is accepted, and the memory learns of it."""
        self.last += 1
        at = NOW + timedelta(seconds=self.last)
        row = {"deal_id": deal, "field": field, "new_value": value, "changed_at": at}
        with self.store.session() as session:
            said: dict[str, Any] = {"row_key": "k", "content": "c", "actor": "a", "request_id": "r", "deleted": False}
            said |= {"table_name": "deal_changes", "row": written("deal_changes", row), "received_at": at}
            session.add(AcceptedEvent(position=self.last, recorded_at=at, **said))
            session.get(EventFeed, 1).last = self.last
        self.memory.absorb("deal_changes", row, at)

    def reader(self, book: Bookkeeper, store: Any = None) -> Callable[[], Any]:
        """Someone who lists deals, in a process of his own."""
        lists = Lists(store or self.store, lambda: NOW + timedelta(minutes=1), DAY)
        refresher = Refresher(lists, book)  # type: ignore[arg-type]

        async def ask() -> dict[str, Any]:
            fresh = Freshness(until=self.last)
            await refresher.refresh("deal", self.memory, self.last, fresh)
            wish = Wish({"status": ["open"]}, {}, {}, None, "deal_id", 50, None, None)
            return lists.deals(wish, fresh).model_dump()

        return ask


@pytest.fixture
def world(company: History, store: Any) -> World:
    return World(company, store)


def deal(answer: dict[str, Any], deal_id: str) -> dict[str, Any]:
    return next(one for one in answer["deals"] if one["deal_id"] == deal_id)


def test_a_list_has_the_events_and_the_scores_that_know_them(world):
    world.accept("D1", "stage", "Contract")

    answer = asyncio.run(world.reader(Bookkeeper())())

    one = deal(answer, "D1")
    assert (one["record"]["stage"], one["score"]["probability"], one["score"]["outdated"]) == ("Contract", 0.9, False)
    assert deal(answer, "D2")["score"]["probability"] == 0.1
    assert (answer["unscored"], answer["stale"], answer["remark"]) == (0, False, None)


@pytest.mark.parametrize("second_can", [True, False])
def test_a_second_reader_never_gets_an_old_score_beside_a_new_record_unsaid(world, second_can):
    """The first has followed the event and is still scoring when the second, of another process, asks."""

    async def both() -> tuple[dict[str, Any], dict[str, Any]]:
        slow, other = Bookkeeper(0.9), Bookkeeper(0.8, None if second_can else StillLoading("the history"))
        slow.may_go.clear()
        first = asyncio.create_task(world.reader(slow)())
        await slow.begun.wait()
        second = await world.reader(other)()
        slow.may_go.set()
        return await first, second

    world.accept("D1", "stage", "Contract")
    first, second = asyncio.run(both())

    one = deal(second, "D1")
    assert one["record"]["stage"] == "Contract"
    assert (one["score"]["probability"], one["score"]["outdated"]) == ((0.8, False) if second_can else (0.1, True))
    assert (second["unscored"], second["stale"]) == ((0, False) if second_can else (1, True))
    assert deal(first, "D1")["score"]["outdated"] is False


def test_readers_of_one_process_score_once(world):
    async def both() -> tuple[list[str], dict[str, Any]]:
        book = Bookkeeper()
        ask = world.reader(book)
        answers = await asyncio.gather(ask(), ask())
        return book.asked, answers[1]

    world.accept("D1", "stage", "Contract")
    asked, second = asyncio.run(both())

    assert asked == ["D1"]
    assert deal(second, "D1")["score"]["probability"] == 0.9


def test_what_was_told_while_a_score_was_made_waits_for_the_next(world):
    async def meanwhile() -> dict[str, Any]:
        slow = Bookkeeper()
        slow.may_go.clear()
        first = asyncio.create_task(world.reader(slow)())
        await slow.begun.wait()
        world.accept("D1", "stage", "Signed")
        await world.reader(Bookkeeper(fails=StillLoading("the history")))()  # follows the event, and scores nobody
        slow.may_go.set()
        return await first

    world.accept("D1", "stage", "Contract")
    first = asyncio.run(meanwhile())

    assert deal(first, "D1")["score"]["outdated"] is True
    assert deal(asyncio.run(world.reader(Bookkeeper(0.7))()), "D1")["score"]["probability"] == 0.7


def test_more_than_are_scored_at_once_are_said_and_scored_next(world, monkeypatch):
    monkeypatch.setattr(refreshing, "MOST_SCORED", 1)
    world.accept("D1", "stage", "Contract")
    world.accept("D2", "stage", "Contract")
    ask = world.reader(Bookkeeper())

    first, second = asyncio.run(ask()), asyncio.run(ask())

    assert [deal(first, one)["score"]["outdated"] for one in ("D1", "D2")] == [False, True]
    assert (first["unscored"], first["stale"]) == (1, True)
    assert first["remark"].startswith("1 are shown with scores of before the latest events")
    assert (second["unscored"], second["remark"]) == (0, None)
    assert deal(second, "D2")["score"]["probability"] == 0.9


def test_why_nobody_could_be_scored_is_said_but_a_model_that_is_absent_keeps_nobody_waiting(world):
    world.accept("D1", "stage", "Contract")

    stumbling = asyncio.run(world.reader(Bookkeeper(fails=ZeroDivisionError()))())
    absent = asyncio.run(world.reader(Bookkeeper(fails=NoChampion("win")))())

    assert "nobody expected" in stumbling["remark"]
    assert (absent["unscored"], absent["stale"]) == (0, False)


def test_a_database_that_takes_no_writes_answers_what_is_there_and_says_so(world, store_address):
    world.accept("D1", "stage", "Contract")
    closed = open_store(store_address)
    begin = "SET default_transaction_read_only = on" if "postgresql" in store_address else "PRAGMA query_only = ON"
    listening.listen(closed.engine, "connect", lambda connection, _: connection.cursor().execute(begin))
    if "postgresql" in store_address:
        listening.listen(closed.engine, "connect", lambda connection, _: connection.commit())
    closed.engine.dispose()
    try:
        ask = world.reader(Bookkeeper(), closed)
        first, second = asyncio.run(ask()), asyncio.run(ask())
    finally:
        closed.close()

    for answer in (first, second):
        assert answer["stale"] is True
        assert answer["remark"].startswith("1 accepted events are not in this list yet. The database does not take w")
        assert deal(answer, "D1")["record"]["stage"] == "Proposal"
        assert deal(answer, "D1")["score"]["probability"] == 0.1


def test_a_writer_who_does_not_let_go_keeps_no_list_waiting(world, monkeypatch):
    monkeypatch.setattr(refreshing, "WAIT_SECONDS", 0.05)
    world.accept("D1", "stage", "Contract")

    async def beside() -> dict[str, Any]:
        with world.store.writing("cards"):
            return await world.reader(Bookkeeper())()

    answer = asyncio.run(beside())

    assert answer["stale"] is True
    assert "Others are writing the list" in answer["remark"]
    monkeypatch.setattr(refreshing, "WAIT_SECONDS", 60)
    assert asyncio.run(world.reader(Bookkeeper())())["remark"] is None


def test_events_that_arrive_while_cards_are_made_are_in_every_list_from_then_on(world, monkeypatch):
    """A card that a list followed is not put back by the making that began before, and its mark stays."""
    cards, seen = keeping.deal_cards, []
    ask = world.reader(Bookkeeper())

    def slowly(*given):
        for number, card in enumerate(cards(*given)):
            if number == 1:
                world.accept("D1", "stage", "Contract")
                seen.append(asyncio.run(ask()))
            yield card
        seen.append(asyncio.run(ask()))

    monkeypatch.setattr(keeping, "deal_cards", slowly)
    make_cards(world.store, world.company, NOW)
    seen.append(asyncio.run(ask()))

    assert [deal(one, "D1")["record"]["stage"] for one in seen] == ["Contract"] * 3
    assert [deal(one, "D1")["score"]["probability"] for one in seen] == [0.9] * 3
    assert [one["remark"] for one in seen] == [None] * 3


def test_an_import_that_is_coming_in_is_not_undone_by_a_memory_without_it(world, story):
    story.deal("D1", source="fair", recorded="2026-11-20")
    story.import_now("2026-11-21")
    ask = world.reader(Bookkeeper())
    make_cards(world.store, story.history, NOW + timedelta(hours=8))
    world.accept("D1", "stage", "Contract")

    before = asyncio.run(ask())
    world.memory = Memory(story.history, select("deal_amount"))
    world.memory.absorb("deal_changes", _last_row(world.store), NOW + timedelta(seconds=1))
    after = asyncio.run(ask())

    assert deal(before, "D1")["record"]["source"] == "fair"
    assert before["remark"].startswith("1 accepted events are not in this list yet. The history is being loaded")
    assert (deal(after, "D1")["record"]["source"], deal(after, "D1")["record"]["stage"]) == ("fair", "Contract")
    assert after["remark"] is None


def _last_row(store) -> dict[str, Any]:
    from features.told_rows import read_again

    with store.session() as session:
        return read_again("deal_changes", session.scalars(select_rows(AcceptedEvent.row)).one())


def test_a_nightly_score_does_not_replace_a_later_one_nor_end_a_later_wait(world):
    import pyarrow as pa

    from serving.cards.scoring import DEAL_COLUMNS

    world.accept("D1", "stage", "Contract")
    asyncio.run(world.reader(Bookkeeper(0.9))())
    world.accept("D2", "stage", "Contract")
    asyncio.run(world.reader(Bookkeeper(fails=StillLoading("the history")))())
    names = {column.predicted: [None, None] for column in DEAL_COLUMNS}
    table = pa.table(names | {"deal_id": ["D1", "D2"], "win_probability": [0.2, 0.3]})

    write_scores(world.store, DealCard, table, DEAL_COLUMNS, NOW + timedelta(seconds=30), 1)

    with world.store.session() as session:
        kept = {one: session.get(DealCard, one) for one in ("D1", "D2")}
        assert [(kept[one].probability, kept[one].unscored) for one in kept] == [(0.9, None), (0.3, 2)]
