from datetime import datetime

import pyarrow.parquet as pq
import pytest

from features.feature_building import NobodyToAskOf, build, moments_of
from features.output import NotWritable

LOOKS = [datetime(2024, 3, 1), datetime(2024, 6, 1)]


@pytest.fixture
def company(story):
    story.order("c1", on="2023-04-01", product="p").order("c2", on="2024-05-01").order("c3", on="2020-01-01")
    story.contract("c4", on="2024-02-01", ends_on=None, cancelled_on=None)
    story.deal("a")
    story.deal("b", created="2024-04-01").closes("won", on="2024-05-01")
    return story


def test_whom_is_asked_when(company):
    customers = moments_of(company.history, "customer", LOOKS)
    deals = moments_of(company.history, "deal", [datetime(2024, 4, 15), LOOKS[1]])

    assert customers.ids.tolist() == ["c1", "c4", "c2", "c4"]
    assert deals.ids.tolist() == ["a", "b", "a"]
    assert (customers.at[1:] >= customers.at[:-1]).all()


def test_a_table_is_written_in_blocks_as_it_is_at_once(company, tmp_path, monkeypatch):
    from features.engines import local

    said = build(company.history, "customer", LOOKS, tmp_path / "whole.parquet")
    monkeypatch.setattr(local, "ROWS", 3)
    build(company.history, "customer", LOOKS, tmp_path / "blocks.parquet", memory_mb=128)

    table = pq.read_table(tmp_path / "whole.parquet")
    assert said == (4, table.num_columns - 2)
    assert table.column_names[:2] == ["customer_id", "as_of"]
    assert pq.read_table(tmp_path / "blocks.parquet").equals(table)


def test_the_features_are_those_offered_at_the_latest_moment(story, tmp_path):
    """A feature that takes years is there for every moment or for none."""
    story.order("c", on="2020-01-01").order("c", on="2023-02-01")

    for last, there in ((datetime(2022, 12, 1), False), (datetime(2023, 3, 1), True)):
        build(story.history, "customer", [datetime(2020, 6, 1), last], tmp_path / "out.parquet")
        assert ("customer_season_month" in pq.read_table(tmp_path / "out.parquet").column_names) is there


def test_without_a_table_of_theirs_there_is_nobody_to_ask_of(story, tmp_path):
    story.ticket("c", on="2024-01-01")

    with pytest.raises(NobodyToAskOf, match="nothing of customers: it has none of the tables orders or subscriptions"):
        build(story.history, "customer", LOOKS, tmp_path / "out.parquet")
    with pytest.raises(NobodyToAskOf, match="nothing of deals"):
        build(story.history, "deal", LOOKS, tmp_path / "out.parquet")
    assert not (tmp_path / "out.parquet").exists()


def test_work_that_fails_leaves_no_file(company, tmp_path, monkeypatch):
    from features import table

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(table, "feature_rows", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build(company.history, "customer", LOOKS, tmp_path / "out.parquet")
    monkeypatch.undo()
    with pytest.raises(NotWritable):
        build(company.history, "customer", LOOKS, tmp_path / "nowhere" / "out.csv")
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


def test_where_nobody_is_active_the_table_is_empty_and_has_its_columns(company, tmp_path):
    build(company.history, "customer", [LOOKS[0]], tmp_path / "some.parquet")
    said = build(company.history, "customer", [datetime(2019, 1, 1)], tmp_path / "none.parquet")

    some, none = pq.read_schema(tmp_path / "some.parquet"), pq.read_schema(tmp_path / "none.parquet")
    assert said == (0, len(none) - 2)
    assert some.field("customer_latest_product").type == "string"
    assert [none.field(name) for name in none.names] == [some.field(name) for name in none.names]
