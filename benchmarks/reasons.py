"""How fast are exact reasons, and do they agree with LightGBM's? `python benchmarks/reasons.py [--home HOME] [--json]`.

Trains LightGBM binary models of `--trees` trees on 40 invented features, 8 of them categories, a tenth of the values
missing, and asks for the effects of one row after another and of batches, from LightGBM's `pred_contrib` and from
`training.attribution.tree_effects`, in turn, on one thread. Rows rotate: the same row again would be answered from
the cache.
With `--home`, whole bundles are measured too: the champions of a home on what is open there at its last import, by
machine code for the whole bundle and by the estimate's own path, one row after another and all at once.
Times are microseconds of processor time a row, the best of `--rounds`; ratios are within a round, at the median.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt

from features.evaluate import Values
from features.history import History
from features.online import Memory
from features.open_deals import active_customers, open_deals
from training.attribution.kernel import kernel
from training.attribution.native_trees import NativeTrees
from training.attribution.tree_effects import TreeEffects
from training.attribution.tree_text import read_tree_text
from training.bundle import Bundle, Score, live_bundle, rows_of
from training.churn.bundle import ChurnBundle, ChurnScore
from training.rivals.rival import Row

Figures = dict[str, float]
Floats = npt.NDArray[np.float64]
FEATURES, LEVELS = 40, (3, 4, 5, 6, 8, 12, 20, 30)
BATCH = 1000


def invent(rows: int, seed: int) -> tuple[Floats, Floats]:
    """Features (the first eight are categories) and outcomes that depend on most of them."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, FEATURES))
    odds = 0.5 * np.sin(2 * x[:, 10]) * x[:, 12] + 0.3 * (x[:, 14] > 0) * x[:, 15]
    odds += x[:, len(LEVELS) :] @ random.normal(scale=0.4, size=FEATURES - len(LEVELS))
    for at, levels in enumerate(LEVELS):
        codes = random.integers(0, levels, rows)
        odds += random.normal(scale=0.3, size=levels)[codes]
        x[:, at] = codes
    outcome = (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(float)
    x[random.random(x.shape) < 0.1] = np.nan
    return x, outcome


def train(trees: int, leaves: int) -> str:
    import lightgbm

    x, outcome = invent(20_000, 0)
    settings = {"objective": "binary", "num_leaves": leaves, "num_threads": 1, "verbosity": -1, "seed": 0}
    table = lightgbm.Dataset(x, outcome, categorical_feature=list(range(len(LEVELS))), params=settings)
    return lightgbm.train(settings, table, num_boost_round=trees).model_to_string()


def processor_us(call: Callable[[], object], rows: int) -> float:
    start = time.process_time()
    call()
    return (time.process_time() - start) / rows * 1e6


def measure(trees: int, leaves: int, asked: int, rounds: int) -> dict[str, float]:
    text = train(trees, leaves)
    model = NativeTrees.from_text(text)
    kernel()
    start = time.process_time()
    effects = TreeEffects(read_tree_text(text))
    preparing = time.process_time() - start
    x, _ = invent(max(asked, BATCH), 1)
    rows = [np.ascontiguousarray(x[at : at + 1]) for at in range(asked)]
    theirs, ours, raw = model.library_contributions(x[:BATCH]), effects.of(x[:BATCH]), model.raw(x[:BATCH])
    found: dict[str, list[float]] = {}
    for turn in range(rounds):
        few = [rows[(turn * asked // 5 + at) % asked] for at in range(asked // 5)]
        times = {
            "lightgbm_one": processor_us(lambda few=few: [model.library_contributions(row) for row in few], len(few)),
            "ours_one": processor_us(lambda: [effects.of(row) for row in rows], asked),
            "lightgbm_batch": processor_us(lambda: model.library_contributions(x[:BATCH]), BATCH),
            "ours_batch": processor_us(lambda: effects.of(x[:BATCH]), BATCH),
            "score_one": processor_us(lambda: [model.raw_one(row[0]) for row in rows], asked),
        }
        times["ratio_one"] = times["lightgbm_one"] / times["ours_one"]
        times["ratio_batch"] = times["lightgbm_batch"] / times["ours_batch"]
        for name, value in times.items():
            found.setdefault(name, []).append(value)
    figures = {name: float((np.median if name.startswith("ratio") else np.min)(each)) for name, each in found.items()}
    return {
        **{name if name.startswith("ratio") else f"{name}_us": round(value, 1) for name, value in figures.items()},
        "difference": float(np.abs(ours - theirs).max()),
        "off_sum": float(np.abs(ours.sum(axis=1) - raw).max()),
        "off_sum_lightgbm": float(np.abs(theirs.sum(axis=1) - raw).max()),
        "most_features_on_a_path": int(effects.deepest),
        "prepare_ms": round(preparing * 1e3, 1),
    }


def first_use_ms() -> float:
    """Import of llvmlite and the making of the machine code, which happen once in a process."""
    start = time.process_time()
    kernel()
    return round((time.process_time() - start) * 1e3, 1)


def measure_bundle(bundle: Bundle | ChurnBundle, values: Mapping[str, Values], at: datetime, rounds: int) -> Figures:
    """Microseconds a row of a whole bundle, without and with five reasons; also the largest difference."""
    slow, rows, horizons = own_path(bundle), rows_of(values), [30.0, 60.0, 90.0]

    def ask(of: Bundle | ChurnBundle, row: Row, most: int) -> Score | ChurnScore:
        if isinstance(of, Bundle):
            return of.answer(row, horizons, "en", most)
        return of.answer(row, horizons, "en", most, at)

    def at_once(most: int) -> object:
        if isinstance(bundle, Bundle):
            return bundle.score(values, horizons, "en", most)
        return bundle.score(values, horizons, "en", most, at)

    start = time.process_time()
    bundle.warm()
    found = {"warm_ms": (time.process_time() - start) * 1e3, "rows": float(len(rows))}
    pairs = [(ask(bundle, row, 5), ask(slow, row, 5)) for row in rows]
    found["difference"] = max(abs((one.probability or 0.0) - (other.probability or 0.0)) for one, other in pairs)

    def one_by_one(of: Bundle | ChurnBundle, some: Sequence[Row], most: int) -> None:
        for row in some:
            ask(of, row, most)

    few = rows[: len(rows) // 3]
    for most in (0, 5):
        calls: dict[str, tuple[Callable[[], object], int]] = {
            "ours": (partial(one_by_one, bundle, rows, most), len(rows)),
            "own_path": (partial(one_by_one, slow, few, most), len(few)),
            "at_once": (partial(at_once, most), len(rows)),
        }
        turns = [{name: processor_us(*call) for name, call in calls.items()} for _ in range(rounds)]
        found |= {f"{name}_{most}_us": min(turn[name] for turn in turns) for name in calls}
    return {name: value if name == "difference" else round(value, 1) for name, value in found.items()}


def own_path(bundle: Bundle | ChurnBundle) -> Bundle | ChurnBundle:
    """The same without machine code for the whole."""
    if isinstance(bundle, Bundle):
        slow: Bundle | ChurnBundle = replace(bundle)
        slow.__dict__["scorer"] = None
        return slow
    served = {}
    for kind, one in bundle.served.items():
        estimate = copy(one.estimate)
        estimate.__dict__["scorer"] = None
        served[kind] = one.with_estimate(estimate)
    return bundle.with_served(served)


def measure_home(home: Path, rounds: int) -> dict[str, Figures]:
    """Both bundles of a home on what is open at its last import: at most 300 deals, and 300 customers."""
    history, found = History.existing(home), dict[str, Figures]()
    at = datetime.fromisoformat(history.entries[-1].taken_at)
    for model, load, who in (("win", Bundle.load, open_deals), ("churn", ChurnBundle.load, active_customers)):
        folder = live_bundle(home, model)
        assert folder is not None, f"{home} has no champion for {model}"
        bundle = load(folder)
        ids = who(history, at).ids.tolist()[:300]
        values = Memory(history, bundle.features).values(ids, at, "deal" if model == "win" else "customer")
        found[model] = measure_bundle(bundle, values, at, rounds)
    return found


BUNDLE_LINES = (
    ("one row: score, us", "ours_0_us"),
    ("one row: score, by its own path, us", "own_path_0_us"),
    ("one row: score and five reasons, us", "ours_5_us"),
    ("the same by its own path, us", "own_path_5_us"),
    ("all at once: score, us a row", "at_once_0_us"),
    ("all at once: with five reasons, us a row", "at_once_5_us"),
    ("largest difference, probability", "difference"),
    ("made on first use (warm), ms", "warm_ms"),
    ("rows", "rows"),
)
LINES = (
    ("one row, LightGBM pred_contrib, us", "lightgbm_one_us"),
    ("one row, ours, us", "ours_one_us"),
    ("one row, times as fast", "ratio_one"),
    (f"batch of {BATCH}, LightGBM, us a row", "lightgbm_batch_us"),
    (f"batch of {BATCH}, ours, us a row", "ours_batch_us"),
    (f"batch of {BATCH}, times as fast", "ratio_batch"),
    ("the score itself, us", "score_one_us"),
    ("largest difference, log-odds", "difference"),
    ("largest miss of the sum, ours", "off_sum"),
    ("largest miss of the sum, LightGBM", "off_sum_lightgbm"),
    ("most features on a path", "most_features_on_a_path"),
    ("tables of a loaded model, ms", "prepare_ms"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trees", type=int, default=300)
    parser.add_argument("--leaves", type=int, nargs="+", default=[31, 63])
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    code = first_use_ms()
    found = {leaves: measure(asked.trees, leaves, asked.rows, asked.rounds) for leaves in asked.leaves}
    print(f"{asked.trees} trees, {FEATURES} features of which {len(LEVELS)} categories; machine code once: {code} ms")
    print("leaves".ljust(40) + "".join(f"{leaves:>12}" for leaves in asked.leaves))
    for title, name in LINES:
        print(title.ljust(40) + "".join(f"{found[leaves][name]:>12.4g}" for leaves in asked.leaves))
    bundles = measure_home(asked.home, asked.rounds) if asked.home else {}
    if bundles:
        print("\nwhole bundles".ljust(42) + "".join(f"{model:>12}" for model in bundles))
        for title, name in BUNDLE_LINES:
            print(title.ljust(41) + "".join(f"{each[name]:>12.4g}" for each in bundles.values()))
    if asked.json:
        trees = {f"leaves_{n}": each for n, each in found.items()}
        print(json.dumps({"code_ms": code, "trees": asked.trees, **trees, **bundles}))


if __name__ == "__main__":
    main()
