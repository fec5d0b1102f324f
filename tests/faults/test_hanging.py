"""The database hangs: it takes connections and questions, and says nothing. Nobody waits for it for ever."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep

import pytest
from sqlalchemy import text

from serving.access.keys import create_key
from serving.problems.errors import StoreAway
from serving.store.opening import Store, open_store
from tests.conftest import Postgres
from tests.serving.conftest import NOW, Starter

PATIENCE = 30.0
"""Seconds after which a test takes something to wait for ever."""


@contextmanager
def hanging(postgres: Postgres) -> Iterator[None]:
    """Every process of the server is stopped: its sockets still take what is sent."""
    first = postgres._server.get_postmaster_info().process
    processes = [first, *first.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            process.resume()


def ends(work: Callable[[], object]) -> object:
    """What a piece of work gives, or raises; fails where it waits for ever."""
    found: list[object] = []

    def run() -> None:
        try:
            found.append(work())
        except Exception as failure:
            found.append(failure)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if not found:
        pytest.fail("it waits for ever")
    return found[0]


def one(store: Store) -> object:
    with store.session() as session:
        return session.execute(text("SELECT 1")).scalar()


def until_it_answers(store: Store) -> None:
    until = monotonic() + PATIENCE
    while isinstance(ends(lambda: one(store)), StoreAway):
        assert monotonic() < until, "it is taken for hung though it answers"
        sleep(0.05)


def test_what_waits_for_a_hung_database_is_let_go_and_it_is_found_again(own_postgres: Postgres) -> None:
    store = open_store(own_postgres.address())
    assert one(store) == 1
    with hanging(own_postgres):
        assert isinstance(ends(lambda: one(store)), StoreAway)
        assert isinstance(ends(lambda: one(store)), StoreAway), "and a new connection"
    until_it_answers(store)
    store.close()


def test_a_service_whose_database_hangs_answers_what_it_can(start: Starter, own_postgres: Postgres) -> None:
    address = own_postgres.address()
    service = start(("score", "read", "admin"), database=address, key_recheck="00:00:00")
    store = open_store(address)
    unseen = create_key(store, "not seen yet", ["score"], None, NOW)
    asked = {"deals": [{"deal_id": "D-1"}]}
    before = service.score({"deal_id": "D-1"})

    def score(key: str) -> tuple[int, str | None, object]:
        answer = service.client.post("/v1/scores/deals", json=asked, headers={"Authorization": f"Bearer {key}"})
        return answer.status_code, answer.headers.get("retry-after"), answer.json()

    known = str(service.headers["Authorization"]).removeprefix("Bearer ")
    threads = threading.active_count()
    with hanging(own_postgres):
        status, _, told = ends(lambda: score(known))  # type: ignore[misc]
        assert status == 200, told
        assert told["scores"][0]["probability"] == before["scores"][0]["probability"]  # type: ignore[index]
        status, retry_after, told = ends(lambda: score(unseen))  # type: ignore[misc]
        assert (status, told["type"]) == (503, "urn:foresell:problem:store-away")
        assert retry_after
    until_it_answers(store)
    store.close()
    until = monotonic() + PATIENCE
    while score(unseen)[0] != 200:
        assert monotonic() < until
        sleep(0.05)
    assert threading.active_count() <= threads + 2
