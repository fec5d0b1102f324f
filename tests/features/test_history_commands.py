"""The history's own commands: what they print, write and refuse."""

import json

import duckdb
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from features.commands import app
from features.history import History
from features.importing import import_folder
from features.ledger import HistoryDamaged


@pytest.fixture
def told(story):
    """Three exports: a deal that changes, an order recorded late, a product that is deleted."""
    story.deal("d1", source="web", attributes={"Größe, m": "5"}).activity(on="2024-01-10", recorded="2024-01-14")
    story.order("c1", on="2024-01-05", amount=12.5, quantity=1e-7).product("p1", name='P "1", new\nline', list_price=3)
    story.import_now("2024-02-01")
    story.deal("d1", source="fair")
    story.rep("r1", hired_on="2024-01-01", weekly_hours=37.5)
    story.import_now("2024-03-01")
    story.row("products", product_id="p1", deleted_at="2024-03-02")
    story.stages("Lead", "Offer", "Contract").import_now("2024-04-01")
    return story


@pytest.fixture
def run(told, monkeypatch):
    """Runs `history ...` in the story's home and gives what it printed."""
    monkeypatch.setenv("FORESELL_HOME", str(told.home))

    def call(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["history", *words])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result.output

    return call


def rows(history: History, sql: str) -> list[tuple]:
    with history.connect() as con:
        return con.execute(sql).fetchall()


def test_stats_count_what_is_on_record(run):
    found = json.loads(run("stats", "--json"))
    tables = {table["table"]: table for table in found["tables"]}

    assert (found["deliveries"], found["layout"], found["timezone"]) == (3, 2, "Asia/Shanghai")
    assert [tables["deals"][c] for c in ("rows", "versions", "corrections", "deletions", "late")] == [1, 2, 1, 0, 0]
    assert [tables["products"][c] for c in ("rows", "versions", "corrections", "deletions")] == [0, 1, 0, 1]
    assert [tables["activities"][c] for c in ("late", "late_share", "late_days")] == [1, 1.0, 4.0]
    assert tables["products"]["late"] is None
    assert tables["deals"]["first_recorded"] == "2023-12-31 16:00:00"
    assert found["files"] == sum(table["files"] for table in tables.values()) == 8
    assert found["bytes"] == sum(table["bytes"] for table in tables.values()) > 0
    assert "deals" in run("stats")


def test_stats_without_a_history_are_a_named_error(tmp_path, monkeypatch):
    monkeypatch.setenv("FORESELL_HOME", str(tmp_path / "none"))

    for command in ("stats", "verify", "compact", "upgrade"):
        result = CliRunner().invoke(app, ["history", command])
        assert "There is no history" in str(result.exception)


def test_verify_finds_every_file_as_it_was_written(run):
    assert "all as they were written" in run("verify")
    assert json.loads(run("verify", "--json"))["sound"] is True


@pytest.mark.parametrize("harm", ["changed", "cut", "missing"])
def test_verify_names_the_damaged_file(run, told, harm):
    part = told.history.log.parts["deals"][0]
    file = told.history.folder / part.file
    content = file.read_bytes()
    if harm == "missing":
        file.unlink()
    else:
        file.write_bytes(content[:-1] + b"x" if harm == "changed" else content[:100])

    result = CliRunner().invoke(app, ["history", "verify", "--json"])

    assert result.exit_code == 1
    assert isinstance(result.exception, HistoryDamaged)
    assert part.file in str(result.exception)
    assert [damage["file"] for damage in json.loads(result.stdout)["damages"]] == [part.file]


def test_verify_names_a_log_that_cannot_be_read(run, told):
    (told.history.folder / "log" / "00000002.json").write_text("{")

    with pytest.raises(HistoryDamaged, match=r"00000002.json cannot be read"):
        run("verify")


def test_show_prints_rows_as_on_record_at_a_moment(run):
    assert "source=web" in run("show", "deals", "--as-of", "2024-02-10")
    assert "source=fair" in run("show", "deals")
    assert "0 of 0 rows" in run("show", "products")
    assert [row["product_id"] for row in json.loads(run("show", "products", "--as-of", "2024-02-10", "--json"))] == [
        "p1"
    ]
    assert "2 of 3 rows" in run("show", "stages", "--limit", "2")


@pytest.mark.parametrize("ending", ["csv", "parquet", "json"])
def test_show_writes_a_file(run, tmp_path, ending):
    out = tmp_path / f"deals.{ending}"
    run("show", "deals", "--as-of", "2024-02-10", "--out", str(out))

    assert duckdb.execute(f"SELECT deal_id, source FROM '{out}'").fetchall() == [("d1", "web")]


def test_a_table_of_no_kind_is_a_named_error(run):
    from features.history_commands import UnknownTable

    with pytest.raises(UnknownTable, match="Did you mean 'deals'"):
        run("show", "dels")


@pytest.mark.parametrize("format_", ["csv", "parquet"])
@pytest.mark.parametrize("versions", [True, False])
def test_an_export_is_read_back_as_it_was(run, told, tmp_path, format_, versions):
    out = tmp_path / "out"
    run("export", "--out", str(out), "--format", format_, *(["--versions"] if versions else []))
    before = told.history
    report = import_folder(out, tmp_path / "copy", out / "mapping.yaml", before_end())
    copy = History.open(tmp_path / "copy")

    assert [table.rejected for table in report.tables] == [0] * len(report.tables)
    assert (copy.timezone, copy.currency) == (before.timezone, before.currency)
    for table in before.tables():
        columns = ", ".join(f'"{c}"' for c in before.columns(table) if c != "recorded_at") or "1"
        for sql in (lambda h, t=table: h.sql_latest(t), lambda h, t=table: h.sql_versions(t)):
            if not versions and sql(before) == before.sql_versions(table):
                continue
            mine = rows(before, f"SELECT {columns} FROM ({sql(before)}) ORDER BY ALL")
            theirs = rows(copy, f"SELECT {columns} FROM ({sql(copy)}) ORDER BY ALL") if mine else []
            assert mine == theirs
        if versions:
            times = "version_at, retired_at, deleted_at"
            assert rows(before, f"SELECT {times} FROM ({before.sql_versions(table)}) ORDER BY ALL") == rows(
                copy, f"SELECT {times} FROM ({copy.sql_versions(table)}) ORDER BY ALL"
            )


def test_a_copy_made_from_the_latest_rows_knows_nothing_earlier_than_the_history_did(run, told, tmp_path):
    run("export", "--out", str(tmp_path / "out"))
    import_folder(tmp_path / "out", tmp_path / "copy", tmp_path / "out" / "mapping.yaml", before_end())
    copy = History.open(tmp_path / "copy")

    (since,) = rows(copy, f"SELECT version_at FROM ({copy.sql_versions('deals')}) WHERE source = 'fair'")
    (before,) = rows(
        told.history, f"SELECT version_at FROM ({told.history.sql_versions('deals')}) WHERE source = 'fair'"
    )
    assert since == before


def test_an_export_of_a_past_moment_is_what_was_on_record_then(run, tmp_path):
    out = tmp_path / "out"
    said = json.loads(run("export", "--out", str(out), "--as-of", "2024-02-10", "--format", "parquet", "--json"))

    assert said["rows"] == {"deals": 1, "stages": 3, "activities": 1, "orders": 1, "products": 1, "reps": 1}
    assert pq.read_table(out / "deals.parquet")["source"].to_pylist() == ["web"]


def test_an_export_does_not_mix_with_what_lies_in_a_folder(run, tmp_path):
    from features.history_export import FolderInUse

    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(FolderInUse, match="not empty"):
        run("export", "--out", str(tmp_path))


def test_compact_says_what_it_merged(run, told):
    assert "merged deals, products" in run("compact")
    assert "nothing to merge" in run("compact", "--grace-hours", "0")
    assert json.loads(run("compact", "--json"))["files_after"] == len(told.history.tables())


def test_upgrade_has_nothing_to_do_with_a_history_of_this_release(run):
    assert "has layout 2 already" in run("upgrade")


def before_end():
    from datetime import datetime

    return datetime(2031, 1, 1)
