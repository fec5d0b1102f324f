import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from time import sleep

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError

from serving.problems.errors import StoreAway, StoreNotOpened, StoreTooNew
from serving.store.job_tables import JobRun
from serving.store.opening import Store, open_store
from serving.store.turns import take_turn


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


def a_run(slot: str) -> JobRun:
    return JobRun(job="a", slot=slot, holder="", attempts=1, started_at=datetime(2026, 1, 1), outcome="done", said="")


def runs(store: Store) -> int | None:
    with store.session() as session:
        return session.scalar(select(func.count()).select_from(JobRun))


def test_what_fails_inside_a_session_is_undone(store):
    def twice():
        with store.session() as session:
            session.add(a_run("1"))
            session.flush()
            session.execute(insert(JobRun).from_select(list(JobRun.__table__.columns), select(JobRun)))

    with pytest.raises(IntegrityError):
        twice()
    assert runs(store) == 0


def test_writers_that_take_the_same_turn_follow_each_other(store):
    def add(_: int) -> None:
        with store.writing("runs") as session:
            number = session.scalar(select(func.count()).select_from(JobRun))
            sleep(0.02)
            session.add(a_run(str(number)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(4)))
    assert runs(store) == 4


def test_a_turn_can_be_taken_by_a_transaction_that_has_written(store):
    with store.session() as session:
        session.add(a_run("1"))
        session.flush()
        take_turn(session.connection(), "runs")
        session.add(a_run("2"))
    assert runs(store) == 2


def test_a_reader_sees_all_tables_as_of_one_moment(store):
    with store.reading() as connection:
        counted = select(func.count()).select_from(JobRun)
        before = connection.scalar(counted)
        with store.session() as session:
            session.add(a_run("1"))
        assert connection.scalar(counted) == before == 0
    assert runs(store) == 1


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


@pytest.mark.parametrize(
    "address",
    [
        "nonsense",
        "nosuch://host/db",
        "mysql://host/db",
        "sqlite:////proc/nowhere/foresell.db",
        "postgresql://host/db?pool_size=many",
        "postgresql://nobody@/db?host=/nowhere",
    ],
)
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


def test_a_missing_driver_says_what_to_install():
    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from serving.store.opening import open_store\n"
        "try: open_store('postgresql://someone:hunter2@host/db')\n"
        "except Exception as refused: print(type(refused).__name__, refused)"
    )

    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.startswith("DriverMissing")
    assert "foresell[postgres]" in said
    assert "hunter2" not in said


def test_connections_of_postgres_are_limited_named_and_in_utc(postgres):
    store = open_store(postgres.address(postgres.make()) + "&statement_timeout=7&pool_size=2&application_name=two")
    with store.session() as session:
        settings = ("statement_timeout", "lock_timeout", "timezone", "application_name")
        found = [session.execute(text(f"SHOW {name}")).scalar() for name in settings]
    pool = store.engine.pool
    store.close()

    assert found == ["7s", "10s", "UTC", "two"]
    assert pool.size() == 2


def test_a_statement_that_takes_too_long_is_given_up(postgres):
    store = open_store(postgres.address(postgres.make()) + "&statement_timeout=1")
    with pytest.raises(StoreAway, match="statement timeout"), store.session() as session:
        session.execute(text("SELECT pg_sleep(3)"))
    assert runs(store) == 0
    store.close()


def test_a_wrong_password_is_a_named_error_that_keeps_it_secret(own_postgres):
    own_postgres.run("ALTER USER postgres PASSWORD 'right'")
    rules = Path(own_postgres.folder / "pg_hba.conf")
    rules.write_text("local all all scram-sha-256\n")
    own_postgres.stop()
    own_postgres.start()
    address = own_postgres.address()

    with pytest.raises(StoreNotOpened, match="password authentication failed") as refused:
        open_store(address.replace("postgres:@", "postgres:hunter2@"))
    assert "hunter2" not in str(refused.value)
    open_store(address.replace("postgres:@", "postgres:right@")).close()


def test_a_server_that_goes_away_is_said_and_found_again(own_postgres):
    store = open_store(own_postgres.address())
    with store.session() as session:
        session.add(a_run("1"))

    own_postgres.stop()
    for _ in range(2):
        with pytest.raises(StoreAway):
            runs(store)
    with pytest.raises(StoreNotOpened):
        open_store(own_postgres.address())
    own_postgres.start()

    assert runs(store) == 1
    store.close()
