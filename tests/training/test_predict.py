import json
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from features.catalog import offered
from features.open_deals import open_deals
from features.output import write_table
from features.table import NotInHistory
from training.blend import Blend
from training.bundle import Bundle
from training.predict import ModelKnowsTheFuture, predict_win
from training.recipe import known_dataset

COLUMNS = [
    "deal_id",
    "as_of",
    "win_probability",
    "low",
    "high",
    "p_win_by_30d",
    "p_win_by_30d_low",
    "p_win_by_30d_high",
    "p_win_by_7.5d",
    "p_win_by_7.5d_low",
    "p_win_by_7.5d_high",
    "p_win_by_90d",
    "p_win_by_90d_low",
    "p_win_by_90d_high",
    "expected_close_on",
    "expected_amount",
    "reasons",
    "model_version",
]
HORIZONS = [30.0, 7.5, 90.0]


@pytest.fixture(scope="module")
def as_of(company) -> datetime:
    """Some moment well within the history."""
    return company.end - timedelta(days=150, hours=7)


@pytest.fixture(scope="module")
def bundle(company, candidate, as_of) -> Bundle:
    """A bundle that serves a blend learned by then: the most that there is to go wrong."""
    features = offered(company.history, as_of).features
    dataset = known_dataset(company.history, features, as_of)
    return replace(candidate.bundle, until=as_of, features=features, estimate=Blend().fit(dataset))


@pytest.fixture(scope="module")
def table(company, bundle, as_of) -> pa.Table:
    return predict_win(company.history, bundle, as_of, HORIZONS)


def test_columns_are_the_contracts_in_its_order(table):
    assert table.column_names == COLUMNS


def test_there_is_one_row_for_each_open_deal_by_id(table, company, as_of):
    ids = table["deal_id"].to_pylist()

    assert ids == open_deals(company.history, as_of).ids.tolist() == sorted(ids)
    assert len(ids) > 20
    with company.history.connect() as con:
        closed = con.execute(
            f"SELECT count(*) FROM ({company.history.sql_latest('deals')}) WHERE closed_at < ? AND deal_id IN "
            "(SELECT unnest(?))",
            [as_of, ids],
        ).fetchone()
    assert closed == (0,)


def test_each_row_holds_together(table, bundle, as_of):
    for row in table.to_pylist():
        assert 0 < row["low"] < row["win_probability"] < row["high"] < 1
        assert 0 <= row["p_win_by_7.5d"] <= row["p_win_by_30d"] <= row["p_win_by_90d"] <= row["win_probability"]
        for days in ("7.5", "30", "90"):
            name = f"p_win_by_{days}d"
            assert 0 <= row[f"{name}_low"] <= row[name] <= row[f"{name}_high"] <= 1
            assert row[f"{name}_low"] < row[f"{name}_high"]
        assert row["expected_close_on"] >= as_of.date()
        assert row["expected_amount"] > 0
        assert row["as_of"] == "2026-06-04T01:00:00+08:00"
        assert row["model_version"] == bundle.version
        reasons = json.loads(row["reasons"])
        assert all(set(reason) == {"feature", "value", "effect", "text"} for reason in reasons)
        p, base = row["win_probability"], bundle.base_rate
        distance = np.log(p / (1 - p)) - np.log(base / (1 - base))
        assert sum(reason["effect"] for reason in reasons) == pytest.approx(distance, abs=1e-12)
    assert len(set(table["win_probability"].to_pylist())) > len(table) / 2


def test_later_imports_change_no_byte(company, bundle, as_of, table, tmp_path, rewritten):
    after = rewritten(as_of, tmp_path)
    assert after.fingerprint != company.history.fingerprint
    again = predict_win(after, bundle, as_of, HORIZONS)

    for ending in (".csv", ".parquet", ".json"):
        write_table(table, tmp_path / f"before{ending}")
        write_table(again, tmp_path / f"after{ending}")
        assert (tmp_path / f"after{ending}").read_bytes() == (tmp_path / f"before{ending}").read_bytes()
    now = predict_win(after, bundle, company.end + timedelta(days=31), HORIZONS)["deal_id"].to_pylist()
    assert table["deal_id"][0].as_py() not in now
    assert "brand new" in now


def test_a_moment_before_the_model_learned_is_refused(company, bundle, as_of):
    with pytest.raises(ModelKnowsTheFuture) as refused:
        predict_win(company.history, bundle, as_of - timedelta(seconds=1), [30.0])

    assert "learned from what was recorded until 2026-06-03T17:00:00 UTC" in str(refused.value)
    assert "foresell train win --until 2026-06-03T16:59:59Z" in str(refused.value)


def test_the_moment_at_which_it_ended_learning_is_allowed(company, bundle, as_of):
    assert len(predict_win(company.history, bundle, as_of, [30.0])) > 0


def test_before_the_first_deal_there_is_nothing_to_say(company, bundle):
    early = datetime(2000, 1, 1)
    table = predict_win(company.history, replace(bundle, until=early), early, HORIZONS)

    assert table.num_rows == 0
    assert table.column_names == COLUMNS


def test_reasons_come_in_chinese(company, bundle, as_of):
    table = predict_win(company.history, bundle, as_of, [30.0], "zh")

    assert "赢单概率" in table["reasons"][0].as_py()


def test_without_a_chance_the_reason_is_said_and_the_horizons_answered(company, bundle, as_of):
    unable = replace(bundle, estimate=None, meta={"note": "nothing was ever lost"})
    row = predict_win(company.history, unable, as_of, [30.0]).to_pylist()[0]

    assert row["win_probability"] is None
    assert row["low"] is None
    assert row["high"] is None
    assert 0 < row["p_win_by_30d"] < 1
    assert row["p_win_by_30d_low"] is row["p_win_by_30d_high"] is None
    assert json.loads(row["reasons"])[0]["text"] == "nothing was ever lost"


def test_a_history_that_no_longer_gives_a_feature_is_a_named_error(bundle, story, as_of):
    story.deal("d1", created="2024-01-01")

    with pytest.raises(NotInHistory, match="To fix"):
        predict_win(story.history, bundle, as_of, [30.0])
