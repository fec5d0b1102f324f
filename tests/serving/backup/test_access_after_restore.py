"""A backup knows nothing of what was revoked after it: who was shut out does not get in again by a restore."""

from datetime import timedelta
from pathlib import Path

import pytest

from serving.access import audit
from serving.access.keys import create_key, list_keys, revoke_key
from serving.access.sessions import Sessions
from serving.access.users import Wanted, change_user, create_user, list_users
from serving.backup.restoring import Restored, restore
from serving.backup.taking import take_backup
from serving.problems.access_errors import SessionNotAccepted
from serving.store.opening import Store, open_store
from tests.serving.backup.filled import NOW, settings_of

LATER = NOW + timedelta(hours=3)
SECOND = timedelta(seconds=1)


def sessions_of(store: Store) -> Sessions:
    return Sessions(store, timedelta(days=1), timedelta(days=1), SECOND, lambda: LATER)


class Before:
    """A backup of a service with a session, two users, three keys; then one of each is shut out."""

    def __init__(self, store: Store, address: str, folder: Path) -> None:
        (folder / "home").mkdir()
        with store.session() as session:
            for name in ("anna", "gone"):
                create_user(session, name, Wanted(role="admin"), audit.BY_COMMAND, NOW)
            self.session_id = sessions_of(store).start(session, "anna")
        keys = [create_key(store, name, ["read"], None, NOW) for name in ("good", "stolen", "old")]
        self.good, self.stolen, self.old = (key.split("_")[1] for key in keys)
        revoke_key(store, self.old, NOW)
        self.file = take_backup(settings_of(folder / "home", address), folder / "b.tar", NOW, "1.2.3").file
        revoke_key(store, self.stolen, LATER)
        with store.session() as session:
            change_user(session, "gone", Wanted(disabled=True), audit.BY_COMMAND, LATER)


@pytest.fixture
def before(store: Store, store_address: str, tmp_path: Path, cheap_hashes: None) -> Before:
    return Before(store, store_address, tmp_path)


class After:
    """What a restore of it gave, into a new database of the same kind."""

    def __init__(self, before: Before, address: str, folder: Path, keep_access: bool) -> None:
        self.restored: Restored = restore(
            settings_of(folder / "new", address), before.file, LATER, keep_access=keep_access
        )
        store = open_store(address)
        try:
            self.keys = {key.key_id: key.revoked_at for key in list_keys(store)}
            with store.session() as session:
                self.users = {user.name: user.disabled_at for user in list_users(session)}
                audit.verify(session)
                self.noted = audit.latest(session, 1)[0]
            with pytest.raises(SessionNotAccepted):
                sessions_of(store).caller(before.session_id)
        finally:
            store.close()


@pytest.fixture
def empty_beside(store_address: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new database of the kind that the backup was made of."""
    if store_address.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'beside.db'}"
    postgres = request.getfixturevalue("postgres")
    return str(postgres.address(postgres.make()))


def test_nobody_gets_in_by_a_restore_unless_that_is_asked_for(
    before: Before, empty_beside: str, tmp_path: Path
) -> None:
    after = After(before, empty_beside, tmp_path, keep_access=False)

    assert after.keys == {before.good: LATER, before.stolen: LATER, before.old: NOW}
    assert after.users == {"anna": LATER, "gone": LATER}
    assert "2 keys and 2 users are closed" in after.restored.says()
    assert "--keep-access" in after.restored.says()
    assert (after.noted.action, after.noted.actor) == ("restore", audit.by_command().actor)
    assert after.noted.detail == {"made_at": "2026-11-28T12:00:00", "keys": 2, "users": 2, "kept": False}


def test_asked_for_they_come_back_as_they_were_and_that_is_said(
    before: Before, empty_beside: str, tmp_path: Path
) -> None:
    after = After(before, empty_beside, tmp_path, keep_access=True)

    assert after.keys == {before.good: None, before.stolen: None, before.old: NOW}
    assert after.users == {"anna": None, "gone": None}
    assert "close again what was closed since" in after.restored.says()
    assert after.noted.detail["kept"] is True
