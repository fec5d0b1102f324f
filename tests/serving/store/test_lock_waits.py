import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import text

from serving.problems.errors import StoreAway
from serving.store import addresses, lock_waits
from serving.store.lock_waits import LockWaits
from serving.store.opening import Store, open_engine, open_store
from serving.store.tables import ApiKey

WAITS = "PRAGMA busy_timeout"


@pytest.fixture
def seconds():
    return [100.0]


@pytest.fixture
def store(tmp_path, seconds, monkeypatch):
    """Its writers wait 60 ms at most, and 20 ms soon after one waited in vain."""
    for module in (addresses, lock_waits):
        monkeypatch.setattr(module, "BUSY_MILLISECONDS", 60)
    monkeypatch.setattr(lock_waits, "MOMENT_MILLISECONDS", 20)
    address = f"sqlite:///{tmp_path / 'a.db'}"
    open_store(address).close()
    monkeypatch.setattr("serving.store.opening.LockWaits", lambda: LockWaits(lambda: seconds[0]))
    store = Store(open_engine(address))
    yield store
    store.close()


def waits(store):
    with store.session() as session:
        return session.execute(text(WAITS)).scalar()


def write(store):
    with store.writing("keys") as session:
        return session.query(ApiKey).count()


def test_after_one_who_waited_in_vain_nobody_waits_long_for_a_while(store, seconds, tmp_path):
    assert waits(store) == 60
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreAway, match="locked"):
            write(store)
        assert waits(store) == 20
        seconds[0] += 4
        with pytest.raises(StoreAway, match="locked"):
            write(store)
        seconds[0] += 4
        assert waits(store) == 20, "it was in vain again"
        other.execute("ROLLBACK")

    assert write(store) == 0, "a lock that is free is taken at once"
    seconds[0] += 2
    assert waits(store) == 60


def test_other_trouble_makes_nobody_wait_less(store):
    with pytest.raises(StoreAway, match="no such table"), store.session() as session:
        session.execute(text("SELECT 1 FROM absent"))

    assert waits(store) == 60
