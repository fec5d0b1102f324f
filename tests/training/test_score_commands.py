"""`score`, from the command line, on one small company."""

import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import pyarrow.parquet as pq
import pytest

from features.doors import run, set_home
from features.feature_building import build
from training.commands import app


@pytest.fixture(scope="module")
def features(company, tmp_path_factory):
    """The feature table at the end of the history."""
    path = tmp_path_factory.mktemp("score") / "deals.parquet"
    build(company.history, "deal", [company.end], path)
    return path


@pytest.fixture
def score(company, candidate, features, monkeypatch, tmp_path):
    """Runs the command on the company's home, whose live model is the candidate; status, what it said, and the file."""
    monkeypatch.setattr("training.score_commands.bundle_of", lambda *_: candidate.bundle)

    def command(*words, source=features, home=company.home):
        out, err = StringIO(), StringIO()
        told = ["score", source, "--model", "win", "--out", tmp_path / "scores.parquet", *words]
        monkeypatch.setattr(sys, "argv", ["training", "--home", str(home), *map(str, told)])
        app.callback()(set_home)
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            run(app)
        return int(ended.value.code or 0), out.getvalue(), err.getvalue(), tmp_path / "scores.parquet"

    return command


def test_a_table_is_scored_into_a_file(score, features, tmp_path):
    status, out, err, path = score("--reasons", 2, "--horizons", "7", "--jobs", 2)
    found = pq.read_table(path)

    assert (status, err) == (0, "")
    assert f"{found.num_rows} deals scored by win version candidate" in out
    assert found.num_rows == pq.read_metadata(features).num_rows
    assert {"p_win_by_7d", "p_win_by_7d_low", "reasons"} <= set(found.column_names)


def test_missing_features_and_moments_are_said_once(score, features, tmp_path):
    table = pq.read_table(features)
    fewer = tmp_path / "fewer.parquet"
    pq.write_table(table.select(["deal_id", "deal_stage", "deal_amount"]), fewer)
    status, _, err, _ = score(source=fewer)

    assert status == 0
    assert err.count("not in the table and count as missing") == 1
    assert err.count("the table tells no moments; scored as of") == 1
    assert score("--as-of", "2027-01-01", source=fewer)[2].count("moments") == 0


def test_without_a_history_it_is_said_that_levels_stay(score, tmp_path):
    status, _, err, _ = score(home=tmp_path / "empty")

    assert status == 0
    assert "holds no history" in err


def test_what_cannot_be_scored_is_a_named_error(score, tmp_path):
    (tmp_path / "wrong.csv").write_text("deal_id,deal_age_days\na,soon\n")
    status, _, err, path = score(source=tmp_path / "wrong.csv")

    assert status == 1
    assert "Error: Column deal_age_days holds a text" in err
    assert "To fix:" in err
    assert not path.exists()
    assert score("--horizons", "0")[0] == 2
    assert score("--as-of", "2001-01-01")[0] == 1
