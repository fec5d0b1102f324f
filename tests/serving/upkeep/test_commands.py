"""What the commands about jobs, the database and backups say."""

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from serving.cli import app


def foresell(home: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["--home", str(home), *words])


def test_jobs_are_listed_with_what_became_of_them(tmp_path: Path) -> None:
    assert "never run" in foresell(tmp_path, "jobs", "list").stdout

    assert "Nothing was old enough" in foresell(tmp_path, "jobs", "run", "retention").stdout
    listed = json.loads(foresell(tmp_path, "jobs", "list", "--json").stdout)
    latest = {one["job"]: one["latest"] for one in listed}
    assert latest["retention"]["outcome"] == "done"
    assert latest["fold"] is None


def test_an_unknown_job_is_a_named_error(tmp_path: Path) -> None:
    refused = foresell(tmp_path, "jobs", "run", "everything").exception

    assert "fold" in str(refused)
    assert "retention" in str(refused)


def test_the_database_can_be_shown_and_moved_between_layouts(tmp_path: Path) -> None:
    foresell(tmp_path, "store", "upgrade")
    shown = json.loads(foresell(tmp_path, "store", "show", "--json").stdout)
    assert shown["layout"] == shown["newest"]
    assert shown["rows"]["api_keys"] == 0

    assert "layout 0001" in foresell(tmp_path, "store", "downgrade", "0001").stdout
    assert json.loads(foresell(tmp_path, "store", "show", "--json").stdout)["rows"] == {"api_keys": 0}
    assert "layout 0001" in foresell(tmp_path, "store", "show").stdout
    assert "choose one of 0001" in str(foresell(tmp_path, "store", "downgrade", "7").exception)


def test_a_backup_is_made_examined_and_restored(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    for name in ("mapping.yaml", "own.py"):
        (tmp_path / "home" / name).write_text("")
    file = str(tmp_path / "b.tar")

    made = foresell(tmp_path / "home", "backup", "--out", file)
    assert made.exit_code == 0
    assert "own.py: it is code" in made.stdout
    assert "is whole" in foresell(tmp_path, "restore", file, "--check").stdout
    restored = foresell(tmp_path / "unused", "restore", file, "--home", str(tmp_path / "new"), "--keep-access")
    assert restored.exit_code == 0
    assert "close again what was closed since" in restored.stdout
    assert (tmp_path / "new" / "mapping.yaml").exists()
    assert "not empty" in str(foresell(tmp_path / "new", "restore", file).exception)
