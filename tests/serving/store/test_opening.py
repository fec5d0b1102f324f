import sqlite3
import stat
import subprocess
import sys

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from serving.errors import StoreNotOpened, StoreTooNew
from serving.store.opening import open_store


def test_the_file_and_its_folder_are_made_for_the_owner_alone(tmp_path):
    path = tmp_path / "a" / "b" / "foresell.db"
    open_store(f"sqlite:///{path}").close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_writers_leave_readers_alone_and_commits_reach_the_disk(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'foresell.db'}")
    with store.session() as session:
        found = [session.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous")]
    store.close()

    assert found == ["wal", 2]


def test_what_fails_inside_a_session_is_undone(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'foresell.db'}")
    row = "('a', 'a', '', '', '2026-01-01', NULL, NULL)"
    with pytest.raises(IntegrityError), store.session() as session:
        [session.execute(text(f"INSERT INTO api_keys VALUES {row}")) for _ in range(2)]
    with store.session() as session:
        assert session.execute(text("SELECT count(*) FROM api_keys")).scalar() == 0
    store.close()


def test_a_database_of_a_later_release_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "foresell.db"
    open_store(f"sqlite:///{path}").close()
    with sqlite3.connect(path) as con:
        con.execute("UPDATE alembic_version SET version_num = '9999'")
    con.close()

    with pytest.raises(StoreTooNew, match="9999"):
        open_store(f"sqlite:///{path}")
    with sqlite3.connect(path) as con:
        assert con.execute("SELECT count(*) FROM api_keys").fetchone() == (0,)
    con.close()


@pytest.mark.parametrize("address", ["nonsense", "nosuch://host/db", "sqlite:////proc/nowhere/foresell.db"])
def test_an_address_that_leads_nowhere_is_a_named_error(address):
    with pytest.raises(StoreNotOpened):
        open_store(address)


def test_a_password_in_the_address_is_not_repeated():
    with pytest.raises(StoreNotOpened) as refused:
        open_store("nosuch://someone:hunter2@host/db")
    assert "hunter2" not in str(refused.value)


def test_a_file_that_is_no_database_is_a_named_error(tmp_path):
    path = tmp_path / "foresell.db"
    path.write_text("not a database, but long enough to be looked at " * 100)

    with pytest.raises(StoreNotOpened, match="not a database"):
        open_store(f"sqlite:///{path}")


def test_a_current_database_opens_without_alembic(tmp_path):
    address = f"sqlite:///{tmp_path / 'foresell.db'}"
    open_store(address).close()
    program = (
        "import sys; from serving.store.opening import open_store; "
        f"open_store({address!r}).close(); print('alembic' in sys.modules)"
    )

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
