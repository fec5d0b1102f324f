import json
from dataclasses import replace

import numpy as np
import pytest

from features.evaluate import Category
from training.bundle import FeaturesChanged
from training.bundle_file import BundleDamaged, load_any
from training.churn.bundle import ChurnBundle, note_of
from training.rivals.rival import log_odds


def values_of(base, rows):
    found = {}
    for name in base.x.columns:
        column = base.x[name].iloc[rows]
        if column.dtype == object:
            levels = sorted({v for v in column if v is not None})
            codes = np.array([-1 if v is None else levels.index(v) for v in column], np.int64)
            found[name] = Category(codes, np.array(levels, object))
        else:
            found[name] = column.to_numpy()
    return found


@pytest.fixture(scope="module")
def bundle(buyers_candidate, tmp_path_factory) -> ChurnBundle:
    return ChurnBundle.load(buyers_candidate.bundle.save(tmp_path_factory.mktemp("bundle")).parent)


def test_a_bundle_read_again_is_the_same(bundle, buyers_candidate):
    assert bundle.to_json() == buyers_candidate.bundle.to_json()
    assert bundle.fingerprint == buyers_candidate.bundle.fingerprint
    assert (bundle.model, bundle.version) == ("churn", "candidate")


def test_any_bundle_is_read_by_its_model(buyers_candidate, tmp_path):
    folder = buyers_candidate.bundle.save(tmp_path / "one").parent
    (folder / "version").write_text("7")

    assert load_any(folder).version == "7"


def test_scores_of_buyers(bundle, buyers_data):
    scores = bundle.score(values_of(buyers_data.bases[0], [0, 60, 200]), [30.0, 60.0, 90.0])

    for score in scores:
        assert score.kind == "orders"
        assert score.probability == score.by_days[30.0]
        assert score.by_days[30.0] >= score.by_days[60.0] >= score.by_days[90.0]
        assert 0 < score.low < score.probability < score.high < 1
        assert score.orders >= 1 - score.by_days[90.0] - 1e-9
        assert score.value_at_risk > 0
        distance = log_odds(score.probability) - log_odds(bundle.served["orders"].base_by(30.0))
        assert sum(reason.effect for reason in score.reasons) == pytest.approx(distance, abs=1e-6)
        assert len(score.reasons) <= 6


def test_reasons_speak_of_leaving_in_both_languages(bundle, buyers_data):
    values = values_of(buyers_data.bases[0], [60])
    english = " ".join(reason.text for reason in bundle.score(values, [30.0])[0].reasons)
    chinese = " ".join(reason.text for reason in bundle.score(values, [30.0], "zh")[0].reasons)

    assert "risk of leaving" in english
    assert "流失风险" in chinese
    assert bundle.score(values, [30.0], most_reasons=0)[0].reasons == ()


def test_scores_of_contracts_rise_with_the_horizon(holders_candidate, holders_data):
    scores = holders_candidate.bundle.score(values_of(holders_data.bases[0], [0, 50]), [30.0, 90.0])

    for score in scores:
        assert score.kind == "contract"
        assert score.by_days[30.0] <= score.by_days[90.0]
        assert score.orders == pytest.approx(90 / (365.25 / 12), rel=0.3)
        assert 0 < score.value_at_risk < 90 * 3


def test_horizons_beyond_what_was_learned_are_said(bundle):
    served = bundle.served["orders"]

    assert note_of(served, served.longest, "en") is None
    assert "extrapolated" in note_of(served, served.longest + 1, "en")
    assert "外推" in note_of(served, served.longest + 1, "zh")
    assert "one chance" in note_of(replace(served, timeless=True), 30, "en")


def test_a_damaged_bundle_is_told(bundle, tmp_path):
    path = bundle.save(tmp_path)
    path.write_text(path.read_text("utf-8").replace('"rung": "', '"rung": "x', 1), "utf-8")
    with pytest.raises(BundleDamaged, match="checksum"):
        ChurnBundle.load(tmp_path)


def test_other_definitions_of_features_are_refused(bundle, tmp_path):
    from training.bundle_file import seal

    document = json.loads(bundle.to_json())["bundle"]
    (tmp_path / "bundle.json").write_text(seal({**document, "fingerprint": "other"}), "utf-8")
    with pytest.raises(FeaturesChanged):
        ChurnBundle.load(tmp_path)


def test_a_bundle_of_another_release_is_told(bundle, tmp_path):
    from training.bundle_file import seal

    document = json.loads(bundle.to_json())["bundle"]
    del document["value"]
    (tmp_path / "bundle.json").write_text(seal(document), "utf-8")
    with pytest.raises(BundleDamaged, match="another release"):
        ChurnBundle.load(tmp_path)
