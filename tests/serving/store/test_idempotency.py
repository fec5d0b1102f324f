"""A request that comes twice is done once: on both databases, one after the other and at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier, Event, Lock
from time import sleep

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serving.problems.documents import respond
from serving.problems.idempotency_errors import IdempotencyKeyInUse, IdempotencyKeyReused
from serving.store.idempotency import Answer, once
from serving.store.job_tables import KeptAnswer
from serving.store.opening import Store, open_store
from serving.store.tables import ApiKey
from tests.conftest import Postgres
from tests.serving.conftest import Starter

NOW = datetime(2026, 11, 28)


class Counting:
    """Work that can be counted, and that writes a row."""

    def __init__(self, takes: float = 0) -> None:
        self.done, self._takes, self._lock = 0, takes, Lock()

    def __call__(self, session: Session) -> tuple[int, bytes]:
        with self._lock:
            self.done += 1
            number = self.done
        session.add(ApiKey(key_id=f"k{number}", name="", scopes="", secret_hash="", created_at=NOW))
        sleep(self._takes)
        return 201, f'{{"number": {number}}}'.encode()


def rows(store: Store) -> int:
    with store.session() as session:
        return session.scalar(select(func.count()).select_from(ApiKey)) or 0


def test_the_second_time_gets_the_first_answer(store: Store) -> None:
    work = Counting()

    first = once(store, "key:a", "1", "f", work, NOW)
    second = once(store, "key:a", "1", "f", work, NOW + timedelta(hours=1))

    assert first == Answer(201, b'{"number": 1}')
    assert second == Answer(201, b'{"number": 1}', repeated=True)
    assert second.headers == {"Idempotency-Replayed": "true"}
    assert (work.done, rows(store)) == (1, 1)


def test_the_same_key_of_another_caller_is_another_key(store: Store) -> None:
    work = Counting()
    answers = [once(store, actor, "1", "f", work, NOW) for actor in ("key:a", "key:b")]

    assert [answer.body for answer in answers] == [b'{"number": 1}', b'{"number": 2}']


def test_without_a_key_each_request_is_done(store: Store) -> None:
    work = Counting()
    for _ in range(2):
        once(store, "key:a", None, "f", work, NOW)
    assert work.done == 2


def test_the_same_key_for_something_else_is_refused(store: Store) -> None:
    once(store, "key:a", "1", "f", Counting(), NOW)

    with pytest.raises(IdempotencyKeyReused):
        once(store, "key:a", "1", "another", Counting(), NOW)


def test_what_failed_leaves_nothing_and_may_be_tried_again(store: Store) -> None:
    def fails(session: Session) -> tuple[int, bytes]:
        Counting()(session)
        raise LookupError("on the way")

    with pytest.raises(LookupError):
        once(store, "key:a", "1", "f", fails, NOW)
    assert rows(store) == 0

    assert not once(store, "key:a", "1", "f", Counting(), NOW).repeated


def test_of_many_at_once_one_is_done_and_all_get_its_answer(store: Store) -> None:
    work, gate = Counting(takes=0.05), Barrier(4)

    def ask(_: int) -> Answer:
        gate.wait()
        return once(store, "key:a", "1", "f", work, NOW)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))

    assert (work.done, rows(store)) == (1, 1)
    assert {answer.body for answer in answers} == {b'{"number": 1}'}
    assert sorted(answer.repeated for answer in answers) == [False, True, True, True]


def test_one_that_waits_for_another_that_fails_does_it_itself(store: Store) -> None:
    gate = Barrier(2)

    def fails(session: Session) -> tuple[int, bytes]:
        gate.wait()
        sleep(0.05)
        raise LookupError("on the way")

    with ThreadPoolExecutor(2) as pool:
        failing = pool.submit(once, store, "key:a", "1", "f", fails, NOW)
        gate.wait()
        answer = once(store, "key:a", "1", "f", Counting(), NOW)
        assert isinstance(failing.exception(), LookupError)

    assert not answer.repeated
    with store.session() as session:
        assert session.scalars(select(KeptAnswer.status)).all() == [201]


def test_one_that_waits_too_long_for_another_is_told_to_come_back(postgres: Postgres) -> None:
    address = postgres.address(postgres.make())
    first, second = open_store(address), open_store(address + "&options=-c%20lock_timeout%3D50ms")
    begun, refused = Event(), Event()

    def waits(session: Session) -> tuple[int, bytes]:
        begun.set()
        assert refused.wait(20)
        return 200, b"{}"

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(once, first, "key:a", "1", "f", waits, NOW)
        assert begun.wait(20)
        with pytest.raises(IdempotencyKeyInUse):
            once(second, "key:a", "1", "f", Counting(), NOW)
        refused.set()
        assert working.result() == Answer(200, b"{}")
    assert once(second, "key:a", "1", "f", Counting(), NOW).repeated
    first.close()
    second.close()


def test_over_http_a_write_is_done_once(start: Starter) -> None:
    service = start(("admin",))
    body = {"name": "CRM", "scopes": ["score"]}
    headers = {**service.headers, "Idempotency-Key": "abc"}

    first, again = (service.client.post("/v1/keys", json=body, headers=headers) for _ in range(2))
    other = service.client.post("/v1/keys", json={**body, "name": "another"}, headers=headers)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["key_id"] == again.json()["key_id"]
    assert [one.headers.get("idempotency-replayed") for one in (first, again)] == [None, "true"]
    assert (other.status_code, other.json()["type"]) == (422, "urn:foresell:problem:idempotency-key-reused")
    bad = service.client.post("/v1/keys", json=body, headers={**service.headers, "Idempotency-Key": "a b"})
    assert bad.status_code == 422


def test_a_key_that_is_being_worked_on_says_when_to_come_back() -> None:
    response = respond(IdempotencyKeyInUse("1"), "r1")

    assert (response.status_code, response.headers["retry-after"]) == (409, "5")
