"""Events over HTTP: what is told is on disk, told once, and seen by the next score."""

import json
from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import select

from features.online import Memory
from serving.events.folding import fold_accepted
from serving.jobs.job import JobContext
from serving.settings import ServingSettings
from serving.store.opening import open_store
from serving.store.people_tables import AuditEntry
from tests.serving.conftest import NOW, SMALL, Service, Starter, found, make_key

ACTIVITY = {"activity_id": "a", "deal_id": "D-1", "type": "call", "happened_at": "2026-11-20T10:00:00+08:00"}


class Telling:
    """A service with real memories, and what tests tell it. Each test has a deal of its own."""

    def __init__(self, settings: ServingSettings, starter: Starter, **changed: object) -> None:
        self.settings, self.start = settings, starter
        self.sources = replace(SMALL, remember=lambda history, features: Memory(history, features))
        self.service = starter(("score", "read", "ingest"), sources=self.sources, **changed)

    def post(self, *events: dict[str, object], key: str | None = None):
        named = {"Idempotency-Key": key or uuid4().hex} if key != "" else {}
        body = {"events": list(events)}
        return self.service.client.post("/v1/events", json=body, headers={**self.service.headers, **named})

    def tell(self, table: str, deleted: bool = False, **row: object) -> dict[str, object]:
        answer = self.post({"table": table, "row": row, "deleted": deleted})
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def opens(self, deal_id: str, amount: object = 1000, stage: str = "Proposal") -> dict[str, object]:
        return self.tell("deals", deal_id=deal_id, status="open", created_at="2026-10-01", amount=amount, stage=stage)

    def scored(self, deal_id: str, service: Service | None = None, **asked: object) -> dict[str, object]:
        found = (service or self.service).score({"deal_id": deal_id}, **asked)["scores"]
        return dict(found[0])  # type: ignore[index]

    def status(self) -> dict[str, object]:
        return self.service.get("/v1/events/status")

    def another(self) -> Service:
        """Another process of the same service."""
        return self.start(("score",), sources=self.sources)

    def fold(self) -> str:
        store = open_store(self.settings.store_address)
        try:
            return fold_accepted(JobContext(store, self.settings.home, self.settings, NOW, lambda _: None))
        finally:
            store.close()


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory):
    settings = found(tmp_path_factory.mktemp("events") / "home")
    starter = Starter(settings)
    yield Telling(settings, starter)
    starter.stop()


def test_the_answer_says_what_became_of_the_events(telling):
    before = telling.status()["position"]
    answer = telling.opens("answered")

    assert answer == {
        "accepted": 1,
        "repeated": 0,
        "position": before + 1,
        "seen": "by the next score",
        "seen_after_folding": [],
    }


def test_the_next_score_sees_what_was_told(telling):
    telling.opens("moved", stage="Proposal")
    before = telling.scored("moved")["probability"]
    telling.tell("deals", deal_id="moved", status="open", created_at="2026-10-01", stage="Contact")

    assert telling.scored("moved")["probability"] < before


def test_a_deal_told_as_an_event_can_be_scored_by_its_id(telling):
    assert telling.scored("new")["error"]["type"] == "urn:foresell:problem:deal-not-found"
    telling.opens("new", "1000.00")

    assert telling.scored("new")["probability"] == pytest.approx(telling.scored("D-1")["probability"])


def test_a_deal_that_an_event_closes_or_deletes_is_no_longer_open(telling):
    telling.opens("won")
    telling.opens("gone")
    telling.tell("deals", deal_id="won", status="won", created_at="2026-10-01", closed_at="2026-11-20")
    telling.tell("deals", deleted=True, deal_id="gone")

    assert telling.scored("won")["error"]["type"] == "urn:foresell:problem:deal-not-open"
    assert "error" in telling.scored("gone")


def test_events_are_seen_by_other_processes_and_by_those_that_start_later(telling):
    telling.opens("before", 70)
    other = telling.another()
    telling.opens("after", 70)

    assert telling.scored("before", other)["probability"] == telling.scored("after", other)["probability"] is not None


def test_days_are_read_in_the_zone_of_the_history(telling):
    telling.tell("deals", deal_id="late", status="open", created_at="2026-11-21", amount=1000)

    assert telling.scored("late")["probability"] is not None
    assert "error" in telling.scored("late", as_of="2026-11-20T16:00:00Z")  # midnight in Shanghai


def test_what_is_told_twice_is_accepted_once(telling):
    event = {"table": "deals", "row": {"deal_id": "twice", "status": "open", "created_at": "2026-10-01"}}
    first, again, same = telling.post(event, key="k"), telling.post(event, key="k"), telling.post(event, key="other")

    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (same.json()["accepted"], same.json()["repeated"]) == (0, 1)
    reused = telling.post({**event, "recorded_at": "2026-11-20"}, key="k")
    assert reused.json()["type"] == "urn:foresell:problem:idempotency-key-reused"


def test_without_a_key_every_event_needs_an_id(telling):
    event = {"table": "deals", "row": {"deal_id": "named", "status": "open", "created_at": "2026-10-01"}}

    assert telling.post(event, key="").json()["type"] == "urn:foresell:problem:idempotency-key-missing"
    assert telling.post({**event, "id": "1"}, key="").json()["accepted"] == 1
    assert telling.post({**event, "id": "1"}, key="").json()["repeated"] == 1


def test_what_cannot_be_read_is_refused_as_a_whole_with_every_field(telling):
    wrong = {"table": "activities", "row": {**ACTIVITY, "type": "phone", "kind": "x"}}
    position = telling.status()["position"]
    answer = telling.post({"table": "activities", "row": ACTIVITY}, wrong)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:foresell:problem:events-not-accepted"
    assert [one["field"] for one in problem["errors"]] == ["events[1].row.type", "events[1].row.kind"]
    assert telling.status()["position"] == position


@pytest.mark.parametrize(
    "body",
    [{}, {"events": []}, {"events": [{"table": "deals"}]}, {"events": [{"table": "deals", "row": {}}] * 1001}, []],
)
def test_requests_of_another_shape_are_refused(telling, body):
    headers = {**telling.service.headers, "Idempotency-Key": "k"}
    answer = telling.service.client.post("/v1/events", json=body, headers=headers)

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_a_thousand_events_are_accepted_in_one_call(telling):
    events = [{"table": "activities", "row": {**ACTIVITY, "activity_id": f"many-{n}"}} for n in range(1000)]

    assert telling.post(*events).json()["accepted"] == 1000


def test_events_take_a_key_for_ingest(telling):
    told = {"events": [{"table": "activities", "row": ACTIVITY, "id": "1"}]}
    client = telling.service.client
    score_only = {"Authorization": f"Bearer {make_key(telling.settings, 'score', 'read')}"}

    assert client.post("/v1/events", json=told, headers=score_only).status_code == 403
    assert client.post("/v1/events", json=told).status_code == 401


def test_every_call_stands_in_the_audit_trail(telling):
    position = telling.opens("audited")["position"]
    store = open_store(telling.settings.store_address)
    with store.session() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc())).first()
        assert entry is not None
        assert (entry.action, json.loads(entry.detail)["position"]) == ("events.accept", position)
    store.close()


def test_scores_stay_the_same_when_what_they_saw_is_folded_and_read_again(telling):
    telling.opens("folded", 70, "Contact")
    seen, before = telling.scored("folded"), telling.status()
    assert telling.fold().startswith("Wrote ")
    after = telling.status()

    assert telling.scored("folded")["probability"] == seen["probability"]
    assert telling.scored("folded", telling.another())["probability"] == seen["probability"]
    assert before["waiting"] > 0
    assert before["absorbed"] == before["position"] == after["folded"]
    assert (after["waiting"], after["oldest_waiting_seconds"], after["refused"]) == (0, None, 0)
    assert after["folded_in"] == 2


def test_rows_of_a_table_that_the_history_never_had_are_seen_when_they_were_folded(telling):
    answer = telling.tell("activities", **ACTIVITY)

    assert (answer["seen"], answer["seen_after_folding"]) == ("after the next folding", ["activities"])


def test_too_many_waiting_are_refused_with_when_to_come_again(settings, start):
    telling = Telling(settings, start, events_waiting_most=1)
    telling.opens("first")
    answer = telling.post({"table": "activities", "row": ACTIVITY})

    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:foresell:problem:too-many-events-waiting"
    assert int(answer.headers["Retry-After"]) > 0
    assert telling.status()["position"] == 1
