"""How long does a forecast of a thousand series take, and how long with every rival?

`python benchmarks/forecast_speed.py [--series N] [--months N] [--horizon N] [--json]`. Invented monthly sales of N
products in regions, growing, seasonal, some of them intermittent; learning, drawing and every rival are timed apart.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from training.forecast.scores import FINE  # noqa: E402
from training.rivals.series import SERIES_RIVALS  # noqa: E402
from training.series.engine import fit_series  # noqa: E402
from training.series.panel import Panel, panel_of  # noqa: E402

LEVELS = [(), ("region",), ("family",)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--months", type=int, default=60)
    parser.add_argument("--horizon", type=int, default=12)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    panel = invented(options.series, options.months)
    found = {}
    start = time.perf_counter()
    model = fit_series(panel, LEVELS, options.horizon)
    found["ours: learning"] = time.perf_counter() - start
    start = time.perf_counter()
    model.draw(panel, options.horizon)
    found["ours: drawing"] = time.perf_counter() - start
    for rival in SERIES_RIVALS:
        start = time.perf_counter()
        rival().forecast(panel, LEVELS, options.horizon, FINE)
        found[rival.name] = time.perf_counter() - start
    found["all"] = sum(found.values())
    for name, seconds in found.items():
        print(f"{name:<26}{seconds:8.1f} s")
    if options.json:
        print(json.dumps(found))


def invented(series: int, months: int) -> Panel:
    """Sales with level, growth, season and noise; a fifth of the series sells in one month of three."""
    rng = np.random.default_rng(0)
    time_ = np.arange(months)
    season = 1 + 0.3 * np.sin(2 * np.pi * (time_[None] + rng.integers(0, 3, (series, 1))) / 12)
    level = rng.lognormal(3, 1, (series, 1)) * (1 + rng.normal(0.005, 0.01, (series, 1))) ** time_[None]
    amounts = level * season * rng.gamma(10, 0.1, (series, months))
    rare = rng.random((series, 1)) < 0.2
    amounts *= np.where(rare, rng.random((series, months)) < 0.33, 1.0)
    labels = {
        "region": [f"r{number % 10}" for number in range(series)],
        "family": [f"f{number % 7}" for number in range(series)],
        "product": [f"p{number}" for number in range(series)],
    }
    starts = (np.datetime64("2020-01") + time_).astype("datetime64[D]")
    return panel_of(amounts, labels, starts, "M", country="CN", ahead=24)


if __name__ == "__main__":
    main()
