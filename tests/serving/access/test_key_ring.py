from datetime import datetime, timedelta

import pytest

import serving.access.key_ring
from serving.access.key_ring import Caller, KeyRing, bearer_key
from serving.access.keys import Scope, create_key, revoke_key
from serving.problems.access_errors import TooManyTries
from serving.problems.errors import KeyMissing, KeyNotAccepted, ScopeMissing, StoreAway
from serving.settings import ServingSettings
from serving.store.opening import open_store
from serving.store.tables import ApiKey
from serving.store.upgrading import move

NOW = datetime(2026, 11, 21, 9)


class Watch:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def moment(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)


@pytest.fixture
def store(settings: ServingSettings):
    opened = open_store(settings.store_address)
    yield opened
    opened.close()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def ring(store, watch) -> KeyRing:
    return KeyRing(store, timedelta(seconds=10), watch.moment, lambda: watch.seconds)


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every secret for which a hash was computed."""
    computed: list[str] = []
    true = serving.access.key_ring.is_secret
    monkeypatch.setattr(serving.access.key_ring, "is_secret", lambda s, h: computed.append(s) or true(s, h))
    return computed


def test_a_good_key_gives_its_caller(store, ring):
    key = create_key(store, "CRM", ["score"], None, NOW)

    assert ring.caller(key) == Caller(key.split("_")[1], "CRM", (Scope.SCORE,))


def test_a_key_is_hashed_once_and_then_only_read_again(store, ring, watch, hashes):
    key = create_key(store, "CRM", ["score"], None, NOW)
    assert ring.remembered(key) is None
    ring.caller(key)

    watch.seconds = 9
    assert ring.remembered(key) is not None
    watch.seconds = 10
    assert ring.remembered(key) is None
    ring.caller(key)
    assert ring.remembered(key) is not None
    assert len(hashes) == 1


def test_a_revoked_key_stops_within_the_recheck(store, ring, watch):
    key = create_key(store, "CRM", ["score"], None, NOW)
    ring.caller(key)
    revoke_key(store, key.split("_")[1], NOW)

    watch.seconds = 10
    assert ring.remembered(key) is None
    with pytest.raises(KeyNotAccepted):
        ring.caller(key)


def test_an_expired_key_stops_at_once_though_remembered(store, ring, watch):
    key = create_key(store, "CRM", ["score"], NOW + timedelta(seconds=5), NOW)
    ring.caller(key)

    watch.seconds = 5
    with pytest.raises(KeyNotAccepted):
        ring.remembered(key)


@pytest.mark.parametrize("wrong", ["", "fsl_", "fsl_abc_def", "secret", "fsl_aaaaaaaa_" + "x" * 43, "é" * 60])
def test_other_texts_are_no_keys_and_cost_no_hash(ring, hashes, wrong):
    with pytest.raises(KeyNotAccepted):
        ring.caller(wrong)
    assert hashes == []


def test_a_known_id_with_another_secret_is_refused_also_after_the_right_one(store, ring):
    key = create_key(store, "CRM", ["score"], None, NOW)
    ring.caller(key)

    with pytest.raises(KeyNotAccepted):
        ring.caller(key[:-1] + ("a" if key[-1] != "a" else "b"))


def test_admin_has_every_scope_and_others_only_their_own():
    Caller("a", "a", (Scope.ADMIN,)).must_have(Scope.PLAN)
    Caller("a", "a", (Scope.PLAN,)).must_have(Scope.PLAN)
    with pytest.raises(ScopeMissing, match="'score'"):
        Caller("a", "a", (Scope.READ,)).must_have(Scope.SCORE)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer  ", "Basic fsl_abc"])
def test_a_header_without_a_bearer_key_is_no_key(header):
    with pytest.raises(KeyMissing):
        bearer_key(header)


def test_a_store_that_is_away_is_said_and_lets_nobody_in(store, ring):
    key = create_key(store, "CRM", ["score"], None, NOW)
    move(store.engine, "base")

    with pytest.raises(StoreAway, match="api_keys"):
        ring.caller(key)


def wrong(key: str, number: int) -> str:
    """Another secret under the same id."""
    return f"{key[:13]}{number:043d}"


def test_wrong_secrets_from_the_same_address_never_keep_out_the_right_one_and_cost_no_hash(store, ring, hashes):
    key = create_key(store, "CRM", ["score"], None, NOW)
    for number in range(500):
        with pytest.raises((KeyNotAccepted, TooManyTries)):
            ring.caller(wrong(key, number), "192.0.2.7")

    assert len(hashes) <= 3
    assert ring.caller(key, "192.0.2.7").name == "CRM"
    with pytest.raises(TooManyTries):
        ring.caller(wrong(key, 1), "192.0.2.7")


def test_a_secret_found_wrong_is_not_hashed_again(store, ring, hashes, monkeypatch):
    key = create_key(store, "CRM", ["score"], None, NOW)
    monkeypatch.setattr(serving.access.key_ring, "may_be_secret", lambda secret, secret_hash: True)
    for _ in range(5):
        with pytest.raises(KeyNotAccepted):
            ring.caller(wrong(key, 1))

    assert len(hashes) == 1


def old(store, key: str) -> None:
    """Make a key one of a release whose hashes had no hint."""
    with store.session() as session:
        row = session.get(ApiKey, key.split("_")[1])
        row.secret_hash = row.secret_hash.rpartition("$")[0]


def test_a_key_of_an_older_release_gets_its_hint_at_its_first_use(store, ring, hashes):
    key = create_key(store, "CRM", ["score"], None, NOW)
    with store.session() as session:
        whole = session.get(ApiKey, key.split("_")[1]).secret_hash
    old(store, key)
    ring.caller(key)
    ring.caller(key)

    with store.session() as session:
        assert session.get(ApiKey, key.split("_")[1]).secret_hash == whole
    assert len(hashes) == 1


def test_tries_at_a_key_without_a_hint_are_bounded_by_address(store, ring, hashes):
    key = create_key(store, "CRM", ["score"], None, NOW)
    old(store, key)
    for number in range(30):
        with pytest.raises((KeyNotAccepted, TooManyTries)):
            ring.caller(wrong(key, number), "192.0.2.7")

    assert len(hashes) == 20
    assert ring.caller(key, "192.0.2.8").name == "CRM"
