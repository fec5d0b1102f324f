"""Keys and people through the layouts before and after they have a reach."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import Engine, create_engine, text

from serving.access.audit import verify
from serving.access.keys import create_key, list_keys
from serving.access.reach import reach
from serving.store.opening import Store, open_store
from serving.store.upgrading import HEAD, move

NOW = datetime(2026, 11, 21, 9)
BEFORE, AFTER = "0002", "0003"


@pytest.fixture
def engine(empty_address: str) -> Iterator[Engine]:
    made = create_engine(empty_address)
    yield made
    made.dispose()


def test_keys_of_before_see_what_they_saw(engine: Engine) -> None:
    move(engine, BEFORE)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO api_keys (key_id, name, scopes, secret_hash, created_at) "
                "VALUES ('abcdefgh', 'old', 'score read', 'x', '2026-01-01 00:00:00')"
            )
        )

    move(engine, HEAD)

    (key,) = list_keys(Store(engine))
    assert (key.key_id, key.name, [str(scope) for scope in key.scopes]) == ("abcdefgh", "old", ["score", "read"])
    assert key.reach.everything
    assert key.per_minute is None
    assert key.valid(NOW)
    with Store(engine).session() as session:
        assert verify(session) == (0, "0" * 64)


def test_going_back_closes_keys_that_would_see_more_than_they_may(engine: Engine) -> None:
    move(engine, HEAD)
    store = Store(engine)
    create_key(store, "everything", ["read"], None, NOW)
    create_key(store, "own", ["read"], None, NOW, reach=reach("own", rep_id="R"))
    create_key(store, "team", ["read"], None, NOW, reach=reach("team", team_id="T"))

    move(engine, BEFORE)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT name, revoked_at IS NULL FROM api_keys ORDER BY name")).all()
    assert [(name, bool(opened)) for name, opened in rows] == [("everything", True), ("own", False), ("team", False)]

    move(engine, AFTER)
    move(engine, HEAD)
    assert {key.name: key.valid(NOW) for key in list_keys(store)} == {"everything": True, "own": False, "team": False}


def test_a_store_opens_with_an_empty_trail(store: Store, store_address: str) -> None:
    again = open_store(store_address)
    with again.session() as session:
        assert verify(session) == (0, "0" * 64)
    again.close()
