"""Our estimate on an invented company whose true probabilities are known."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from features.as_of import Moments
from features.catalog import offered
from features.history import History
from features.importing import import_folder
from features.open_deals import open_then
from features.table import build_table
from simulation.company import CompanySettings
from simulation.truth import write_truth
from simulation.writing import write_company
from training.blend import Blend
from training.dataset import Dataset
from training.recipe import known_dataset
from training.rivals import RivalNotApplicable
from training.rivals.base_rate import BaseRate
from training.rivals.stage_table import StageTable
from training.scorecard import compare, judge

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class HeldOut:
    """Moments after the cut, the truth of them, and what two estimates said that learned until the cut."""

    past: Dataset
    blend: Blend
    x: pd.DataFrame
    deal: NDArray[np.object_]
    won: Floats
    truth: Floats
    ours: Floats
    stages: Floats


@pytest.fixture(scope="module")
def held_out(tmp_path_factory) -> HeldOut:
    folder = tmp_path_factory.mktemp("truth")
    settings = CompanySettings(deals=4000)
    write_company(settings, folder / "files")
    end = datetime.combine(settings.end, datetime.min.time())
    import_folder(folder / "files", folder / "home", folder / "files" / "mapping.yaml", end)
    history, cut = History.existing(folder / "home"), end - timedelta(days=230)
    truth = pq.read_table(write_truth(settings, folder / "truth", horizons=(), ages=(0, 7, 30, 90)))
    truth = truth.filter(pc.greater_equal(truth["as_of"], cut))
    at = truth["as_of"].to_numpy().astype("datetime64[us]").astype(np.int64)
    moments = Moments(np.array(truth["deal_id"].to_pylist(), object), at)
    known = open_then(history, moments)
    moments, truth = Moments(moments.ids[known], moments.at[known]), truth.filter(known)
    features = offered(history, cut).features
    past = known_dataset(history, features, cut)
    x = build_table(features, moments, history).drop_columns(["deal_id", "as_of"]).to_pandas()
    for name in x.columns[x.dtypes != np.float64]:
        x[name] = x[name].astype(object).where(x[name].notna(), None)
    blend = Blend().fit(past)
    return HeldOut(
        past,
        blend,
        x,
        moments.ids,
        truth["won"].to_numpy().astype(float),
        truth["p_win"].to_numpy(),
        blend.predict(x),
        StageTable().fit(past).predict(x),
    )


def test_its_log_loss_is_near_that_of_the_truth(held_out):
    ours = judge(held_out.won, held_out.ours, None, held_out.deal)
    truth = judge(held_out.won, held_out.truth, None, held_out.deal)

    share = np.full(len(held_out.won), BaseRate().fit(held_out.past).rate)
    nothing = judge(held_out.won, share, None, held_out.deal)

    assert ours.deals > 800
    # The truth knows moods and skills that no record shows: with five times the deals the ratio is the same 1.15.
    assert truth.log_loss < ours.log_loss < 1.18 * truth.log_loss
    assert nothing.log_loss - ours.log_loss > 0.35 * (nothing.log_loss - truth.log_loss)


def test_its_probabilities_are_calibrated(held_out):
    ours = judge(held_out.won, held_out.ours, None, held_out.deal)

    assert ours.calibration_slope_low < 1 < ours.calibration_slope_high
    assert abs(ours.mean_probability - ours.rate) < 0.05


def test_it_beats_the_stage_table_beyond_noise(held_out):
    assert compare(held_out.won, held_out.ours, held_out.stages, None, held_out.deal).verdict == "better"


def test_one_row_scores_as_the_table_does_with_effects_that_add_up(held_out):
    blend, some = held_out.blend, held_out.x.iloc[::200]
    for row, predicted in zip(some.to_dict("records"), blend.predict(some), strict=True):
        plain = {name: None if value != value else value for name, value in row.items()}
        score = blend.score(plain)
        assert score == pytest.approx(predicted, abs=1e-9)
        distance = np.log(score / (1 - score)) - np.log(blend.baseline / (1 - blend.baseline))
        assert sum(blend.effects(plain).values()) == pytest.approx(distance, abs=1e-9)


def test_it_comes_back_from_json_as_it_was(held_out):
    again = Blend.from_json(json.loads(json.dumps(held_out.blend.to_json())))

    np.testing.assert_array_equal(again.predict(held_out.x), held_out.ours)


def test_too_few_wins_or_losses_are_refused(invented):
    with pytest.raises(RivalNotApplicable, match="fewer than 15"):
        Blend().fit(invented(40, 1, days=60).dataset)


def test_a_young_history_needs_no_later_part(invented):
    dataset = invented(150, 3, days=40, mean_days=15).dataset
    blend = Blend().fit(dataset)

    assert np.isfinite(blend.predict(dataset.x)).all()
    assert blend.score({"sign": 2.0}) > blend.score({"sign": -2.0})
