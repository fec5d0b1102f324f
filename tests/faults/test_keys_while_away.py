"""The database is away for longer than a key is trusted unchecked: who was known is still served, for a while."""

from datetime import timedelta

import pytest

from serving.access.key_ring import KeyRing
from serving.access.keys import create_key, revoke_key
from serving.problems.errors import KeyNotAccepted, StoreAway
from serving.store.opening import Store
from tests.serving.conftest import NOW


class Away(Store):
    """A database that may go away."""

    away = False
    asked = 0

    def session(self):  # type: ignore[no-untyped-def]
        self.asked += 1
        if self.away:
            raise StoreAway("connection refused")
        return super().session()


def test_a_known_key_opens_while_the_database_is_away_and_no_longer_than_said(store: Store) -> None:
    seconds = [1000.0]
    away = Away(store.engine)
    known, unknown = (create_key(store, name, ["score"], NOW + timedelta(hours=1), NOW) for name in "ab")
    wall = [NOW]
    ring = KeyRing(
        *(away, timedelta(seconds=10), lambda: wall[0], lambda: seconds[0]), trust_away=timedelta(minutes=15)
    )
    caller = ring.caller(known)

    away.away = True
    seconds[0] += 11
    assert ring.remembered(known) is None
    assert ring.caller(known) == caller
    asked = away.asked
    assert ring.remembered(known) == caller, "the database is not waited for by each request"
    assert away.asked == asked
    with pytest.raises(StoreAway):
        ring.caller(unknown)

    wall[0] += timedelta(hours=2)
    with pytest.raises(KeyNotAccepted):
        ring.remembered(known)
    wall[0] = NOW
    seconds[0] += 900
    assert ring.remembered(known) is None
    with pytest.raises(StoreAway):
        ring.caller(known)

    away.away = False
    assert ring.caller(known) == caller
    revoke_key(store, caller.key_id, NOW)
    away.away = True
    seconds[0] += 11
    assert ring.caller(known) == caller
    away.away = False
    seconds[0] += 11
    with pytest.raises(KeyNotAccepted):
        ring.caller(known)
