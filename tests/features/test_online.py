"""Online values are those of the feature table, to the last bit: of deals on record, of changes, of new deals."""

import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.as_of import Moments, micros
from features.catalog import CATALOG, CATALOGS, attribute_features, select
from features.contracts import STORED_AS, TABLES
from features.evaluate import Category, Values
from features.history import Delivery, History
from features.importing import import_folder
from features.needs import lacking
from features.online import Memory
from features.open_deals import customers_known, open_deals
from features.streams import open_streams
from features.table import NotInHistory, build_table
from simulation.company import CompanySettings
from simulation.writing import write_company

JUST_BEFORE = timedelta(microseconds=1)
Told = dict[str, float | str | None]


class Company:
    """400 deals of an invented company, on record and in memory."""

    def __init__(self, folder: Path) -> None:
        settings = CompanySettings(deals=400)
        write_company(settings, folder / "files")
        self.home = folder / "home"
        self.as_of = datetime.combine(settings.end, datetime.min.time()) - timedelta(days=3, hours=5)
        import_folder(folder / "files", self.home, folder / "files" / "mapping.yaml", self.as_of)
        self.history = History.existing(self.home)
        streams = open_streams(self.history)
        wanted = (*CATALOG.values(), *attribute_features(self.history))
        self.features = tuple(feature for feature in wanted if lacking(feature, streams) is None)
        self.memory = Memory(self.history, self.features)
        self.open = open_deals(self.history, self.as_of).ids.tolist()

    def one(self, sql: str) -> tuple[object, ...]:
        """The first row of a query over `deals`, the latest version of each deal."""
        with self.history.connect() as con:
            found = con.execute(f"WITH deals AS ({self.history.sql_latest('deals')}) {sql}").fetchone()
        assert found is not None
        return found


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return Company(tmp_path_factory.mktemp("online"))


@pytest.fixture
def really(company: Company, tmp_path: Path):
    """The features of deals after really importing rows: the history is copied, then told more."""

    def values(deal_ids: list[str], **rows: list[dict[str, object]]) -> list[Told]:
        home = tmp_path / f"home-{len(list(tmp_path.iterdir()))}"
        shutil.copytree(company.home, home)
        history = History.existing(home)
        files = {table: _file(tmp_path, table, told) for table, told in rows.items()}
        history.append(Delivery(files, {}, "Asia/Shanghai", "CNY", "later", company.as_of - JUST_BEFORE))
        at = np.full(len(deal_ids), micros(company.as_of))
        table = build_table(company.features, Moments(np.array(deal_ids, object), at), history)
        return table.drop_columns(["deal_id", "as_of"]).to_pylist()

    return values


def _file(folder: Path, table: str, rows: list[dict[str, object]]) -> Path:
    path = folder / f"{table}.parquet"
    columns = {}
    for name in rows[0]:
        found = TABLES[table].column(name)
        kind = STORED_AS[found.kind] if found else pa.string()
        columns[name] = pa.array([row[name] for row in rows], kind)
    pq.write_table(pa.table(columns), path)
    return path


def _row(values: Mapping[str, Values], at: int) -> Told:
    told: Told = {}
    for name, column in values.items():
        if isinstance(column, Category):
            told[name] = column.texts()[at]
        else:
            told[name] = None if np.isnan(column[at]) else float(column[at])
    return told


def differences(one: Told, other: Told) -> dict[str, tuple[object, object]]:
    assert one.keys() == other.keys()
    return {name: (one[name], other[name]) for name in one if one[name] != other[name]}


def change(company: Company, deal_id: str, field: str, value: str) -> dict[str, object]:
    at = company.as_of - JUST_BEFORE
    return {"deal_id": deal_id, "field": field, "changed_at": at, "recorded_at": at, "new_value": value}


def test_every_open_deals_values_are_those_of_the_table_to_the_last_bit(company):
    at = np.full(len(company.open), micros(company.as_of))
    table = build_table(company.features, Moments(np.array(company.open, object), at), company.history)
    values = company.memory.values(company.open, company.as_of)

    assert len(company.open) > 40
    assert len(values) == len(company.features) > 150
    for row, expected in enumerate(table.drop_columns(["deal_id", "as_of"]).to_pylist()):
        assert differences(_row(values, row), expected) == {}


def test_every_customers_values_are_those_of_the_table_to_the_last_bit(company):
    customers = CATALOGS["customer"].values()
    features = tuple(feature for feature in customers if lacking(feature, open_streams(company.history)) is None)
    memory = Memory(company.history, features)
    for at in (company.as_of, company.as_of - timedelta(days=100)):
        ids, _ = customers_known(company.history, at)
        table = build_table(features, Moments(ids, np.full(len(ids), micros(at))), company.history)
        values = memory.values(ids.tolist(), at)

        assert len(ids) > 60
        for row, expected in enumerate(table.drop_columns(["customer_id", "as_of"]).to_pylist()):
            assert differences(_row(values, row), expected) == {}


def test_one_deal_alone_is_what_it_is_among_many(company):
    together = company.memory.values(company.open, company.as_of)
    for row, deal_id in enumerate(company.open[:30]):
        alone = company.memory.values([deal_id], company.as_of)
        assert differences(_row(alone, 0), _row(together, row)) == {}


def test_many_may_ask_while_rows_are_told(company):
    memory = Memory(company.history, company.features)
    before = [_row(memory.values([deal], company.as_of), 0) for deal in company.open[:5]]
    later = company.as_of + timedelta(days=1)

    def tell() -> None:
        for n in range(200):
            row = {"activity_id": f"told-{n}", "deal_id": company.open[n % 5], "type": "call", "happened_at": later}
            assert memory.absorb("activities", row, later)

    def ask() -> bool:
        rows = [_row(memory.values([deal], company.as_of), 0) for _ in range(10) for deal in company.open[:5]]
        return all(row == before[n % 5] for n, row in enumerate(rows))

    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(ask), pool.submit(ask)]
        pool.submit(tell).result()
        assert all(found.result() for found in asked)


def test_values_of_a_moment_in_the_past_are_those_of_the_table_too(company):
    then = company.as_of - timedelta(days=200)
    ids = open_deals(company.history, then).ids
    table = build_table(company.features, Moments(ids, np.full(len(ids), micros(then))), company.history)
    values = company.memory.values(ids.tolist(), then)

    for row, expected in enumerate(table.drop_columns(["deal_id", "as_of"]).to_pylist()):
        assert differences(_row(values, row), expected) == {}


def test_a_record_that_changes_nothing_changes_nothing(company):
    records = [{"deal_id": deal} for deal in company.open]
    values = company.memory.values_of_records(records, company.as_of)
    plain = company.memory.values(company.open, company.as_of)

    for row in range(len(company.open)):
        assert differences(_row(values, row), _row(plain, row)) == {}


def test_the_values_a_deal_has_already_change_nothing(company):
    for deal_id in company.open[:20]:
        held = _row(company.memory.values([deal_id], company.as_of), 0)
        same = {"stage": held["deal_stage"], "forecast_category": held["deal_forecast_category"]}
        values = company.memory.values_of_records([{"deal_id": deal_id, **same}], company.as_of)
        assert differences(_row(values, 0), held) == {}


def test_a_what_if_is_what_the_change_would_be_once_recorded(company, really):
    with company.history.connect() as con:
        foreign = con.execute(
            f"SELECT deal_id FROM ({company.history.sql_latest('deals')}) WHERE currency = 'USD' "
            "AND deal_id IN (SELECT unnest(?)) ORDER BY deal_id",
            [company.open],
        ).fetchall()
    asked = {
        "stage": ["Negotiation", "Prospecting", "Proposal", "Never heard of"],
        "amount": ["123456.78", "1", "0"],
        "expected_close_on": ["2027-03-15", "2020-01-01"],
        "forecast_category": ["commit", "quite new"],
        "rep_id": ["R00002-1", "R99999-9"],
    }
    abroad = [deal for (deal,) in foreign]
    at_home = [deal for deal in company.open if deal not in abroad]
    what_ifs = list(zip(at_home, [(f, v) for f, values in asked.items() for v in values], strict=False))
    what_ifs += [(deal, ("amount", "5000")) for deal in abroad]
    assert abroad
    records = [{"deal_id": deal, field: value} for deal, (field, value) in what_ifs]
    told = company.memory.values_of_records(records, company.as_of)
    before = company.memory.values([deal for deal, _ in what_ifs], company.as_of)

    for row, (deal, (field, value)) in enumerate(what_ifs):
        changed = differences(_row(told, row), _row(before, row))
        if changed:
            # Each on its own: sellers and customers share what is told of their deals.
            expected = really([deal], deal_changes=[change(company, deal, field, value)])
            assert differences(_row(told, row), expected[0]) == {}, (deal, field, value)
        else:  # the deal had this value: saying it again is no change
            assert field == "stage"
            assert _row(before, row)["deal_stage"] == value


def test_several_changes_of_a_deal_count_together(company, really):
    deal = company.open[3]
    assert _row(company.memory.values([deal], company.as_of), 0)["deal_stage"] != "Proposal"
    changes = {"stage": "Proposal", "amount": "777", "expected_close_on": "2027-01-05", "rep_id": "R00002-1"}

    told = company.memory.values_of_records([{"deal_id": deal, **changes}], company.as_of)
    expected = really([deal], deal_changes=[change(company, deal, f, v) for f, v in changes.items()])

    assert differences(_row(told, 0), expected[0]) == {}


NEW = {
    "deal_id": "brand new",
    "customer_id": "C0000051",
    "rep_id": "R00001-1",
    "product_id": "P11",
    "pipeline": "sales",
    "stage": "Qualified",
    "status": "open",
    "expected_close_on": "2026-12-24",
    "amount": 36000,
    "currency": "CNY",
    "source": "referral",
    "type": "new",
    "forecast_category": "pipeline",
}
TRACKED = ("stage", "amount", "expected_close_on", "rep_id", "forecast_category")


@pytest.mark.parametrize(
    ("changed", "attributes", "age"),
    [
        ({}, {}, timedelta(0)),
        ({}, {"competitor": "Corvid", "budget_confirmed": "yes"}, timedelta(days=12, hours=3)),
        ({"currency": "USD", "amount": 5000.5}, {"competitor": "never seen"}, timedelta(days=2)),
        ({"customer_id": None, "product_id": None, "amount": None, "stage": None}, {}, timedelta(days=1)),
        ({"customer_id": "C9999999", "rep_id": "R99999-9", "product_id": "P99"}, {}, timedelta(days=40)),
        ({"currency": "JPY"}, {}, timedelta(days=3)),
    ],
)
def test_a_full_record_is_what_the_new_deal_would_be_once_imported(company, really, changed, attributes, age):
    deal = NEW | changed
    created = company.as_of - JUST_BEFORE - age
    record = {k: v for k, v in deal.items() if v is not None}
    record |= {"created_at": created.isoformat(), "attributes": attributes}
    row = deal | {"created_at": created, "expected_close_on": date.fromisoformat(str(deal["expected_close_on"]))}
    row["amount"] = None if deal["amount"] is None else Decimal(str(deal["amount"])).quantize(Decimal("0.0001"))
    row |= {f"attr_{name}": value for name, value in attributes.items()}
    changes = [
        {"deal_id": "brand new", "field": field, "changed_at": created, "recorded_at": created, "new_value": str(value)}
        for field in TRACKED
        if (value := deal[field]) is not None
    ]

    told = company.memory.values_of_records([record], company.as_of)
    expected = really(["brand new"], deals=[row], deal_changes=changes)

    assert differences(_row(told, 0), expected[0]) == {}


def test_records_do_not_see_each_other(company):
    alone = company.memory.values_of_records([NEW], company.as_of)
    among = company.memory.values_of_records([{**NEW, "deal_id": "another"}, NEW], company.as_of)

    assert differences(_row(among, 1), _row(alone, 0)) == {}


def test_asking_leaves_the_memory_as_it_was(company):
    before = company.memory.values(company.open, company.as_of)
    company.memory.values_of_records([NEW, {"deal_id": company.open[0], "stage": "Won over"}], company.as_of)
    after = company.memory.values(company.open, company.as_of)

    for row in range(len(company.open)):
        assert differences(_row(after, row), _row(before, row)) == {}


def test_who_is_on_record_and_who_is_open(company):
    closed, at = company.one("SELECT deal_id, closed_at FROM deals WHERE status = 'won' ORDER BY closed_at LIMIT 1")
    assert isinstance(closed, str)
    assert isinstance(at, datetime)
    memory = company.memory

    assert memory.has(company.open[0])
    assert memory.is_open(company.open[0], company.as_of)
    assert not memory.has("nobody")
    assert not memory.is_open("nobody", company.as_of)
    assert memory.has(closed)
    assert not memory.is_open(closed, company.as_of)
    assert memory.is_open(closed, at - timedelta(minutes=1))
    assert not memory.is_open(closed, datetime(2000, 1, 1))
    assert memory.record(closed)["status"] == "won"
    assert memory.record("nobody") == {}


def test_the_datas_age_is_that_of_the_last_row_before_a_moment(company):
    then = company.as_of - timedelta(days=100)

    assert company.memory.data_as_of is not None
    early = Memory(company.history, company.features[:1], then).data_as_of
    assert early is not None
    assert then - timedelta(days=4) < early < then


def test_features_that_the_history_does_not_give_are_a_named_error(story):
    story.deal("d1")

    with pytest.raises(NotInHistory, match="deal_stage"):
        Memory(story.history, select("deal_stage"))


def test_what_was_read_before_is_taken_up_without_asking_the_history(company, monkeypatch):
    def refuse(history: History) -> None:
        raise AssertionError("the history was asked")

    expected = company.memory.values(company.open[:10], company.as_of)
    # Only the latest files are kept, and other tests have read other features.
    Memory(company.history, company.features)
    monkeypatch.setattr(History, "connect", refuse)
    memory = Memory(History.existing(company.home), company.features)
    found = memory.values(company.open[:10], company.as_of)

    for row in range(10):
        assert differences(_row(found, row), _row(expected, row)) == {}
    assert memory.record(company.open[0]) == company.memory.record(company.open[0])
    assert memory.data_as_of == company.memory.data_as_of
