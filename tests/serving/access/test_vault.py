import os
import stat
from datetime import datetime
from threading import Event, Thread

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update

from serving.access.audit import BY_COMMAND, entries
from serving.access.vault import Vault, _fernet, _seal, new_key
from serving.problems.access_errors import NoSuchSecret, SecretKeysNotAccepted, SecretKeyWrong, SecretNameNotAccepted
from serving.settings import ServingSettings
from serving.store.people_tables import Secret

NOW = datetime(2026, 11, 21, 9)
VALUE = "pat-na1-秘密-0123"


@pytest.fixture
def settings(tmp_path):
    return ServingSettings(home=tmp_path / "home")


@pytest.fixture
def vault(store, settings):
    return Vault(store, settings)


def keys_file(settings):
    return settings.home / "secret.keys"


def given(settings, *keys):
    return ServingSettings(home=settings.home, secret_keys=SecretStr(",".join(keys)))


def test_a_secret_comes_back_and_is_nowhere_in_clear(store, vault, settings):
    vault.keep("hubspot.token", VALUE, BY_COMMAND, NOW)

    assert vault.value("hubspot.token") == VALUE
    assert [(one.name, one.changed_by) for one in vault.names()] == [("hubspot.token", "command")]
    with store.session() as session:
        sealed = session.scalars(select(Secret.sealed)).one()
        assert VALUE.encode() not in sealed
        assert [(one.action, one.subject, one.detail) for one in entries(session)] == [
            ("secret.set", "secret:hubspot.token", {})
        ]
    assert stat.S_IMODE(keys_file(settings).stat().st_mode) == 0o600


def test_a_new_value_takes_the_place_of_the_old_and_a_deleted_one_is_gone(vault):
    vault.keep("a", "1", BY_COMMAND, NOW)
    vault.keep("a", "2", BY_COMMAND, NOW)
    assert vault.value("a") == "2"

    vault.delete("a", BY_COMMAND, NOW)
    with pytest.raises(NoSuchSecret):
        vault.value("a")
    with pytest.raises(NoSuchSecret):
        vault.delete("a", BY_COMMAND, NOW)


@pytest.mark.parametrize("name", ["", "a b", "../a", "a/b", "a\x00", "x" * 101, "名"])
def test_a_name_is_plain(vault, name):
    with pytest.raises(SecretNameNotAccepted):
        vault.keep(name, "1", BY_COMMAND, NOW)
    with pytest.raises(NoSuchSecret):
        vault.value(name)


def test_turning_the_key_encrypts_all_again_and_forgets_the_old(store, vault, settings):
    for name in ("a", "b"):
        vault.keep(name, VALUE, BY_COMMAND, NOW)
    old = keys_file(settings).read_text().split()

    assert vault.rotate(BY_COMMAND, NOW) == 2

    new = keys_file(settings).read_text().split()
    assert len(old) == len(new) == 1
    assert old != new
    assert vault.value("a") == vault.value("b") == VALUE
    with pytest.raises(SecretKeyWrong, match="'a'"):
        Vault(store, given(settings, *old)).value("a")


def test_keys_of_the_settings_turn_by_putting_a_new_one_first(store, settings):
    old, new = new_key(), new_key()
    Vault(store, given(settings, old)).keep("a", VALUE, BY_COMMAND, NOW)
    both = Vault(store, given(settings, new, old))
    assert both.value("a") == VALUE

    assert both.rotate(BY_COMMAND, NOW) == 1

    assert Vault(store, given(settings, new)).value("a") == VALUE
    assert not keys_file(settings).exists()


def test_a_turn_that_cannot_be_finished_changes_nothing(store, vault, settings):
    vault.keep("a", VALUE, BY_COMMAND, NOW)
    with store.session() as session:
        session.add(Secret(name="b", sealed=b"of another key", changed_at=NOW, changed_by="x"))

    with pytest.raises(SecretKeyWrong, match="'b'"):
        vault.rotate(BY_COMMAND, NOW)

    assert vault.value("a") == VALUE
    with store.session() as session:
        assert [one.action for one in entries(session)] == ["secret.set"]
        session.delete(session.get(Secret, "b"))
    assert vault.rotate(BY_COMMAND, NOW) == 1
    assert vault.value("a") == VALUE
    assert len(keys_file(settings).read_text().split()) == 1


def test_a_turn_cut_off_between_file_and_store_loses_nothing(store, vault, settings, monkeypatch):
    vault.keep("a", VALUE, BY_COMMAND, NOW)
    monkeypatch.setattr(Vault, "_seal_again", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        vault.rotate(BY_COMMAND, NOW)
    monkeypatch.undo()

    assert len(keys_file(settings).read_text().split()) == 2
    assert vault.value("a") == VALUE
    vault.keep("b", VALUE, BY_COMMAND, NOW)
    vault.rotate(BY_COMMAND, NOW)
    assert vault.value("a") == vault.value("b") == VALUE


def test_one_secret_cannot_be_put_in_the_place_of_another(store, vault):
    vault.keep("harmless", "1", BY_COMMAND, NOW)
    vault.keep("payments", "2", BY_COMMAND, NOW)
    with store.session() as session:
        sealed = session.scalars(select(Secret.sealed).where(Secret.name == "payments")).one()
        session.execute(update(Secret).where(Secret.name == "harmless").values(sealed=sealed))

    with pytest.raises(SecretKeyWrong, match="changed outside"):
        vault.value("harmless")


def test_a_missing_key_file_is_said(store, vault, settings):
    vault.keep("a", VALUE, BY_COMMAND, NOW)
    keys_file(settings).unlink()

    with pytest.raises(SecretKeyWrong, match="missing"):
        vault.value("a")


@pytest.mark.parametrize("keys", [" , ", "nonsense", "A" * 44, "QUFB" * 10 + "QUE=,short", "钥匙"])
def test_keys_that_are_none_are_refused_without_being_repeated(store, settings, keys):
    with pytest.raises(SecretKeysNotAccepted, match="FORESELL_SECRET_KEYS") as refused:
        Vault(store, given(settings, keys)).keep("a", VALUE, BY_COMMAND, NOW)
    assert keys.strip(" ,") == "" or keys not in str(refused.value)


@pytest.mark.skipif(os.name != "posix", reason="permissions of files")
def test_a_key_file_that_others_may_read_is_refused(vault, settings):
    vault.keep("a", VALUE, BY_COMMAND, NOW)
    keys_file(settings).chmod(0o644)

    with pytest.raises(SecretKeysNotAccepted, match="chmod 600"):
        vault.value("a")


def test_a_secret_kept_while_the_key_turns_elsewhere_is_not_left_with_the_old_one(store, settings):
    """The keys were read, then another instance turns them before the secret is in the database."""
    here, there = Vault(store, settings), Vault(store, settings)
    here.keep("a", VALUE, BY_COMMAND, NOW)
    read, turned = Event(), Event()
    keys = here.keys.read_or_make

    def read_and_wait():
        found = keys()
        read.set()
        turned.wait(0.5)
        return found

    def turn():
        read.wait(10)
        there.rotate(BY_COMMAND, NOW)
        turned.set()

    here.keys.read_or_make = read_and_wait
    other = Thread(target=turn)
    other.start()
    here.keep("b", VALUE, BY_COMMAND, NOW)
    other.join(20)

    assert turned.is_set()
    assert there.value("a") == there.value("b") == VALUE
    assert len(keys_file(settings).read_text().split()) == 1


def test_a_secret_that_is_read_while_the_key_turns_is_read_again(store, settings, monkeypatch):
    here, there = Vault(store, settings), Vault(store, settings)
    here.keep("a", VALUE, BY_COMMAND, NOW)
    read, turns = here.keys.read, []

    def turned_first():
        if not turns:
            turns.append(there.rotate(BY_COMMAND, NOW))
        return read()

    monkeypatch.setattr(here.keys, "read", turned_first)
    assert here.value("a") == VALUE


def test_an_old_key_that_a_secret_still_needs_stays(store, settings, monkeypatch):
    """As where a release that knows no turn has kept a secret just before the old key was to go."""
    vault = Vault(store, settings)
    vault.keep("a", VALUE, BY_COMMAND, NOW)
    old = keys_file(settings).read_text().strip()
    seal_again = Vault._seal_again

    def and_one_more(self, session, keys):
        count = seal_again(self, session, keys)
        session.add(Secret(name="late", sealed=_seal(_fernet([old]), "late", "1"), changed_at=NOW, changed_by="x"))
        return count

    monkeypatch.setattr(Vault, "_seal_again", and_one_more)
    vault.rotate(BY_COMMAND, NOW)
    monkeypatch.undo()

    assert vault.value("late") == "1"
    assert vault.rotate(BY_COMMAND, NOW) == 2
    assert len(keys_file(settings).read_text().split()) == 1
    assert vault.value("late") == "1"
