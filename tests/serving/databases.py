"""New databases of the service, on SQLite and on PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.store.opening import Store, open_store

DATABASES = ("sqlite", "postgres")


@pytest.fixture(scope="session")
def _prepared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A database of each kind at this release's layout, to be copied: filled when first asked for."""
    return {"folder": str(tmp_path_factory.mktemp("databases"))}


def prepared_sqlite(prepared: dict[str, str]) -> Path:
    file = Path(prepared["folder"]) / "prepared.db"
    if "sqlite" not in prepared:
        prepared["sqlite"] = f"sqlite:///{file}"
        open_store(prepared["sqlite"]).close()
    return file


@pytest.fixture(params=DATABASES)
def empty_address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a new database without tables, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    postgres = request.getfixturevalue("postgres")
    name = postgres.make()
    yield str(postgres.address(name))
    postgres.drop(name)


@pytest.fixture(params=DATABASES)
def store_address(request: pytest.FixtureRequest, tmp_path: Path, _prepared: dict[str, str]) -> Iterator[str]:
    """The address of a new database at this release's layout, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        shutil.copy(prepared_sqlite(_prepared), tmp_path / "store.db")
        yield f"sqlite:///{tmp_path / 'store.db'}"
        return
    postgres = request.getfixturevalue("postgres")
    if "postgres" not in _prepared:
        _prepared["postgres"] = postgres.make()
        open_store(postgres.address(_prepared["postgres"])).close()
    name = postgres.make(_prepared["postgres"])
    yield str(postgres.address(name))
    postgres.drop(name)


@pytest.fixture
def store(store_address: str) -> Iterator[Store]:
    """A new database of the service, open, on SQLite and on PostgreSQL; close what you open at `store_address`."""
    opened = open_store(store_address)
    yield opened
    opened.close()
