"""`mlflow run . -e ENTRY` does what the command of the same name does."""

import shlex
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import yaml
from typer.testing import CliRunner

import features.commands
import serving.commands
import training.commands

ROOT = Path(__file__).resolve().parents[2]
UNTIL = "2026-01-01"
DEALS = 160

Entry = Callable[..., str]


ENTRIES = ["main", "demo", "import", "check", "train", "backtest", "score", "forecast", "drift", "models"]


def test_there_is_an_entry_point_for_every_command() -> None:
    project = yaml.safe_load((ROOT / "MLproject").read_text("utf-8"))

    assert list(project["entry_points"]) == ENTRIES
    assert project["python_env"] == "python_env.yaml"
    assert project["entry_points"]["main"]["parameters"]["model"]["default"] == "all"


def test_every_entry_point_names_a_command_and_options_that_exist() -> None:
    """As its shell line says, with the defaults of its parameters."""
    apps = {"features": features.commands.app, "training": training.commands.app, "serving": serving.commands.app}
    for name, entry in yaml.safe_load((ROOT / "MLproject").read_text("utf-8"))["entry_points"].items():
        floor, _, rest = entry["command"].partition("python -m ")[2].partition(" ")
        words = shlex.split(rest.partition("{home} ")[2])
        assert words[0] in {command.name or command.callback.__name__.rstrip("_") for command in
                            apps[floor].registered_commands} | {"models"}, name  # fmt: skip
        shown = CliRunner().invoke(apps[floor], [words[0], "--help"], env={"COLUMNS": "200"}).output
        for option in (word for word in words if word.startswith("--")):
            assert option in shown, (name, option)


def test_the_environment_is_the_locked_one() -> None:
    environment = yaml.safe_load((ROOT / "python_env.yaml").read_text("utf-8"))

    assert environment["dependencies"] == ["-r requirements.lock"]


def test_import_reads_the_folder_with_its_mapping(imported: str) -> None:
    deals = next(line.split() for line in imported.splitlines() if line.startswith("deals "))

    assert int(deals[1].replace(",", "")) >= DEALS
    assert "Rejected" in imported or deals[5] == "0"


def test_train_logs_to_the_store_of_the_home_folder(home: Path, trained: str) -> None:
    """And not to the store in which `mlflow run` opened its own run."""
    assert "promoted" in trained
    assert _names(home / "mlflow.db", "registered_models") == ["win"]
    assert _names(home.parent / "outer.db", "registered_models") == []
    assert (home / "champions" / "win.json").exists()


def test_score_writes_a_row_for_each_open_deal(home: Path, trained: str, mlflow_run: Entry) -> None:
    out = home.parent / "scores.parquet"
    said = mlflow_run("score", as_of=UNTIL, horizons="30,7.5", out=out)

    table = pq.read_table(out)
    assert f"{table.num_rows:,} open deals" in said
    assert table.num_rows > 0
    assert {"p_win_by_30d", "p_win_by_7.5d"} <= set(table.column_names)


def test_the_models_and_their_drift_are_told(trained: str, mlflow_run: Entry) -> None:
    assert "* win 1: " in mlflow_run("models")
    assert "win version 1, learned until 2025-12-31" in mlflow_run("drift", as_of="2026-01-01")


def test_backtest_names_what_is_served(imported: str, mlflow_run: Entry) -> None:
    assert "base_rate" in mlflow_run("backtest", folds=1, until=UNTIL)


def _names(store: Path, table: str) -> list[str]:
    connection = sqlite3.connect(store)
    try:
        return [str(row[0]) for row in connection.execute(f"SELECT name FROM {table}")]
    finally:
        connection.close()
