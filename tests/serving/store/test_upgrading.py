from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from threading import Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, text

from serving.keys import create_key, list_keys
from serving.store.opening import Store, open_store
from serving.store.tables import Tables
from serving.store.upgrading import HEAD, MIGRATIONS, bring_up_to_date, layout_of, move


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{tmp_path / 'foresell.db'}")
    yield made
    made.dispose()


def test_head_is_the_newest_revision() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]


def test_migrations_lead_to_the_tables_as_declared(engine: Engine) -> None:
    bring_up_to_date(engine)

    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Tables.metadata) == []


def test_every_revision_goes_up_and_down_again(engine: Engine) -> None:
    revisions = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]
    for revision in revisions:
        move(engine, revision)
        assert layout_of(engine) == revision
    for revision in [*revisions[-2::-1], "base"]:
        move(engine, revision)
        assert layout_of(engine) == (None if revision == "base" else revision)
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    move(engine, HEAD)
    assert "api_keys" in inspect(engine).get_table_names()


def test_an_upgrade_keeps_what_is_there(engine: Engine) -> None:
    bring_up_to_date(engine)
    store = Store(engine)
    create_key(store, "kept", ["read"], None, datetime(2026, 1, 1))

    bring_up_to_date(engine)

    assert [key.name for key in list_keys(store)] == ["kept"]


def test_processes_that_open_a_new_database_at_once_take_turns(tmp_path: Path) -> None:
    address, failed = f"sqlite:///{tmp_path / 'foresell.db'}", list[Exception]()

    def opening() -> None:
        try:
            open_store(address).close()
        except Exception as failure:
            failed.append(failure)

    threads = [Thread(target=opening) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    engine = create_engine(address)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1
    engine.dispose()
