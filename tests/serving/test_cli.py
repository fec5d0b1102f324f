"""The command line as a user meets it."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from serving.cli import app, main

LATE = {"pandas", "mlflow", "duckdb", "lightgbm", "sklearn", "scipy", "pyarrow", "matplotlib", "fastapi", "uvicorn"}


@dataclass(frozen=True)
class Said:
    """How a command ended and what it said."""

    status: int
    out: str
    err: str


@pytest.fixture
def foresell(monkeypatch, capsys) -> Callable[..., Said]:
    """Runs a command in this process, as the installed script does."""

    def run(*words: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["foresell", *map(str, words)])
        try:
            main()
            status = 0
        except SystemExit as ended:
            status = int(ended.code or 0)
        told = capsys.readouterr()
        return Said(status, told.out, told.err)

    return run


def commands(group: typer.core.TyperGroup, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every command, with the words that call it."""
    found = []
    for name, command in group.commands.items():
        words = (*before, name)
        found += commands(command, words) if isinstance(command, typer.core.TyperGroup) else [words]
    return found


ALL = commands(get_command(app))  # type: ignore[arg-type]


def test_the_commands_of_the_contract_are_there():
    assert set(ALL) >= {
        ("demo",),
        ("import",),
        ("check",),
        ("features", "list"),
        ("features", "build"),
        ("train",),
        ("backtest",),
        ("predict",),
        ("models", "list"),
        ("models", "show"),
        ("models", "promote"),
        ("models", "rollback"),
        ("serve",),
        ("keys", "create"),
        ("keys", "list"),
        ("keys", "revoke"),
    }


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_has_help(foresell, words):
    said = foresell(*words, "--help")

    assert said.status == 0
    assert f"foresell {' '.join(words)}" in said.out
    assert said.err == ""
    described = said.out.split("\n\n")[1].strip()
    assert len(described) > 20


def test_help_names_every_command_and_where_to_start(foresell):
    said = foresell("--help")

    assert said.status == 0
    for first in {words[0] for words in ALL}:
        assert f"\n  {first} " in said.out
    assert "foresell demo" in said.out


def test_help_loads_nothing_heavy():
    program = f"""
import sys
sys.argv = ["foresell", "--help"]
from serving.cli import main
try:
    main()
except SystemExit as ended:
    assert not ended.code
print("loaded", sorted({LATE!r} & set(sys.modules)))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert ran.stdout.splitlines()[-1] == "loaded []"


@pytest.mark.parametrize(
    "words",
    [
        ("train", "churn-or-so"),
        ("train",),
        ("no-such-command",),
        ("--no-such-option",),
        ("predict", "win", "--as-of", "2026-01-01"),
        ("predict", "win", "--as-of", "2026-01-01", "--out", "x.csv", "--horizons", "soon"),
        ("predict", "win", "--as-of", "2026-01-01", "--out", "x.csv", "--horizons", "30,-1"),
        ("predict", "win", "--as-of", "2026-01-01", "--out", "x.csv", "--horizons", "nan"),
        ("backtest", "win", "--folds", "0"),
        ("serve", "--port", "70000"),
        ("demo", "--deals", "5"),
        ("features", "build", "deals", "--as-of", "2026-01-01", "--out", "x.csv", "--every", "week"),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_two_and_says_so_on_standard_error(foresell, tmp_path, story, words):
    story.deal("d1")
    story.import_now()
    said = foresell("--home", story.home, *words) if words[0] != "--no-such-option" else foresell(*words)

    assert said.status == 2, said
    assert said.out == ""
    assert said.err


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("train", "win"),
        ("backtest", "win"),
        ("predict", "win", "--as-of", "2026-01-01", "--out", "x.csv"),
        ("features", "build", "deals", "--as-of", "2026-01-01", "--out", "x.csv"),
        ("import", "no-such-folder"),
        ("models", "show", "win"),
        ("models", "rollback", "win"),
        ("models", "promote", "win", "3"),
        ("keys", "revoke", "nothing"),
        ("keys", "create", "--name", "crm", "--scopes", "fly"),
    ],
    ids=" ".join,
)
def test_an_error_ends_with_one_and_its_way_out(foresell, tmp_path, words):
    said = foresell("--home", tmp_path / "home", *words)

    assert said.status == 1, said
    assert said.out == ""
    assert said.err.startswith("Error: ")
    assert "\nTo fix: " in said.err
    assert "Traceback" not in said.err


def test_a_moment_that_is_none_is_an_error_with_its_way_out(foresell, story):
    story.deal("d1")
    story.import_now()
    said = foresell("--home", story.home, "check", "--as-of", "yesterday")

    assert said.status == 1
    assert "write 2026-11-21" in said.err


def test_the_home_comes_before_the_command_or_from_the_environment(foresell, story, tmp_path, monkeypatch):
    story.deal("d1")
    story.import_now()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORESELL_HOME", str(story.home))
    assert foresell("check").status == 0
    assert foresell("--home", tmp_path / "none", "check").status == 1
    monkeypatch.delenv("FORESELL_HOME")
    assert str(Path("foresell-home")) in foresell("check").err
    (tmp_path / "foresell-home").symlink_to(story.home)
    assert foresell("check").status == 0


def test_the_version_is_shown(foresell):
    assert foresell("--version").out.startswith("foresell")


def test_a_key_is_made_shown_once_listed_and_revoked(foresell, tmp_path):
    home = tmp_path / "home"
    made = foresell("--home", home, "keys", "create", "--name", "crm", "--scopes", "score, read", "--days", 30)
    key = made.out.strip()
    assert made.status == 0
    assert key.startswith("fsl_")
    assert "not shown again" in made.err

    listed = json.loads(foresell("--home", home, "keys", "list", "--json").out)
    assert [(one["name"], one["scopes"], one["revoked_at"]) for one in listed] == [("crm", ["score", "read"], None)]
    assert key not in json.dumps(listed)
    key_id = listed[0]["key_id"]
    assert f"{key_id}  valid" in foresell("--home", home, "keys", "list").out

    assert foresell("--home", home, "keys", "revoke", key_id).status == 0
    assert f"{key_id}  revoked" in foresell("--home", home, "keys", "list").out


@pytest.mark.parametrize("floor", ["features", "training", "serving"])
def test_each_floor_has_a_door_of_its_own(floor, tmp_path):
    ran = subprocess.run([sys.executable, "-m", floor, "--help"], capture_output=True, text=True, check=True)

    assert "--home" in ran.stdout
