"""Promises every rival keeps."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import ForesellError
from training.rivals import RIVALS, ColumnsMissing, NothingDecided, UnknownRival, from_json
from training.rivals.rival import log_odds, probabilities, probability, text_of

ROOT = Path(__file__).resolve().parents[3]
EVERY = pytest.mark.parametrize("name", RIVALS)


@pytest.fixture(scope="module")
def fitted(past):
    return {name: make().fit(past) for name, make in RIVALS.items()}


def rows_of(dataset):
    return dataset.x.to_dict("records")


@EVERY
def test_gives_a_probability_for_each_row(name, fitted, later):
    p = fitted[name].predict(later.x)

    assert p.shape == (len(later),)
    assert p.dtype == np.float64
    assert ((p > 0) & (p < 1)).all()


@EVERY
def test_scores_one_row_as_it_scores_a_table(name, fitted, later):
    one_by_one = [fitted[name].score(row) for row in rows_of(later)]

    np.testing.assert_allclose(one_by_one, fitted[name].predict(later.x), rtol=0, atol=1e-12)


@EVERY
def test_is_the_same_after_json(name, fitted, later, again):
    read = again(fitted[name])

    assert read.name == name
    assert read.baseline == fitted[name].baseline
    np.testing.assert_array_equal(read.predict(later.x), fitted[name].predict(later.x))
    assert [read.score(row) for row in rows_of(later)] == [fitted[name].score(row) for row in rows_of(later)]


@EVERY
def test_effects_add_up_to_the_distance_from_the_baseline(name, fitted, later):
    rival = fitted[name]
    for row in rows_of(later)[:60]:
        distance = log_odds(rival.score(row)) - log_odds(rival.baseline)
        assert sum(rival.effects(row).values()) == pytest.approx(distance, abs=1e-9)


@EVERY
def test_a_level_never_seen_and_an_empty_row_are_scored_alike_both_ways(name, fitted, later):
    odd = later.x.head(1).copy()
    odd[["region", "deal_stage", "deal_pipeline", "team"]] = "never seen"
    empty = pd.DataFrame({c: [math.nan] if odd[c].dtype.kind == "f" else [None] for c in odd.columns})

    for table, row in ((odd, rows_of(later.rows(np.array([0])))[0]), (empty, {})):
        strange = {**row, **{c: "never seen" for c in odd if row and odd[c].dtype.kind != "f"}}
        assert fitted[name].score(strange) == pytest.approx(fitted[name].predict(table)[0], abs=1e-12)


@EVERY
def test_does_not_look_at_undecided_deals(name, fitted, past, later):
    changed = past.x.copy()
    undecided = np.isnan(past.outcome)
    changed.loc[undecided, "amount"] = 1e9
    changed.loc[undecided, "region"] = "a new one"
    again = RIVALS[name]().fit(type(past)(**{**vars(past), "x": changed}))

    np.testing.assert_array_equal(again.predict(later.x), fitted[name].predict(later.x))


@EVERY
def test_refuses_a_past_without_outcomes(name, past):
    nothing = type(past)(**{**vars(past), "outcome": np.full(len(past), np.nan)})

    with pytest.raises(NothingDecided, match="None of the"):
        RIVALS[name]().fit(nothing)


@EVERY
def test_refuses_a_table_without_its_columns(name, fitted, later):
    bare = later.x[["always_one"]]
    if name == "base_rate":
        assert (fitted[name].predict(bare) == fitted[name].baseline).all()
        return
    with pytest.raises(ColumnsMissing, match=name):
        fitted[name].predict(bare)


@EVERY
def test_keeps_every_promise_of_the_protocol(name, fitted):
    assert fitted[name].name == name
    assert fitted[name].meaning.endswith(".")


def test_the_models_beat_the_base_rate_where_there_is_something_to_learn(fitted, later):
    known = np.isfinite(later.outcome)

    def loss(name):
        p = fitted[name].predict(later.x)[known]
        return -np.mean(np.where(later.outcome[known] == 1, np.log(p), np.log1p(-p)))

    assert loss("logistic") < loss("base_rate") - 0.03
    assert loss("logistic") < loss("default_trees")


def test_an_unknown_rival_is_a_named_error():
    with pytest.raises(UnknownRival, match="crystal_ball"):
        from_json({"name": "crystal_ball"})


def test_errors_survive_pickling():
    import pickle

    error = pickle.loads(pickle.dumps(ColumnsMissing("odoo", "region")))
    assert isinstance(error, ForesellError)
    assert "region" in str(error)


@pytest.mark.parametrize("odds", [-800.0, -3.2, 0.0, 1e-9, 5.0, 800.0])
def test_log_odds_become_probabilities_without_overflow(odds):
    assert probability(odds) == pytest.approx(probabilities(np.array([odds]))[0], rel=1e-15)
    assert 0 <= probability(odds) <= 1


@pytest.mark.parametrize(("value", "text"), [(None, None), (math.nan, None), ("", ""), ("a", "a"), (3, "3")])
def test_reads_categories(value, text):
    assert text_of(value) == text


def test_scoring_from_json_needs_no_pandas(fitted, later, tmp_path):
    import json

    documents = [rival.to_json() for rival in fitted.values()]
    row = {k: (None if v is None or v != v else v) for k, v in rows_of(later)[0].items()}
    (tmp_path / "champions.json").write_text(json.dumps({"documents": documents, "row": row}))
    program = (
        "import json, sys; from training.rivals import from_json\n"
        "stored = json.load(open(sys.argv[1]))\n"
        "print(json.dumps([from_json(d).score(stored['row']) for d in stored['documents']]))\n"
        "assert not {'pandas', 'sklearn', 'lightgbm', 'mlflow', 'scipy'} & set(sys.modules), 'too much imported'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "champions.json")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = [rival.score(row) for rival in fitted.values()]
    assert json.loads(done.stdout) == pytest.approx(expected, abs=1e-12)
