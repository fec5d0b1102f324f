import gc
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lightgbm
import numpy as np
import pytest

from training.attribution.native_trees import CorruptTrees, NativeTrees, TreeLibraryMissing, WrongWidth, _library

ROOT = Path(__file__).resolve().parents[2]


def draw(rows, seed):
    """Five columns with gaps; the last two are categories."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, 5))
    x[:, 3] = random.integers(0, 60, rows)
    x[:, 4] = random.integers(0, 3, rows)
    x[random.random(x.shape) < 0.1] = np.nan
    return x


def grow(rows=3000, **settings):
    x = draw(rows, seed=1)
    y = np.nan_to_num(x[:, 0]) + (np.nan_to_num(x[:, 3]) % 2) > 0.5
    asked = {"objective": "binary", "verbosity": -1, "num_threads": 1, **settings}
    table = lightgbm.Dataset(x, y.astype(float), categorical_feature=[3, 4], params=asked)
    return lightgbm.train(asked, table, num_boost_round=60)


@pytest.fixture(scope="module")
def booster():
    return grow()


@pytest.fixture(scope="module")
def trees(booster):
    return NativeTrees.from_text(booster.model_to_string())


@pytest.fixture(scope="module")
def x():
    unseen = draw(400, seed=2)
    unseen[:5, 3] = [60, 1000, -1, np.inf, 2.5]
    return unseen


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"num_leaves": 4, "learning_rate": 0.3},
        {"boosting": "dart"},
        {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6},
        {"zero_as_missing": True},
        {"use_missing": False},
    ],
    ids=str,
)
def test_log_odds_are_lightgbms_own(settings, x):
    booster = grow(**settings)
    trees = NativeTrees.from_text(booster.model_to_string())
    expected = booster.predict(x, raw_score=True, num_threads=1)

    np.testing.assert_allclose(trees.raw(x), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose([trees.raw_one(row) for row in x], expected, rtol=0, atol=1e-12)


def test_contributions_are_lightgbms_own_and_add_up(booster, trees, x):
    given = trees.contributions(x)

    assert given.shape == (400, 6)
    np.testing.assert_allclose(given, booster.predict(x, pred_contrib=True, num_threads=1), rtol=0, atol=1e-12)
    np.testing.assert_allclose(given.sum(axis=1), trees.raw(x), rtol=0, atol=1e-9)


def test_stops_at_the_best_iteration_where_early_stopping_chose_one(x):
    table = draw(800, seed=3)
    y = (np.nan_to_num(table[:, 0]) > 0).astype(float)
    asked = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    train = lightgbm.Dataset(table[:500], y[:500])
    valid = lightgbm.Dataset(table[500:], y[500:], reference=train)
    stop = lightgbm.early_stopping(5, verbose=False)
    booster = lightgbm.train(asked, train, 300, valid_sets=[valid], callbacks=[stop])

    np.testing.assert_allclose(
        NativeTrees.from_text(booster.model_to_string()).raw(x),
        booster.predict(x, raw_score=True, num_threads=1),
        rtol=0,
        atol=1e-12,
    )


def test_any_layout_of_numbers_is_read_alike(trees, x):
    expected = trees.raw(x)

    np.testing.assert_array_equal(trees.raw(np.asfortranarray(x)), expected)
    np.testing.assert_array_equal(trees.raw(np.repeat(x, 2, axis=0)[::2]), expected)
    assert trees.raw_one(x[7].tolist()) == expected[7]
    assert trees.raw(x[:0]).shape == (0,)
    assert trees.contributions(x[:0]).shape == (0, 6)


def test_a_model_of_one_leaf_says_the_same_to_everybody():
    asked = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    nothing = lightgbm.Dataset(np.ones((40, 2)), np.array([1.0, 0, 0, 0] * 10), params=asked)
    booster = lightgbm.train(asked, nothing, num_boost_round=3)
    trees = NativeTrees.from_text(booster.model_to_string())

    expected = booster.predict(np.zeros((2, 2)), raw_score=True)
    np.testing.assert_allclose(trees.raw(np.zeros((2, 2))), expected, atol=1e-12)
    np.testing.assert_allclose(trees.contributions(np.zeros((2, 2)))[:, -1], expected, atol=1e-12)


@pytest.mark.parametrize("shape", [(3, 4), (3, 6), (5,), (0, 4)])
def test_a_matrix_of_the_wrong_width_is_refused(trees, shape):
    with pytest.raises(WrongWidth, match="5 numbers"):
        trees.raw(np.zeros(shape))
    with pytest.raises(WrongWidth, match="5 numbers"):
        trees.contributions(np.zeros(shape))


@pytest.mark.parametrize("row", [[], [1.0], [0.0] * 6])
def test_a_row_of_the_wrong_width_is_refused(trees, row):
    with pytest.raises(WrongWidth, match="5 numbers"):
        trees.raw_one(row)


def test_text_that_is_no_model_is_refused(booster):
    text = booster.model_to_string()

    for broken in ("", "no model", text[: len(text) // 2], text.replace("objective=binary", "objective=banana")):
        with pytest.raises(CorruptTrees):
            NativeTrees.from_text(broken)


def test_the_librarys_own_complaint_is_passed_on(booster):
    with pytest.raises(CorruptTrees, match=r"LightGBM says: .*banana"):
        NativeTrees.from_text(booster.model_to_string().replace("objective=binary", "objective=banana"))


def test_survives_pickling(trees, x):
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(trees)).raw(x), trees.raw(x))


def test_many_threads_get_the_same_answers(trees, x):
    expected, reasons = trees.raw(x), trees.contributions(x[:20])

    def work(start):
        singles = [trees.raw_one(x[(start + step) % len(x)]) for step in range(len(x))]
        same = singles == np.roll(expected, -start).tolist()
        return same and (trees.raw(x) == expected).all() and (trees.contributions(x[:20]) == reasons).all()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(0, 400, 10)))


def test_handles_are_freed_once_with_the_object_and_after_its_lines(booster, x, monkeypatch):
    library, freed = _library(), []
    for name in ("LGBM_BoosterFree", "LGBM_FastConfigFree"):
        free = getattr(library, name)
        monkeypatch.setattr(library, name, lambda handle, name=name, free=free: (freed.append(name), free(handle)))
    trees = NativeTrees.from_text(booster.model_to_string())
    trees.raw_one(x[0])
    with ThreadPoolExecutor(1) as pool:
        pool.submit(trees.raw_one, x[0]).result()
    del trees
    gc.collect()

    assert freed == ["LGBM_FastConfigFree", "LGBM_FastConfigFree", "LGBM_BoosterFree"]


def test_a_missing_library_is_a_named_error(booster, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    _library.cache_clear()
    try:
        with pytest.raises(TreeLibraryMissing, match="pip install lightgbm"):
            NativeTrees.from_text(booster.model_to_string())
    finally:
        monkeypatch.undo()
        _library.cache_clear()


def test_scoring_leaves_the_heavy_packages_alone(booster, x, tmp_path):
    booster.save_model(tmp_path / "model.txt")
    program = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from training.attribution.native_trees import NativeTrees\n"
        "trees = NativeTrees.from_text(Path(sys.argv[1]).read_text())\n"
        "row = np.array([float(number) for number in sys.argv[2:]])\n"
        "trees.contributions(row[None])\n"
        "print(trees.raw(row[None])[0], trees.raw_one(row))\n"
        "assert not {'pandas', 'lightgbm', 'sklearn', 'scipy', 'mlflow'} & set(sys.modules), 'too much imported'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "model.txt"), *map(str, x[9])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [float(number) for number in done.stdout.split()] == pytest.approx(
        [booster.predict(x[9:10], raw_score=True)[0]] * 2, abs=1e-12
    )
