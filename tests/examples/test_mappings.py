"""Every mapping under examples/ imports the data it was written for, traps included."""

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from features.contracts import Known
from features.history import History
from features.importing import import_folder
from features.mapping import read_mapping

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


class Imported:
    """One example, imported once for all tests of this file."""

    def __init__(self, data: Path, home: Path, name: str) -> None:
        self.report = import_folder(data, home, EXAMPLES / f"{name}.yaml", datetime(2024, 1, 1))
        self.history = History.open(home)
        self.counts = {t.table: (t.read, t.new, t.same, t.rejected) for t in self.report.tables}

    def one(self, select: str, table: str) -> tuple[object, ...]:
        with duckdb.connect() as connection:
            return connection.execute(f"SELECT {select} FROM ({self.history.sql_latest(table)})").fetchall()[0]


@pytest.fixture(scope="module")
def imported(shared_data, tmp_path_factory):
    made: dict[str, Imported] = {}

    def of(name: str) -> Imported:
        if name not in made:
            made[name] = Imported(shared_data / name, tmp_path_factory.mktemp(name), name)
        return made[name]

    return of


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_mapping_is_valid_and_names_time_zone_and_currency(path):
    mapping = read_mapping(path)
    assert mapping.timezone
    assert mapping.currency
    assert mapping.sources


def test_maven_crm_explains_every_reject(imported):
    maven = imported("maven_crm")
    assert maven.counts["deals"] == (8800, 8300, 0, 500)
    (group,) = maven.report.rejects
    assert (group.column, group.count) == ("created_at", 500)
    assert "engage_date" in group.reason


def test_maven_crm_joins_and_corrects(imported):
    maven = imported("maven_crm")
    assert not any("among" in note for note in maven.report.notes)
    assert maven.one("count(*) FILTER (product_id = 'GTX Pro')", "deals")[0] == 1400
    assert maven.one("count(*) FILTER (industry = 'technolgy' OR country = 'Philipines')", "customers") == (0,)


def test_maven_crm_declares_what_tells_the_outcome(imported):
    history = imported("maven_crm").history
    assert history.known("deals", "amount") == Known.AT_CLOSE
    assert history.known("deals", "customer_id") == Known.CURRENT
    assert history.known("deals", "stage") == Known.CURRENT


def test_ibm_win_loss_has_times_in_the_order_of_its_numbers(imported):
    ibm = imported("ibm_win_loss")
    read, new, same, rejected = ibm.counts["deals"]
    assert read == 62_420 == new + same + rejected
    assert {group.column for group in ibm.report.rejects} == {"deal_id"}
    select = "min(created_at)::DATE::VARCHAR, max(created_at)::DATE::VARCHAR, corr(deal_id::INTEGER, epoch(created_at))"
    first, last, order = ibm.one(select, "deals")
    assert (first, last) == ("2014-01-01", "2015-12-31")
    assert order == pytest.approx(1)
    assert ibm.one("count(*) FILTER (\"attr_Competitor Type\" = 'None')", "deals")[0] > 0


def test_ibm_win_loss_never_shows_end_of_life_values(imported):
    history = imported("ibm_win_loss").history
    late = [
        name
        for name in history.attributes("deals")
        if name.startswith(("Total Days", "Ratio Days", "Elapsed", "Sales Stage"))
    ]
    assert len(late) == 7
    assert {history.known("deals", name) for name in [*late, "amount"]} == {Known.CURRENT}


def test_online_retail_keeps_real_order_lines(imported, shared_data):
    retail = imported("online_retail_ii")
    assert not retail.report.rejects
    assert not any("among" in note for note in retail.report.notes)
    negative, cancelled = retail.one(
        "count(*) FILTER (amount < 0), count(*) FILTER (amount < 0 AND group_id LIKE 'C%')", "orders"
    )
    assert negative == cancelled > 5000
    assert retail.one("count(*) FILTER (product_id IN ('POST', 'M', 'DOT', 'BANK CHARGES'))", "orders") == (0,)
    overlap = "ordered_at >= '2010-12-01' AND ordered_at < '2010-12-10'"
    once = f"FROM '{shared_data}/online_retail_ii/invoices.parquet' WHERE sheet = '2009-2010'"
    (lines,) = duckdb.execute(f"SELECT count(*) {once} AND InvoiceDate >= '2010-12-01'").fetchall()[0]
    assert 0 < retail.one(f"count(*) FILTER ({overlap})", "orders")[0] <= lines


def test_adventureworks_has_quotas_of_both_kinds(imported):
    works = imported("adventureworks")
    assert works.counts["orders"][:2] == (47_572, 47_572)
    assert works.counts["quotas"] == (560, 560, 0, 0)
    assert works.one("count(*) FILTER (period LIKE '%Q%'), count(*) FILTER (period LIKE '____-__')", "quotas") == (
        129,
        431,
    )
    assert not works.report.notes


def test_telco_churn_has_customers_and_contracts(imported):
    telco = imported("telco_churn")
    assert telco.counts == {"customers": (7043, 7043, 0, 0), "subscriptions": (7043, 7043, 0, 0)}
    assert telco.one("count(cancelled_on), min(interval_months), max(interval_months)", "subscriptions") == (
        1869,
        1,
        24,
    )
    assert telco.one("count(*) - count(attr_TotalCharges)", "customers") == (11,)
    assert telco.history.known("customers", "TotalCharges") == Known.CURRENT
