import pytest

from serving.access.gate import MOST_SIGNING_IN
from serving.access.keys import revoke_key
from serving.problems.access_errors import TooManyRequests, TooManySignIns
from serving.problems.errors import StoreAway


@pytest.fixture
def gate(open_site):
    return open_site(key_recheck="00:05:00").gate


def known(gate, site_key):
    """The header of a key that was checked a moment ago."""
    header = site_key["Authorization"]
    gate.keys.caller(header.removeprefix("Bearer "))
    return header


@pytest.fixture
def key(gate):
    from serving.access.keys import create_key

    return lambda **more: {
        "Authorization": f"Bearer {create_key(gate.store, 'test', ['score'], None, gate.clock(), **more)}"
    }


def test_the_quick_look_knows_a_key_that_was_checked_and_nobody_else(gate, key):
    header = key()["Authorization"]

    assert gate.quick(header) is None
    caller = gate.quick(known(gate, {"Authorization": header}))
    assert caller is not None
    assert caller.actor == f"key:{header.split('_')[1]}"
    for other in (
        None,
        "",
        "Bearer ",
        "Bearer nonsense",
        header.lower(),
        header.replace("Bearer", "Basic"),
        header[:-1],
    ):
        assert gate.quick(other) is None


def test_the_quick_look_leaves_the_words_for_a_refusal_to_the_long_way(gate, key):
    gate.rates._tick = lambda: 0.0
    limited = known(gate, key(per_minute=2))

    assert [gate.quick(limited) is not None for _ in range(4)] == [True, True, False, False]
    caller = gate.keys.remembered(limited.removeprefix("Bearer "))
    with pytest.raises(TooManyRequests):
        gate.must_be_in_time(caller)


def test_a_quick_look_asks_no_store(gate, key, monkeypatch):
    header = known(gate, key())
    monkeypatch.setattr(type(gate.store), "session", lambda self: (_ for _ in ()).throw(StoreAway("away")))

    assert gate.quick(header) is not None


def test_a_key_that_was_revoked_here_is_found_out_at_the_recheck(gate, key):
    header = known(gate, key())
    revoke_key(gate.store, header.split("_")[1], gate.clock())
    gate.keys._recheck = 0

    assert gate.quick(header) is None


def test_there_is_room_for_so_many_and_again_when_they_are_done(gate):
    rooms = [gate.room() for _ in range(MOST_SIGNING_IN)]
    for room in rooms:
        room.__enter__()
    with pytest.raises(TooManySignIns), gate.room():
        pass
    rooms.pop().__exit__(None, None, None)

    with gate.room():
        pass
