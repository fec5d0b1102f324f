"""A call is answered from one state of the memory, whatever is told meanwhile."""

import asyncio
import json
from datetime import datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from features.catalog import CATALOG
from features.history import History
from features.online import Memory
from serving.questions.questions import DealsAsked
from serving.scores.one_state import in_one_state
from serving.scores.scorebook import ScoreBook
from serving.shelf.pairs import Bundled, Pair
from tests.serving.small_company import SmallChampion

NOW = datetime(2024, 6, 1)
DEALS = [f"d{number:02d}" for number in range(20)]
BEFORE = datetime(2024, 2, 1)


@pytest.fixture
def memory(story):
    for deal in DEALS:
        story.deal(deal, amount=1000, created="2024-01-01").changes("amount", "2000", on="2024-01-02")
    story.import_now("2024-05-01")
    return Memory(History.existing(story.home), (CATALOG["deal_amount"], CATALOG["deal_age_days"]))


def asked(memory, ids, follower=None, **more):
    """The answer for deals, in pieces of four."""
    bundled = Bundled(SmallChampion("7", until=datetime(2024, 1, 1)), {}, datetime(2024, 1, 1))
    pair = Pair(bundled, None, None, memory, ZoneInfo("UTC"), "CNY", 1)
    shelf = SimpleNamespace(pair=lambda model: pair, loading=False, without_records=lambda: None)
    book = ScoreBook(shelf, lambda: NOW, timedelta(days=60), 4, 1, follower=follower)  # type: ignore[arg-type]
    told = DealsAsked.model_validate({"deals": [{"deal_id": one} for one in ids], **more})
    return json.loads(asyncio.run(book.answer("win", told, told.deals, "en")))


def tell(memory, recorded, value="90000"):
    """Every deal's amount changes, recorded at a moment."""
    change = {"field": "amount", "changed_at": BEFORE, "new_value": value}
    memory.absorb_all([("deal_changes", {"deal_id": deal, **change}, recorded) for deal in DEALS])


def chances(answer) -> list[float]:
    return [one["probability"] for one in answer["scores"]]


@pytest.mark.parametrize("times", [1, 100])
def test_what_comes_late_between_two_pieces_counts_for_all_deals_of_a_call_or_for_none(memory, monkeypatch, times):
    values, told = Memory.values, []

    def meanwhile(self, ids, *rest):
        found = values(self, ids, *rest)
        if len(told) < times and not self._telling.locked():
            told.append(None)
            tell(self, BEFORE + timedelta(days=len(told)), str(90_000 + len(told)))
        return found

    monkeypatch.setattr(Memory, "values", meanwhile)
    answer = asked(memory, DEALS)

    assert len(set(chances(answer))) == 1
    assert told
    if times == 1:
        assert chances(answer) == chances(asked(memory, DEALS))


def test_what_counts_from_the_moment_judged_by_or_later_needs_no_second_try(memory, monkeypatch):
    before, values, asks = chances(asked(memory, DEALS)), Memory.values, []

    def meanwhile(self, ids, *rest):
        found = values(self, ids, *rest)
        asks.extend(ids)
        tell(self, NOW + timedelta(microseconds=len(asks)), str(len(asks)))
        return found

    monkeypatch.setattr(Memory, "values", meanwhile)

    assert chances(asked(memory, DEALS)) == before
    assert asks == DEALS


def test_rows_are_told_again_after_a_call_that_kept_them_waiting(memory):
    async def work() -> datetime:
        memory._note(BEFORE)
        return NOW

    assert asyncio.run(in_one_state(memory, work, lambda found: found)) == NOW
    assert not memory._telling.locked()


def test_the_age_of_what_is_known_is_that_of_the_moment_judged_by(memory):
    tell(memory, datetime(2024, 4, 1))

    now, then = asked(memory, DEALS[:1]), asked(memory, DEALS[:1], as_of="2024-03-20T00:00:00Z")
    assert (now["data_as_of"], now["stale"]) == ("2024-04-01T00:00:00Z", True)
    assert (then["data_as_of"], then["stale"]) == ("2024-01-01T16:00:00Z", True)
    soon = asked(memory, DEALS[:1], as_of="2024-04-02T00:00:00Z")
    assert (soon["data_as_of"], soon["stale"]) == ("2024-04-01T00:00:00Z", False)


class Late:
    """A follower that is not done in time."""

    def __init__(self, behind: int) -> None:
        self.behind = behind

    async def catch_up(self) -> bool:
        return False

    def present(self, now: datetime) -> datetime:
        return now + timedelta(seconds=2)


def test_what_is_answered_without_all_accepted_events_says_so(memory):
    answer = asked(memory, DEALS[:1], Late(1234))

    assert answer["stale"]
    assert answer["scores"][0]["stale"]
    assert "accepted events not yet in this score: 1,234" in answer["scores"][0]["note"]
    assert (answer["as_of"], answer["scored_at"]) == ("2024-06-01T00:00:02Z", "2024-06-01T00:00:00Z")
    unknown = asked(memory, DEALS[:1], Late(0))
    assert "events accepted lately may not be in this score" in unknown["scores"][0]["note"]
