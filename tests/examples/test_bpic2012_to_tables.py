"""A log of a few lines, and the real one, become tables that import without a reject."""

import runpy
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from features.importing import import_folder

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
LOG = """
1 A_SUBMITTED COMPLETE 112 08:00:00
1 A_PARTLYSUBMITTED COMPLETE 112 08:00:00
1 W_Nabellen_offertes SCHEDULE 112 08:30:00
1 W_Nabellen_offertes START 10 09:00:00
1 W_Nabellen_offertes COMPLETE 10 09:06:00
1 O_CANCELLED COMPLETE 10 09:10:00
1 O_SENT COMPLETE 10 09:20:00
1 W_Valideren START 11 09:30:00
1 O_ACCEPTED COMPLETE 11 09:40:00
1 A_APPROVED COMPLETE 11 10:00:00
1 W_Valideren COMPLETE 11 10:00:00
1 A_REGISTERED COMPLETE 11 10:00:01
2 A_SUBMITTED COMPLETE 112 08:00:00
2 A_DECLINED COMPLETE 112 08:00:30
3 A_SUBMITTED COMPLETE 112 08:00:00
"""


def convert(monkeypatch, log: Path, target: Path) -> None:
    monkeypatch.setattr(sys, "argv", ["bpic2012_to_tables.py", str(log), str(target)])
    runpy.run_path(str(EXAMPLES / "bpic2012_to_tables.py"), run_name="__main__")


@pytest.fixture
def tables(tmp_path, monkeypatch):
    rows = [line.split() for line in LOG.split("\n") if line]
    (tmp_path / "log").mkdir()
    pd.DataFrame(
        {
            "case_concept_name": [row[0] for row in rows],
            "case_AMOUNT_REQ": [int(row[0]) * 1000 for row in rows],
            "event_no": range(len(rows)),
            "org_resource": [row[3] for row in rows],
            "lifecycle_transition": [row[2] for row in rows],
            "concept_name": [row[1].replace("Nabellen_", "Nabellen ") for row in rows],
            "time_timestamp": pd.to_datetime([f"2012-01-01 {row[4]}Z" for row in rows], utc=True),
        }
    ).to_parquet(tmp_path / "log" / "events.parquet")
    convert(monkeypatch, tmp_path / "log", tmp_path / "out")
    return {path.stem: pd.read_parquet(path) for path in (tmp_path / "out").glob("*.parquet")}


def test_cases_become_deals(tables):
    deals = tables["deals"].set_index("deal_id")
    assert deals["status"].to_dict() == {"1": "won", "2": "lost", "3": "open"}
    assert deals["amount"].to_dict() == {"1": 1000, "2": 2000, "3": 3000}
    assert deals.loc["1", "closed_at"] == pd.Timestamp("2012-01-01 10:00Z")
    assert deals["stage"].to_dict() == {"1": "O_SENT", "2": "A_SUBMITTED", "3": "A_SUBMITTED"}


def test_events_become_changes_and_those_of_one_instant_collapse(tables):
    changes = tables["deal_changes"]
    one = changes[changes["deal_id"] == "1"]
    assert list(zip(one["field"], one["new_value"], strict=True)) == [
        ("stage", "A_PARTLYSUBMITTED"), ("stage", "O_SENT"), ("status", "won"),
    ]  # fmt: skip
    assert not changes.duplicated(["deal_id", "field", "changed_at"]).any()


def test_work_items_become_activities_known_when_they_end(tables):
    found = tables["activities"].set_index("activity_id")
    assert list(found["type"]) == ["call", "task", "task"]
    call, checked, scheduled = (found.iloc[n] for n in range(3))
    assert (call["duration_minutes"], call["rep_id"], call["outcome"]) == (6, "10", "completed")
    assert call["recorded_at"] - call["happened_at"] == pd.Timedelta("6min")
    assert pd.isna(checked["duration_minutes"]), "its end lies at the outcome and is not to be seen"
    assert pd.isna(checked["outcome"])
    assert scheduled["outcome"] == "scheduled"
    assert pd.isna(scheduled["rep_id"]), "112 is a machine"


def test_the_real_log_imports_without_a_reject(shared_data, tmp_path, monkeypatch):
    convert(monkeypatch, shared_data / "bpic2012", tmp_path / "out")
    report = import_folder(tmp_path / "out", tmp_path / "home", EXAMPLES / "bpic2012.yaml", datetime(2013, 1, 1))
    counts = {table.table: table.new for table in report.tables}
    assert counts == {"deals": 7455, "deal_changes": 43_481, "stages": 9, "activities": 56_471}
    assert not report.rejects
    assert not report.notes
    status = duckdb.execute(
        f"SELECT status, count(*) FROM '{tmp_path}/out/deals.parquet' GROUP BY 1 ORDER BY 1"
    ).fetchall()
    assert status == [("lost", 6119), ("won", 1336)]
