"""A disk that is full or read-only under the database: scores go on, writes are refused whole, nothing told is lost."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event, func, select, text

from serving.problems.errors import StoreAway
from serving.store.event_tables import AcceptedEvent, EventFeed
from serving.store.opening import Store
from tests.serving.conftest import Starter

LONG = "x" * 9_000


def full(connection: object, _: object) -> None:
    """As on a full disk: the file cannot grow."""
    connection.execute("PRAGMA max_page_count = 1")  # type: ignore[attr-defined]


def read_only(connection: object, _: object) -> None:
    """As on a read-only disk: nothing can be written."""
    connection.execute("PRAGMA query_only = ON")  # type: ignore[attr-defined]


@contextmanager
def suffering(engine: Engine, hurt: Callable[[object, object], None]) -> Iterator[None]:
    """Every connection of the service suffers from it."""
    event.listen(engine, "connect", hurt)
    engine.dispose()
    yield
    event.remove(engine, "connect", hurt)
    engine.dispose()


@pytest.mark.parametrize(("hurt", "why"), [(full, "full"), (read_only, "readonly")])
def test_a_disk_that_takes_nothing_more(start: Starter, hurt: Callable[[object, object], None], why: str) -> None:
    service = start(("score", "read", "ingest"), key_recheck="01:00:00")
    store = start._running[-1].app.state.store

    def tell(name: str, note: str = "x") -> tuple[int, dict[str, object], str | None]:
        row: dict[str, object] = {"activity_id": name, "deal_id": "D-1", "type": "call", "happened_at": "2026-11-20"}
        row |= {"attributes": {f"note {number}": note for number in range(10)}}
        body = {"events": [{"table": "activities", "row": row, "id": name}]}
        named = {**service.headers, "Idempotency-Key": f"call-{name}"}
        answer = service.client.post("/v1/events", json=body, headers=named)
        return answer.status_code, answer.json(), answer.headers.get("retry-after")

    def state(part: str) -> str:
        parts = service.client.get("/readyz").json()["parts"]
        return str(next(one["state"] for one in parts if one["part"] == part))

    def kept() -> int:
        with store.session() as session:
            return int(session.scalar(select(func.count()).select_from(AcceptedEvent)) or 0)

    assert (first := tell("before"))[0] == 202, first
    probability = service.score({"deal_id": "D-1"})["scores"][0]["probability"]  # type: ignore[index]
    with suffering(store.engine, hurt):
        for number in range(3):
            status, problem, retry_after = tell(f"meanwhile-{number}", LONG)
            assert (status, problem["type"]) == (503, "urn:foresell:problem:store-away")
            assert why in str(problem["detail"])
            assert retry_after
        assert service.score({"deal_id": "D-1"})["scores"][0]["probability"] == probability  # type: ignore[index]
        assert service.client.get("/readyz").status_code == 200
        assert state("store") == "refusing"
        assert kept() == 1

    for number in range(3):
        status, told, _ = tell(f"meanwhile-{number}", LONG)
        assert (status, told["accepted"], told["repeated"]) == (202, 1, 0)
    assert kept() == 4
    with store.session() as session:
        assert session.execute(text("PRAGMA integrity_check")).scalar() == "ok"


def test_a_database_that_became_a_read_only_copy_is_away_not_a_fault_of_ours(store: Store) -> None:
    sqlite = store.engine.dialect.name == "sqlite"

    def write() -> None:
        with store.session() as session:
            session.execute(text("PRAGMA query_only = ON" if sqlite else "SET TRANSACTION READ ONLY"))
            session.add(EventFeed(number=1, name="x", last=0, folded=0, refused=0))

    with pytest.raises(StoreAway, match=r"readonly|read-only"):
        write()
    store.engine.dispose()
    assert store.refused_within(60)
    assert store.refused_within(0) is None
