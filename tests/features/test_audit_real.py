"""On real histories: known leaks found, honest columns not accused; skipped where the data is absent."""

from datetime import datetime
from pathlib import Path

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


@pytest.mark.parametrize("name", ["adventureworks", "telco_churn", "online_retail_ii"])
def test_histories_without_deals_are_covered_and_not_accused(shared_data: Path, tmp_path: Path, name: str) -> None:
    report = audit(_history(shared_data, tmp_path, name), UNTIL)

    assert [f.finding for f in report.findings] == ["no-deals"]
    assert sum(table.rows for table in report.tables) > 5000


def test_the_loan_applications_as_declared_accuse_nothing(shared_data: Path, tmp_path: Path) -> None:
    import subprocess
    import sys

    tables = tmp_path / "tables"
    convert = [sys.executable, str(EXAMPLES / "bpic2012_to_tables.py"), str(shared_data / "bpic2012"), str(tables)]
    subprocess.run(convert, check=True, capture_output=True)
    import_folder(tables, tmp_path / "home", EXAMPLES / "bpic2012.yaml", TAKEN)
    history = History.existing(tmp_path / "home")

    for until in (datetime(2011, 11, 1), datetime(2012, 1, 1), UNTIL):
        assert {f.severity for f in audit(history, until).findings} <= {"info"}


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
    assert not suspects(history, datetime(2026, 11, 1))
