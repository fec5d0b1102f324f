"""Scores by features are answered before the routes are made; then everything is answered as by the whole app."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Event
from time import sleep

import pytest

from serving.problems.errors import StoreAway
from serving.running.coming_up import Running
from serving.running.front import Front
from serving.settings import ServingSettings
from serving.telemetry.metrics import Metrics
from tests.serving.conftest import NOW, SMALL, Served, make_key

BODY = {"deals": [{"features": {"deal_amount": 5000, "deal_stage": "Never"}, "deal_id": "D-9"}]}
PLAIN, ODD = "application/json", "application/json; v=1"


@pytest.fixture
def serve(settings: ServingSettings) -> Iterator[Callable[[], Served]]:
    """Starts a front; it is stopped at the end."""
    running: list[Served] = []
    remembering = ServingSettings(**{**settings.model_dump(), "key_recheck": timedelta(minutes=10)})

    def begin() -> Served:
        running.append(Served(Front(remembering, lambda: NOW, lambda: NOW, Metrics(), sources=SMALL)))
        running[-1].client.headers["Authorization"] = f"Bearer {make_key(settings, 'score')}"
        return running[-1]

    yield begin
    for one in running:
        one.stop()


@pytest.fixture
def held(monkeypatch) -> Iterator[Event]:
    """What comes later does not come before this is set."""
    go, rest = Event(), Running.rest

    async def waits(self: Running) -> None:
        await asyncio.to_thread(go.wait, 20)
        await rest(self)

    monkeypatch.setattr(Running, "rest", waits)
    yield go
    go.set()


def ask(served: Served, content_type: str = PLAIN, key: str | None = None):
    headers = {"Content-Type": content_type, "X-Request-ID": "one"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    return served.client.post("/v1/scores/deals", json=BODY, headers=headers)


def test_a_score_by_features_waits_for_no_route(serve, held):
    served = serve()
    early = ask(served)

    assert early.status_code == 200
    assert not served.app._is_complete()
    held.set()
    late = ask(served, ODD)
    assert served.app._is_complete()
    assert (late.status_code, late.content) == (200, early.content)
    assert {**late.headers, "date": ""} == {**early.headers, "date": ""}


def test_everything_comes_without_being_asked_for(serve):
    served = serve()
    for _ in range(2000):
        if served.app._is_complete():
            break
        sleep(0.01)

    assert served.client.get("/healthz").status_code == 200
    assert served.app.state.shelf.records is not None or served.app.state.shelf.loading


def test_a_wrong_key_is_refused_however_early(serve, held):
    served = serve()
    held.set()

    refused = ask(served, key="fsl_" + "a" * 8 + "_" + "b" * 43)
    assert refused.status_code == 401
    assert refused.json()["type"] == "urn:foresell:problem:key-not-accepted"


def test_a_database_that_goes_away_meanwhile_is_said_and_tried_again(serve, monkeypatch):
    rest, away = Running.rest, Event()
    away.set()

    async def fails(self: Running) -> None:
        if away.is_set():
            raise StoreAway("the disk is full")
        await rest(self)

    monkeypatch.setattr(Running, "rest", fails)
    served = serve()

    assert ask(served).status_code == 200
    refused = ask(served, ODD)
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:foresell:problem:store-away")
    assert refused.headers["retry-after"]
    away.clear()
    assert ask(served, ODD).status_code == 200


def test_a_fault_of_a_route_is_answered_by_the_last_resort_of_ours(serve, monkeypatch):
    served = serve()

    async def fails(*_: object) -> bytes:
        raise RuntimeError("a fault")

    monkeypatch.setattr(served.app.state.book, "answer", fails)
    answer = ask(served, ODD)
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:foresell:problem:unexpected-fault")
