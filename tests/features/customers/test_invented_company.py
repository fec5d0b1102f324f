"""Of a company with every table, no feature of customers says the same of all of them."""

from datetime import datetime
from pathlib import Path

import pytest

from features.catalog import CUSTOMER_CATALOG
from features.feature_building import moments_of
from features.history import History
from features.importing import import_folder
from features.null_rules import null_rule
from features.table import build_table
from simulation.company import CompanySettings
from simulation.writing import write_company

LOOKS = [datetime(2025, 8, 10), *(datetime(2026, month, 3 * month) for month in range(2, 10))]
SAME_FOR_ALL = {"customer_country", "customer_decision_makers", "customer_contract_months"}
"""The invented company sells in one country, for a year, to customers with one who decides."""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory):
    folder: Path = tmp_path_factory.mktemp("company")
    write_company(CompanySettings(deals=500), folder / "files")
    import_folder(folder / "files", folder / "home", folder / "files" / "mapping.yaml", datetime(2026, 11, 27))
    history = History.existing(folder / "home")
    return build_table(tuple(CUSTOMER_CATALOG.values()), moments_of(history, "customer", LOOKS), history)


def test_no_feature_says_the_same_of_all(table):
    assert len(table) > 100
    silent = {name for name in CUSTOMER_CATALOG if len(table[name].drop_null().unique()) < 2}
    assert silent == SAME_FOR_ALL


def test_what_is_never_missing_is_never_missing_and_the_rest_is_sometimes_there(table):
    for name, feature in CUSTOMER_CATALOG.items():
        never = "never missing" in null_rule(feature).en.lower()
        assert table[name].null_count == 0 or not never, name
        assert table[name].null_count < len(table), name
