"""On real histories: known leaks found, honest columns not accused; skipped where the data is absent."""

import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from features.audit import audit, suspects
from features.audit_report import Finding
from features.history import History
from features.importing import import_folder

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TAKEN, UNTIL = datetime(2020, 1, 2), datetime(2021, 1, 1)
END_OF_LIFE = {
    "Total Days Identified Through Closing": "tells-own-length",
    "Total Days Identified Through Qualified": "tells-own-length",
}


def _history(data: Path, tmp_path: Path, name: str, everything_at_creation: bool = False) -> History:
    mapping = EXAMPLES / f"{name}.yaml"
    if everything_at_creation:
        text = mapping.read_text("utf-8").replace(": current", ": at_creation").replace(": at_close", ": at_creation")
        mapping = tmp_path / "mapping.yaml"
        mapping.write_text(text, "utf-8")
    import_folder(data / name, tmp_path / "home", mapping, TAKEN)
    return History.existing(tmp_path / "home")


def _by_column(history: History) -> dict[str, Finding]:
    return {finding.column: finding for finding in audit(history, UNTIL).findings}


def test_maven_as_declared_accuses_nothing(shared_data: Path, tmp_path: Path) -> None:
    history = _history(shared_data, tmp_path, "maven_crm")
    found = audit(history, UNTIL).findings

    assert {f.severity for f in found} <= {"info"}
    assert {("amount", "value-tells-outcome"), ("customer_id", "blank-on-open-only")} <= {
        (f.column, f.finding) for f in found
    }
    assert not suspects(history, UNTIL)


def test_maven_with_everything_declared_known_is_caught(shared_data: Path, tmp_path: Path) -> None:
    history = _history(shared_data, tmp_path, "maven_crm", everything_at_creation=True)
    errors = {f.column for f in audit(history, UNTIL).findings if f.severity == "error"}

    assert errors == {"amount", "customer_id", "stage"}
    assert {"deal_amount", "deal_stage", "customer_win_rate"} <= set(suspects(history, UNTIL))


def test_the_exact_amount_of_ibm_is_found_by_test(shared_data: Path, tmp_path: Path) -> None:
    found = _by_column(_history(shared_data, tmp_path, "ibm_win_loss"))

    assert (found["amount"].finding, found["amount"].severity) == ("exact-value-tells", "info")
    assert all(finding.severity == "info" for finding in found.values())
    assert found.keys() >= END_OF_LIFE.keys()


def test_ibm_with_everything_declared_known_is_caught(shared_data: Path, tmp_path: Path) -> None:
    history = _history(shared_data, tmp_path, "ibm_win_loss", everything_at_creation=True)
    errors = {f.column: f.finding for f in audit(history, UNTIL).findings if f.severity == "error"}

    assert errors == END_OF_LIFE | {"amount": "exact-value-tells"}
    assert "deal_amount" in suspects(history, UNTIL)


@pytest.mark.parametrize(
    ("name", "used"),
    [
        ("adventureworks", {"customer_segment", "customer_country"}),
        ("telco_churn", {"customer_days_since_first_contract"}),
        ("online_retail_ii", {"customer_country"}),
    ],
)
def test_histories_without_deals_are_covered_and_not_accused(
    shared_data: Path, tmp_path: Path, name: str, used: set[str]
) -> None:
    report = audit(_history(shared_data, tmp_path, name), UNTIL)
    of_deals, of_customers = report.features

    assert [f.finding for f in report.findings] == ["no-deals"]
    assert sum(table.rows for table in report.tables) > 5000
    assert used <= set(of_customers.used)
    assert not of_customers.suspected
    assert "deal_amount" in of_deals.cannot
    assert any(sum(table.coverage.values()) == table.rows for table in report.tables)


@pytest.fixture(scope="module")
def loans(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The loan applications as tables."""
    tables = tmp_path_factory.mktemp("loans")
    convert = [sys.executable, str(EXAMPLES / "bpic2012_to_tables.py"), str(shared_data / "bpic2012"), str(tables)]
    subprocess.run(convert, check=True, capture_output=True)
    return tables


def test_the_loan_applications_as_declared_accuse_nothing(loans: Path, tmp_path: Path) -> None:
    import_folder(loans, tmp_path / "home", EXAMPLES / "bpic2012.yaml", TAKEN)
    history = History.existing(tmp_path / "home")

    for until in (datetime(2011, 12, 1), UNTIL):
        report = audit(history, until)
        assert {f.severity for f in report.findings} <= {"info"}
        assert not report.features[0].suspected


def test_leaks_planted_in_a_copy_of_the_loan_applications_are_found(loans: Path, tmp_path: Path) -> None:
    """Who handled what was decided, the hours it took, a flag on the refused, and a task written after the grant."""
    copy = tmp_path / "copy"
    shutil.copytree(loans, copy)
    planted = {
        "deals": "*, CASE status WHEN 'won' THEN 'front' WHEN 'lost' THEN 'archive' END AS handler, "
        "date_diff('minute', created_at, coalesce(closed_at, TIMESTAMPTZ '2012-03-15Z')) * 0.7 AS effort, "
        "CASE WHEN status = 'lost' AND hash(deal_id) % 10 < 8 THEN 'x' || hash(deal_id) % 5 END AS flag",
        "activities": "*",
    }
    task = (
        "SELECT 'new-' || deal_id AS activity_id, deal_id, 'task' AS type, 'W_Archiveren' AS work_item, "
        "created_at + (closed_at - created_at) * 0.3 AS happened_at FROM deals WHERE status = 'won'"
    )
    with duckdb.connect() as con:
        for table, columns in planted.items():
            con.execute(f"CREATE TABLE {table} AS SELECT {columns} FROM read_parquet('{loans / table}.parquet')")
        con.execute(f"INSERT INTO activities BY NAME {task}")
        for table in planted:
            con.execute(f"COPY {table} TO '{copy / table}.parquet'")
    mapping = tmp_path / "mapping.yaml"
    known = "    attributes: {handler: at_creation, effort: at_creation, flag: at_creation}\n  deal_changes:"
    mapping.write_text((EXAMPLES / "bpic2012.yaml").read_text("utf-8").replace("  deal_changes:", known), "utf-8")
    import_folder(copy, tmp_path / "home", mapping, TAKEN)

    report = audit(History.existing(tmp_path / "home"), UNTIL)
    errors = {finding.place: finding for finding in report.findings if finding.severity == "error"}

    assert errors.keys() == {"deals.handler", "deals.effort", "deals.flag", "activities.work_item"}
    assert errors["activities.work_item"].value == "W_Archiveren"
    assert {"attr_handler", "attr_effort", "attr_flag", "last_activity_work_item"} <= report.features[
        0
    ].suspected.keys()
    assert "deal_stage" in report.features[0].used


@pytest.mark.parametrize("seed", [1, 2])
def test_an_invented_company_is_honest(tmp_path: Path, seed: int) -> None:
    """Its columns have real effects, blemishes, changes at every step and rows written down late."""
    from simulation.company import CompanySettings
    from simulation.writing import write_company

    write_company(CompanySettings(deals=1500, seed=seed), tmp_path / "company")
    import_folder(tmp_path / "company", tmp_path / "home", tmp_path / "company" / "mapping.yaml", datetime(2026, 11, 1))
    history = History.existing(tmp_path / "home")
    report = audit(history, datetime(2026, 11, 1))

    assert "deal_changes" in {table.table for table in report.tables}
    assert {f.severity for f in report.findings} <= {"info"}
    assert not [features.suspected for features in report.features if features.suspected]
