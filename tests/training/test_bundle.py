import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features import catalog
from features.catalog import CATALOG, activity_feature, attribute_feature, attribute_rate, select
from features.evaluate import Category
from features.own_features import OwnFeatureGone, OwnFeaturesMissing
from features.verbs import Count
from training.blend import Blend
from training.bundle import FILE, SURE, Bundle, BundleDamaged, FeaturesChanged, Score, live_bundle, rows_of
from training.curve.spread import CurveSpread
from training.intervals import Spread
from training.reasons import Reason
from training.rivals.default_trees import DefaultTrees
from training.rivals.rival import log_odds
from training.rowwise import curves
from training.win_curve import WinCurve

FEATURES = (
    *select("deal_stage", "deal_minutes"),
    attribute_feature("colour", False),
    attribute_feature("score", True),
    activity_feature("mood"),
    attribute_rate("colour"),
)
ROWS = 40
SCORING = """
import json, sys
from pathlib import Path
import numpy as np
from features.evaluate import Category
from training.bundle import Bundle
bundle = Bundle.load(Path(sys.argv[1]))
stages = Category(np.array([0, -1, 0]), np.array(["New"], object))
values = {"sign": np.array([0.5, -1.0, np.nan]), "deal_stage": stages}
scores = bundle.score(values, [30.0, 90.0])
heavy = {"pandas", "sklearn", "mlflow", "lightgbm", "scipy", "duckdb"}
loaded = sorted({name.split(".")[0] for name in sys.modules} & heavy)
print(json.dumps([loaded, [score.probability for score in scores]]))
"""


def values(size: int = ROWS):
    random = np.random.default_rng(0)
    return {
        "sign": np.where(random.random(size) < 0.1, np.nan, random.normal(size=size)),
        "deal_stage": Category(random.integers(-1, 2, size), np.array(["New", "Talks"], object)),
        "deal_age_days": random.uniform(0, 50, size),
    }


@pytest.fixture(scope="module")
def dataset(invented):
    return invented(500, 4, extra=lambda random, deal: {"colour": np.array(["red", "blue"], object)[deal % 2]}).dataset


@pytest.fixture(scope="module")
def bundle(dataset, bundle_of) -> Bundle:
    return bundle_of(Blend().fit(dataset), dataset, FEATURES)


@pytest.fixture
def saved(bundle, tmp_path) -> Path:
    bundle.save(tmp_path)
    return tmp_path


def test_a_bundle_read_back_gives_the_same_scores_to_the_last_bit(bundle, saved):
    again = Bundle.load(saved)

    assert again == replace(bundle, estimate=again.estimate, timing=again.timing)
    assert again.to_json() == bundle.to_json()
    asked = values(), [7.5, 30.0, 90.0, 4000.0]
    assert again.score(*asked) == bundle.score(*asked)
    assert len({score.probability for score in bundle.score(*asked)}) > ROWS / 2


def test_the_company_and_its_rung_survive_saving(candidate, tmp_path):
    bundle = candidate.bundle
    bundle.save(tmp_path)
    again = Bundle.load(tmp_path)

    assert (again.rung, again.until, again.features, again.meta) == (
        bundle.rung,
        bundle.until,
        bundle.features,
        bundle.meta,
    )
    assert again.amounts == bundle.amounts
    assert again.spread == bundle.spread
    assert again.spread_by == bundle.spread_by
    if bundle.meta["serves"] == Blend.name:
        assert bundle.spread_by is not None
        assert len(bundle.spread_by.days) > 1
        assert np.isinf(bundle.spread_by.days[-1])
    else:
        assert bundle.spread_by is None  # a rival was judged as fitted for each horizon, and answers otherwise


def test_the_intervals_of_horizons_survive_saving(bundle, tmp_path):
    spread_by = CurveSpread((30.0, math.inf), (Spread((0.0,), (0.05,)), Spread((0.0,), (0.5,))))
    replace(bundle, spread_by=spread_by).save(tmp_path)

    assert Bundle.load(tmp_path).spread_by == spread_by


def test_learning_twice_from_the_same_gives_the_same_text(bundle, dataset, bundle_of):
    once_more = bundle_of(Blend().fit(dataset), dataset, FEATURES)

    assert once_more.to_json() == bundle.to_json()


def test_scoring_loads_neither_pandas_nor_a_learning_library(bundle, saved):
    ran = subprocess.run([sys.executable, "-c", SCORING, str(saved)], capture_output=True, text=True, check=True)
    loaded, said = json.loads(ran.stdout)

    assert loaded == []
    stages = Category(np.array([0, -1, 0]), np.array(["New"], object))
    here = bundle.score({"sign": np.array([0.5, -1.0, np.nan]), "deal_stage": stages}, [30.0])
    assert said == [score.probability for score in here]


def test_chances_by_a_day_rise_and_never_exceed_the_chance(bundle):
    days = [1.0, 7.5, 30.0, 90.0, 365.0, 9000.0]
    for score in bundle.score(values(), days):
        by_day = [score.by_days[one] for one in days]
        assert by_day == sorted(by_day)
        assert by_day[0] >= 0
        assert by_day[-1] <= score.probability + 1e-12
        assert 0 < score.low < score.probability < score.high < 1


def test_each_horizon_has_an_interval_of_its_own(bundle):
    sure = CurveSpread((30.0, 90.0, math.inf), tuple(Spread((0.0,), (width,)) for width in (0.05, 0.5, 0.5)))
    days = [7.5, 30.0, 90.0]
    for plain, score in zip(
        bundle.score(values(5), days), replace(bundle, spread_by=sure).score(values(5), days), strict=True
    ):
        for one in days:
            low, high = score.around_days[one]
            assert low < score.by_days[one] < high
        near, far = ([log_odds(end) for end in score.around_days[one]] for one in (30.0, 90.0))
        assert far[1] - far[0] == pytest.approx(10 * (near[1] - near[0]), rel=0.05)
        assert plain.around_days[30.0] == pytest.approx(bundle.spread.around(log_odds(plain.by_days[30.0])))


def test_days_beyond_what_was_watched_are_said_to_be_extrapolated(bundle):
    within, beyond = bundle.score(values(1), [30.0])[0], bundle.score(values(1), [30.0, 4000.0])[0]

    assert within.note is None
    assert f"horizons beyond {bundle.timing.longest:.0f} days are extrapolated" in str(beyond.note)
    assert "外推" in str(bundle.score(values(1), [4000.0], "zh")[0].note)


def test_nobody_is_called_sure(dataset, bundle_of):
    certain = bundle_of(DefaultTrees().fit(dataset), dataset)
    certain.estimate.score = lambda row: 1.0  # type: ignore[union-attr]

    assert certain.score(values(1), [30.0])[0].probability == 1 - SURE


def test_nothing_scored_gives_nothing(bundle):
    assert bundle.score({name: column[:0] for name, column in {"sign": np.zeros(3)}.items()}, [30.0]) == []


@pytest.mark.parametrize("most", [0, 2])
def test_so_many_reasons_as_asked_and_the_rest(bundle, most):
    assert all(len(one.reasons) <= most + 1 for one in bundle.score(values(), [30.0], "en", most))
    assert any(one.reasons for one in bundle.score(values(), [30.0], "en", most)) == (most > 0)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"7", b'{"sha256": "x"}', b'{"bundle": {}, "sha256": "x"}', b"\xff\xfe"],
)
def test_a_damaged_file_is_a_named_error(saved, content):
    (saved / FILE).write_bytes(content)

    with pytest.raises(BundleDamaged, match=r"To fix: .*promot"):
        Bundle.load(saved)


def test_a_missing_file_is_a_named_error(tmp_path):
    with pytest.raises(BundleDamaged, match="No such file"):
        Bundle.load(tmp_path)


@pytest.mark.parametrize("changed", ["base_rate", "rung", "features"])
def test_a_changed_number_is_noticed(saved, changed):
    outer = json.loads((saved / FILE).read_text("utf-8"))
    outer["bundle"][changed] = {"base_rate": 0.9, "rung": "pooled rate", "features": []}[changed]
    (saved / FILE).write_text(json.dumps(outer), "utf-8")

    with pytest.raises(BundleDamaged, match="checksum"):
        Bundle.load(saved)


def test_another_definition_of_a_feature_is_refused(saved, monkeypatch):
    other = replace(CATALOG["deal_minutes"], verb=Count("activities", within_days=3))
    monkeypatch.setitem(catalog.CATALOG, "deal_minutes", other)

    with pytest.raises(FeaturesChanged, match="train again with this release: foresell train win"):
        Bundle.load(saved)


def test_a_feature_that_is_gone_is_refused(saved, monkeypatch):
    monkeypatch.delitem(catalog.CATALOG, "deal_minutes")

    with pytest.raises(FeaturesChanged):
        Bundle.load(saved)


def test_a_feature_elsewhere_in_the_catalogue_does_not_matter(saved, monkeypatch):
    monkeypatch.setitem(catalog.CATALOG, "deal_calls", replace(CATALOG["deal_calls"], meaning="other"))

    assert Bundle.load(saved).features == FEATURES


def test_where_nothing_was_lost_the_chance_is_empty_the_days_are_not(bundle, tmp_path):
    unable = replace(bundle, estimate=None, meta={"note": "cannot be told", "note_zh": "无法判断"})
    score = unable.score(values(1), [30.0, 90.0])[0]

    assert (score.probability, score.low, score.high, score.reasons) == (None, None, None, ())
    assert 0 < score.by_days[30.0] < score.by_days[90.0]
    assert score.note == "cannot be told"
    assert unable.score(values(1), [30.0], "zh")[0].note == "无法判断"
    assert Bundle.load(unable.save(tmp_path).parent).estimate is None


def test_the_live_bundle_is_where_the_pointer_says(tmp_path):
    assert live_bundle(tmp_path, "win") is None
    (tmp_path / "champions").mkdir()
    (tmp_path / "champions" / "win.json").write_text('{"version": "3", "folder": "win/3-abc"}')
    assert live_bundle(tmp_path, "win") == tmp_path / "champions" / "win" / "3-abc"


@pytest.mark.parametrize("content", ["", "{}", "[]", "nonsense"])
def test_a_damaged_pointer_is_a_named_error(tmp_path, content):
    (tmp_path / "champions").mkdir()
    (tmp_path / "champions" / "win.json").write_text(content)

    with pytest.raises(BundleDamaged, match=r"win\.json"):
        live_bundle(tmp_path, "win")


OWN = """from features.definition import Feature
from features.verbs import Count
FEATURES = (Feature("calls_of_mine", "Calls.", "通话次数。", Count("activities", within_days=30)),)
"""


@pytest.fixture
def of_ones_own(bundle, tmp_path, monkeypatch) -> Path:
    """A saved model that learned from a feature of the administrator's own file, which the setting names."""
    path = tmp_path / "mine.py"
    path.write_text(OWN, "utf-8")
    monkeypatch.setenv("FORESELL_FEATURES", str(path))
    return replace(bundle, features=(*FEATURES, *catalog.own("deal"))).save(tmp_path / "model").parent


def test_a_feature_of_ones_own_comes_back_with_the_model(of_ones_own):
    assert Bundle.load(of_ones_own).features == (*FEATURES, *catalog.own("deal"))


def test_a_model_whose_own_feature_is_gone_is_refused_by_name(of_ones_own, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(OWN.replace("calls_of_mine", "others"), "utf-8")
    with pytest.raises(OwnFeatureGone, match=r"needs the feature calls_of_mine of your own, and .*mine\.py does not"):
        Bundle.load(of_ones_own)

    monkeypatch.delenv("FORESELL_FEATURES")
    with pytest.raises(OwnFeatureGone, match=r"FORESELL_FEATURES is not set(.|\n)*models rollback"):
        Bundle.load(of_ones_own)

    monkeypatch.setenv("FORESELL_FEATURES", str(tmp_path / "nowhere.py"))
    with pytest.raises(OwnFeaturesMissing):
        Bundle.load(of_ones_own)


def test_a_model_whose_own_feature_is_defined_otherwise_is_refused(of_ones_own, tmp_path):
    (tmp_path / "mine.py").write_text(OWN.replace("30", "60"), "utf-8")

    with pytest.raises(FeaturesChanged):
        Bundle.load(of_ones_own)


def test_a_model_without_features_of_ones_own_does_not_read_the_file(saved, tmp_path, monkeypatch):
    monkeypatch.setenv("FORESELL_FEATURES", str(tmp_path / "nowhere.py"))

    assert Bundle.load(saved).features == FEATURES


@pytest.fixture(scope="module")
def quick(dataset, bundle_of) -> Bundle:
    """Around a curve, which is laid out for machine code."""
    made = bundle_of(WinCurve((14.0, 45.0)).fit(dataset), dataset, FEATURES)
    made = replace(made, spread_by=CurveSpread((14.0, math.inf), (Spread((-1.0, 1.0), (0.3, 0.5)), made.spread)))
    assert made.scorer is not None
    return made


@pytest.fixture
def slow(quick, monkeypatch) -> Bundle:
    """The same on a machine that cannot make the code."""

    def none() -> None:
        raise OSError("no code on this machine")

    monkeypatch.setattr(curves, "code", none)
    made = replace(quick)
    assert made.scorer is None
    return made


def near(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return other == pytest.approx(one, rel=1e-9, abs=1e-12)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(near(one[key], other[key]) for key in one)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(near, one, other))
    if isinstance(one, Score | Reason):
        return type(one) is type(other) and all(near(value, getattr(other, name)) for name, value in vars(one).items())
    return one == other


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("most", [0, 2, 50])
def test_machine_code_scores_as_the_estimate_itself_does(quick, slow, language, most):
    asked = values(), [7.5, 14.0, 90.0, 4000.0], language, most
    found, expected = quick.score(*asked), slow.score(*asked)

    assert len({score.probability for score in found}) > ROWS / 2
    for one, other in zip(expected, found, strict=True):
        assert near(one, other), (one, other)


def test_a_row_alone_scores_as_among_others(quick):
    columns, horizons = values(), [7.5, 90.0]
    together = quick.score(columns, horizons)
    for row, score in zip(rows_of(columns), together, strict=True):
        assert quick.answer(row, horizons) == score
    assert quick.score(columns, horizons, "zh", 0)[3] == quick.answer(rows_of(columns)[3], horizons, "zh", 0)


def test_warming_makes_all_that_is_made_on_first_use(quick):
    fresh = replace(quick)
    fresh.warm()

    assert {"scorer", "_teller"} <= set(vars(fresh))
    assert fresh == quick


def test_an_estimate_without_tables_is_warm_as_it_is(bundle):
    bundle.warm()

    assert bundle.scorer is None
    assert bundle.answer(rows_of(values())[0], [30.0]) == bundle.score(values(), [30.0])[0]
