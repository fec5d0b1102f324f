"""How long does it take to simulate a large pipeline?

`python benchmarks/forecast_pipeline_speed.py [--deals N] [--draws N] [--json]`. Open deals with chances of their own,
shared shocks, amounts, and the sums of thirteen weeks and of every rep's quarters; one thread, nothing read from a
history.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from training.bookings.chances import GRID  # noqa: E402
from training.bookings.open_deals import paces, simulate  # noqa: E402

DAYS = 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deals", type=int, default=50_000)
    parser.add_argument("--draws", type=int, default=2_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    random = np.random.default_rng(0)
    ever = random.beta(1, 3, options.deals)[:, None]
    chances = ever * (1 - np.exp(-GRID[None] / random.gamma(4, 15, options.deals)[:, None]))
    amount = random.lognormal(10, 1, options.deals)
    rep = random.integers(0, 200, options.deals)
    started = time.perf_counter(), time.process_time()
    clock = np.arange(1, DAYS + 1, dtype=float)
    paced = paces(clock, np.arange(DAYS) // 30, options.draws, 0.15, random)
    events = simulate(chances, GRID, paced, 0.2 * random.standard_normal(options.draws), random)
    simulated = time.perf_counter() - started[0]
    worth = amount[events.row]
    draw = events.draw.astype(np.int64)
    soon = events.day < 91
    weeks = np.bincount(draw[soon] * 13 + events.day[soon] // 7, worth[soon], 13 * options.draws)
    reps = np.bincount(rep[events.row[soon]] * options.draws + draw[soon], worth[soon], 200 * options.draws)
    whole, cpu = time.perf_counter() - started[0], time.process_time() - started[1]
    said = float(weeks.sum() / options.draws)
    expected = float((chances[:, np.searchsorted(GRID, 90)] * amount).sum())
    figures = {
        "deals": options.deals,
        "draws": options.draws,
        "wins": len(events),
        "simulated_seconds": round(simulated, 2),
        "with_sums_seconds": round(whole, 2),
        "cpu_seconds": round(cpu, 2),
        "mean_of_13_weeks_over_expected": round(said / expected, 4),
        "reps": len(reps) // options.draws,
    }
    for name, value in figures.items():
        print(f"{name:<34}{value:>16,}")
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
