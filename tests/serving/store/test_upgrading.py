"""Every layout can be reached from every other with what is in it, on both databases."""

from collections.abc import Iterator
from datetime import date, datetime
from threading import Thread

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, Table, create_engine, func, insert, inspect, select, text, types
from sqlalchemy.exc import SQLAlchemyError

from serving.access.keys import create_key, list_keys
from serving.problems.errors import StoreTooNew
from serving.store.every_table import every_table
from serving.store.opening import Store, open_engine, open_store
from serving.store.upgrading import HEAD, MIGRATIONS, bring_up_to_date, layout_of, move, revisions

ALL = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][::-1]
MARKS = {
    types.Boolean: True,
    types.Integer: 1,
    types.Float: 0.5,
    types.DateTime: datetime(2026, 11, 28, 1, 2, 3, 456789),
    types.Date: date(2026, 11, 28),
    types.LargeBinary: b"\x00\xff",
    types.JSON: {"成": [1, None]},
    types.String: "单",
}


@pytest.fixture
def engine(empty_address: str) -> Iterator[Engine]:
    made = open_engine(empty_address)
    yield made
    made.dispose()


def fill(engine: Engine) -> dict[str, dict[str, object]]:
    """A row in every empty table of whatever layout; the rows as they were read back, by table."""
    known = MetaData()
    known.reflect(engine)
    with engine.begin() as connection:
        for table in known.sorted_tables:
            if table.name != "alembic_version" and not connection.scalar(select(func.count()).select_from(table)):
                connection.execute(insert(table).values(mark(table)))
    return read(engine)


def mark(table: Table) -> dict[str, object]:
    """A value for every column."""
    return {
        column.name: next(value for kind, value in MARKS.items() if isinstance(column.type, kind))
        for column in table.columns
    }


def read(engine: Engine) -> dict[str, dict[str, object]]:
    known = MetaData()
    known.reflect(engine)
    with engine.connect() as connection:
        return {
            table.name: dict(row._mapping)
            for table in known.sorted_tables
            if table.name != "alembic_version" and (row := connection.execute(select(table)).first())
        }


def test_head_is_the_newest_revision() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]
    assert revisions() == ALL


def test_migrations_lead_to_the_tables_as_declared(engine: Engine) -> None:
    bring_up_to_date(engine)

    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), every_table()) == []


def test_every_revision_goes_up_and_down_again_with_data_in_every_table(engine: Engine) -> None:
    present: dict[str, dict[str, object]] = {}
    for revision in ALL:
        move(engine, revision)
        assert layout_of(engine) == revision
        after = read(engine)
        for table, row in present.items():
            assert after[table] == {**after[table], **row}, (revision, table)
        present = fill(engine)
    assert set(present) == set(every_table().tables)
    for revision in ALL[-2::-1]:
        move(engine, revision)
        assert layout_of(engine) == revision
        for table, row in read(engine).items():
            assert {**present[table], **row} == present[table], (revision, table)
    assert read(engine)["api_keys"]["name"] == "单"
    move(engine, "base")
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    move(engine, HEAD)
    assert "api_keys" not in read(engine)


def test_an_upgrade_that_fails_half_way_leaves_the_database_as_it_was(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    move(engine, "0001")
    before = set(inspect(engine).get_table_names())
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE job_runs (in_the_way INTEGER)"))

    with pytest.raises(SQLAlchemyError):
        bring_up_to_date(engine)

    assert layout_of(engine) == "0001"
    assert set(inspect(engine).get_table_names()) == {*before, "job_runs"}
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE job_runs"))
    bring_up_to_date(engine)
    assert layout_of(engine) == HEAD


def test_an_upgrade_keeps_what_is_there(engine: Engine) -> None:
    bring_up_to_date(engine)
    store = Store(engine)
    create_key(store, "kept", ["read"], None, datetime(2026, 1, 1))

    bring_up_to_date(engine)

    assert [key.name for key in list_keys(store)] == ["kept"]


def test_a_layout_of_a_later_release_is_refused_and_left_alone(engine: Engine) -> None:
    bring_up_to_date(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(StoreTooNew, match="9999"):
        bring_up_to_date(engine)
    assert "api_keys" in inspect(engine).get_table_names()


def test_those_that_open_a_new_database_at_once_take_turns(empty_address: str) -> None:
    failed = list[Exception]()

    def opening() -> None:
        try:
            open_store(empty_address).close()
        except Exception as failure:
            failed.append(failure)

    threads = [Thread(target=opening) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    engine = create_engine(empty_address)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1
    engine.dispose()
