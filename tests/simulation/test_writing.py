import hashlib
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.contracts import STORED_AS, TABLES
from simulation.company import CompanySettings
from simulation.writing import write_company

SMALL = CompanySettings(deals=400, dirt=0.05)


def end_of(settings):
    return datetime.combine(settings.end, datetime.min.time()) - timedelta(hours=8)


def local(column):
    return pc.add(column, pa.scalar(timedelta(hours=8), pa.duration("us")))


@pytest.mark.parametrize("name", list(TABLES))
def test_every_table_keeps_the_contract(tables, facts, name):
    table, contract = tables[name], TABLES[name]
    extras = {"competitor", "budget_confirmed"} if name == "deals" else set()

    assert facts.rows[name] == len(table) > 0
    assert set(table.column_names) - set(contract.names) == extras
    for column in contract.columns:
        if column.name in table.column_names:
            assert table.schema.field(column.name).type == STORED_AS[column.kind]
        if column.required:
            assert table[column.name].null_count == 0
        if column.choices and column.name != "status":
            assert set(table[column.name].unique().to_pylist()) <= {*column.choices, None}


@pytest.mark.parametrize("name", list(TABLES))
def test_keys_are_unique_apart_from_corrections(tables, facts, name):
    keys = tables[name].select(list(TABLES[name].key))
    twice = facts.dirt["corrected later"] if name == "deals" else 0

    assert len(keys) - len(keys.group_by(keys.column_names).aggregate([])) == twice


@pytest.mark.parametrize("name", list(TABLES))
def test_nothing_is_later_than_the_end(tables, settings, name):
    for field in tables[name].schema:
        if pa.types.is_timestamp(field.type):
            latest = pc.max(tables[name][field.name]).as_py()
            assert latest is None or latest < end_of(settings), field.name
    for column in ("hired_on", "left_on", "started_on", "cancelled_on", "valid_on"):
        if column in tables[name].column_names:
            assert pc.max(tables[name][column]).as_py() < settings.end


def test_every_reference_finds_its_row(clean):
    owners = {"deal_id": "deals", "customer_id": "customers", "contact_id": "contacts", "rep_id": "reps"}
    owners |= {"product_id": "products", "team_id": "teams", "parent_team_id": "teams", "manager_id": "reps"}
    for name, table in clean.items():
        for column in table.column_names:
            key = "customer_id" if column == "parent_id" else column
            target = owners.get(key)
            if target is None or (name == target and key == column and column == TABLES[name].key[0]):
                continue
            known = clean[target][TABLES[target].key[0]]
            lost = table.filter(pc.invert(pc.or_(pc.is_null(table[column]), pc.is_in(table[column], known))))
            assert len(lost) == 0, (name, column)


def test_nothing_happens_on_a_deal_before_it_exists_or_after_it_is_closed(clean):
    deals = clean["deals"].select(["deal_id", "created_at", "closed_at"])
    talks = clean["activities"].join(deals, "deal_id")

    assert pc.all(pc.greater(talks["happened_at"], talks["created_at"])).as_py()
    assert pc.all(pc.less_equal(talks["happened_at"], talks["closed_at"])).as_py()
    assert pc.all(pc.greater_equal(talks["recorded_at"], talks["happened_at"])).as_py()


def test_some_contacts_are_written_down_days_later(clean):
    talks = clean["activities"]
    late = pc.greater(
        pc.subtract(talks["recorded_at"], talks["happened_at"]), pa.scalar(timedelta(days=1), pa.duration("us"))
    )

    assert 0.01 < pc.mean(late.cast(pa.float64())).as_py() < 0.2


def test_the_company_looks_like_a_company(clean):
    deals = clean["deals"].to_pandas()
    closed = deals.dropna(subset="closed_at")
    days = (closed["closed_at"] - closed["created_at"]).dt.days

    assert 0.25 < (closed["status"] == "won").mean() < 0.35
    assert 35 < days.median() < 55
    assert days.quantile(0.95) > 120
    assert 0.05 < (deals["status"] == "open").mean() < 0.25
    assert (deals["currency"] == "USD").mean() == pytest.approx(0.04, abs=0.01)
    assert 10 < len(clean["activities"]) / len(deals) < 30


def test_the_season_shows(clean):
    created = local(clean["deals"]["created_at"]).to_pandas()
    closed = clean["deals"].filter(pc.equal(clean["deals"]["status"], "won"))
    won = local(closed["closed_at"]).to_pandas()
    february, march = ((created.dt.month == month).sum() for month in (2, 3))
    quarter_end = won.dt.month.isin([3, 6, 9, 12]) & (won.dt.day > 20)

    assert february < 0.85 * march
    assert quarter_end.mean() > 1.2 * (4 * 10.25 / 365)
    assert (created.dt.day_of_week >= 5).mean() < 0.05


def test_sellers_differ_by_more_than_luck(clean):
    deals = clean["deals"].to_pandas()
    closed = deals[deals["status"] != "open"]
    rates = closed.assign(won=closed["status"] == "won").groupby("rep_id")["won"].agg(["mean", "size"])
    rates = rates[rates["size"] >= 30]
    mean = closed["status"].eq("won").mean()
    by_luck = np.mean(mean * (1 - mean) / rates["size"])

    assert rates["mean"].var() > 2 * by_luck


def test_silence_tells_something(clean):
    deals = clean["deals"].to_pandas()
    closed = deals[deals["status"] != "open"]
    talks = clean["activities"].to_pandas()
    answers = talks[talks["direction"] == "inbound"].groupby("deal_id").size()
    days = (closed["closed_at"] - closed["created_at"]).dt.days + 1
    rate = closed["deal_id"].map(answers).fillna(0) / days

    assert rate[closed["status"] == "won"].mean() > 1.3 * rate[closed["status"] == "lost"].mean()


def test_the_same_settings_give_the_same_bytes(tmp_path):
    marks = []
    for run in ("a", "b"):
        write_company(SMALL, tmp_path / run)
        marks.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / run).iterdir()})

    assert marks[0] == marks[1]
    assert marks[0].keys() == {f"{name}.parquet" for name in TABLES} | {"mapping.yaml"}


def test_the_size_of_chunks_changes_nothing(tmp_path):
    one, many = write_company(SMALL, tmp_path / "one"), write_company(SMALL, tmp_path / "many", chunk=37)

    assert (one.rows, one.dirt, one.won, one.open) == (many.rows, many.dirt, many.won, many.open)
    for name in one.rows:
        left, right = (pq.read_table(facts.folder / f"{name}.parquet") for facts in (one, many))
        key = [(column, "ascending") for column in TABLES[name].key]
        assert (
            left.equals(right)
            if name not in ("orders", "subscriptions")
            else (left.sort_by(key).equals(right.sort_by(key)))
        ), name


def test_another_seed_is_another_company(tmp_path):
    tables = []
    for seed in (1, 2):
        write_company(CompanySettings(deals=100, seed=seed), tmp_path / str(seed))
        tables.append(pq.read_table(tmp_path / str(seed) / "deals.parquet"))

    assert not tables[0].equals(tables[1])


@pytest.mark.parametrize("deals", [1, 2, 40])
def test_the_smallest_companies_can_be_written(tmp_path, deals):
    facts = write_company(CompanySettings(deals=deals, days=60), tmp_path)

    assert facts.won + facts.lost + facts.open == deals


def test_a_failed_run_leaves_no_half_tables(tmp_path):
    def stop(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_company(SMALL, tmp_path, stop, chunk=100)

    assert list(tmp_path.iterdir()) == []


def test_progress_is_told_chunk_by_chunk(tmp_path):
    told = []
    write_company(SMALL, tmp_path, told.append, chunk=200)

    assert told == ["200 of 400 deals invented", "400 of 400 deals invented", "120 customers invented"]
