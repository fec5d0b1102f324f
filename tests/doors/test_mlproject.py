"""`mlflow run . -e ENTRY` does what the command of the same name does."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import yaml

ROOT = Path(__file__).resolve().parents[2]
UNTIL = "2026-01-01"
DEALS = 160

Entry = Callable[..., str]


def test_there_are_the_four_entry_points() -> None:
    project = yaml.safe_load((ROOT / "MLproject").read_text("utf-8"))

    assert list(project["entry_points"]) == ["import", "train", "backtest", "score"]
    assert project["python_env"] == "python_env.yaml"


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


def test_backtest_names_what_is_served(imported: str, mlflow_run: Entry) -> None:
    assert "base_rate" in mlflow_run("backtest", folds=1, until=UNTIL)


def _names(store: Path, table: str) -> list[str]:
    connection = sqlite3.connect(store)
    try:
        return [str(row[0]) for row in connection.execute(f"SELECT name FROM {table}")]
    finally:
        connection.close()
