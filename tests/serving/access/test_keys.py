from datetime import datetime, timedelta

import pytest

from serving.access.keys import SHAPE, Scope, create_key, hash_secret, is_secret, list_keys, revoke_key
from serving.problems.errors import KeyExpiresInThePast, NoSuchKey, UnknownScope
from serving.settings import ServingSettings
from serving.store.opening import open_store

NOW = datetime(2026, 11, 21, 9)


@pytest.fixture
def store(settings: ServingSettings):
    opened = open_store(settings.store_address)
    yield opened
    opened.close()


def test_a_key_has_an_id_and_a_secret_nobody_can_guess(store):
    text = create_key(store, "CRM", ["score", "read", "score"], None, NOW)
    (facts,) = list_keys(store)

    assert SHAPE.fullmatch(text)
    assert len(text.split("_", 2)[2]) >= 32
    assert facts.key_id == text.split("_")[1]
    assert (facts.name, facts.scopes) == ("CRM", (Scope.SCORE, Scope.READ))
    assert facts.valid(NOW + timedelta(days=10_000))


def test_the_secret_is_nowhere_in_the_database(store, settings):
    secret = create_key(store, "CRM", ["score"], None, NOW).split("_", 2)[2]

    files = list(settings.home.glob("foresell.db*"))
    assert files
    assert not any(secret.encode() in path.read_bytes() for path in files)


def test_two_hashes_of_one_secret_differ_and_both_hold():
    first, second = hash_secret("secret"), hash_secret("secret")

    assert first != second
    assert is_secret("secret", first)
    assert is_secret("secret", second)
    assert not is_secret("Secret", first)


def test_a_revoked_key_stays_listed_with_the_time_it_was_first_revoked(store):
    key_id = create_key(store, "CRM", ["score"], None, NOW).split("_")[1]
    revoke_key(store, key_id, NOW)
    revoke_key(store, key_id, NOW + timedelta(days=1))

    (facts,) = list_keys(store)
    assert facts.revoked_at == NOW
    assert not facts.valid(NOW)


def test_a_key_is_valid_until_the_moment_it_expires(store):
    create_key(store, "CRM", ["score"], NOW + timedelta(hours=1), NOW)

    (facts,) = list_keys(store)
    assert facts.valid(NOW + timedelta(minutes=59))
    assert not facts.valid(NOW + timedelta(hours=1))


def test_what_cannot_be_is_refused_by_name(store):
    with pytest.raises(UnknownScope, match="choose from score, ingest, read, plan, admin"):
        create_key(store, "CRM", ["scores"], None, NOW)
    with pytest.raises(KeyExpiresInThePast):
        create_key(store, "CRM", ["score"], NOW, NOW)
    with pytest.raises(NoSuchKey, match="abcdefgh"):
        revoke_key(store, "abcdefgh", NOW)
    assert list_keys(store) == []
