"""All features of deals at once, on the history of an invented company."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from features.as_of import DAY, Moments
from features.catalog import CATALOG, attribute_features
from features.history import History
from features.importing import import_folder
from features.needs import lacking
from features.open_deals import deals_created, open_then
from features.streams import open_streams
from features.table import build_table
from simulation.company import CompanySettings
from simulation.writing import write_company

SILENT = {"deal_times_reopened", "deal_tasks", "deal_pipeline"}
"""What the invented company does not do: it opens no deal again, sets no tasks, has one pipeline."""
SHARES = (
    "deal_activity_pace",
    "deal_inbound_share",
    "deal_weekend_share",
    "deal_share_of_customer_worth",
    "rep_segment_share",
    "customer_return_share",
    "customer_revenue_growth",
    "quarter_elapsed",
)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """Every feature of 600 deals, 5 and 30 days after they were created, where still open."""
    folder: Path = tmp_path_factory.mktemp("company")
    settings = CompanySettings(deals=600)
    write_company(settings, folder / "files")
    end = datetime.combine(settings.end, datetime.min.time())
    import_folder(folder / "files", folder / "home", folder / "files" / "mapping.yaml", end)
    history = History.existing(folder / "home")
    streams = open_streams(history)
    features = tuple(f for f in (*CATALOG.values(), *attribute_features(history)) if lacking(f, streams) is None)
    assert {f.name for f in features} >= CATALOG.keys()
    ids, created = deals_created(history, end - timedelta(days=30))
    at = np.concatenate([created + days * DAY for days in (5, 30)])
    moments = Moments(np.concatenate([ids, ids]), at)
    still_open = open_then(history, moments)
    return build_table(features, Moments(moments.ids[still_open], at[still_open]), history)


def test_every_feature_tells_deals_apart_where_the_history_has_its_tables(table):
    alike = {name for name in table.column_names if len(table[name].unique()) < 2}

    assert alike == SILENT


def test_every_number_is_finite(table):
    numbers = [name for name in table.column_names if pa.types.is_floating(table[name].type)]

    assert len(numbers) > 120
    assert [name for name in numbers if not pc.all(pc.is_finite(table[name].drop_null())).as_py()] == []


def test_rates_and_shares_lie_between_nothing_and_all(table):
    rates = [name for name in table.column_names if "win_rate" in name and "_above" not in name]

    assert len(rates) > 3
    for name in (*rates, *SHARES):
        least, most = pc.min_max(table[name]).as_py().values()
        assert (name, least >= 0, most <= 1 + 1e-9) == (name, True, True)


def test_what_a_trait_adds_to_the_rate_of_all_is_a_part_of_it(table):
    above = [name for name in table.column_names if "win_rate_above" in name]

    assert len(above) > 10
    for name in above:
        least, most = pc.min_max(table[name]).as_py().values()
        assert (name, least > -1, most < 1) == (name, True, True)


def test_an_open_deal_is_among_those_its_seller_and_its_customer_have_open(table):
    with_customer = table.filter(table["deal_share_of_customer_worth"].is_valid())

    assert with_customer.num_rows > 500
    assert pc.min(with_customer["customer_deals_open"]).as_py() >= 1
    assert pc.min(table["rep_open_deals"]).as_py() >= 1
    assert pc.min(pc.subtract(table["rep_open_deals"], table["rep_deals_ahead"])).as_py() >= 1
