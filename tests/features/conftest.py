"""A door to knock at: an export folder, a home, and what the history says afterwards."""

import hashlib
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from features.history import History
from features.import_report import ImportReport
from features.importing import import_folder


class Door:
    """Writes files, imports them and looks at the history. A maker with a default for everything."""

    def __init__(self, folder: Path) -> None:
        self.export = folder / "export"
        self.home = folder / "home"
        self.export.mkdir()
        self.yaml: Path | None = None

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.export / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def mapping(self, yaml: str) -> Path:
        self.yaml = self.export.parent / "mapping.yaml"
        self.yaml.write_text(yaml, "utf-8")
        return self.yaml

    def imports(self, taken_at: str = "2024-01-01") -> ImportReport:
        return import_folder(self.export, self.home, self.yaml, datetime.fromisoformat(taken_at))

    def deals(self, *rows: str, header: str = "deal_id,status,created_at,closed_at,amount") -> ImportReport:
        """Import a deals file of these lines."""
        self.file("deals.csv", "\n".join([header, *rows, ""]))
        return self.imports()

    def rows(self, table: str, columns: str = "*") -> list[tuple[object, ...]]:
        """The latest version of every row on record."""
        history = History.open(self.home)
        if table not in history.tables():
            return []
        with duckdb.connect() as connection:
            return connection.execute(f"SELECT {columns} FROM ({history.sql_latest(table)}) ORDER BY 1").fetchall()

    def state(self) -> dict[str, str]:
        """Every file of the history with a fingerprint of its content."""
        folder = self.home / "history"
        return {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix in (".parquet", ".json")
        }

    def leftovers(self) -> list[str]:
        """What lies in the staging folder, apart from the lock."""
        staging = self.home / "staging"
        return [path.name for path in staging.iterdir() if path.name != ".lock"] if staging.exists() else []


@pytest.fixture
def door(tmp_path: Path) -> Door:
    """An empty export folder and an empty home."""
    return Door(tmp_path)


@pytest.fixture
def settled(door: Door) -> Door:
    """A door behind which one deal is on record."""
    door.deals("d0,open,2024-01-01,,10")
    (door.export / "deals.csv").unlink()
    return door
