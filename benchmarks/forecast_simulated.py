"""Do forecast intervals of bookings cover as often as they say, on a company whose every future is known?

`python benchmarks/forecast_simulated.py [--deals N] [--seeds N] [--months N] [--json]`. Invents companies, forecasts
the bookings of the running month and of the five after it from the first days of months, and counts how often the 80 %
interval held, by months ahead and for teams and reps. Chances go by stage and age unless --curve asks for the event
curve.
"""

import argparse
import json
import sys
import tempfile
from datetime import date, datetime
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from features.history import History  # noqa: E402
from features.importing import import_folder  # noqa: E402
from simulation.company import CompanySettings  # noqa: E402
from simulation.writing import write_company  # noqa: E402
from training.bookings.chances import CurveChances, TableChances  # noqa: E402
from training.bookings.fitting import read_deals  # noqa: E402
from training.bookings.judged import Block, Judged  # noqa: E402
from training.bookings.trial import OURS_BY, try_deals  # noqa: E402
from training.forecast.report import table_lines  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deals", type=int, default=4000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--days", type=int, default=1095)
    parser.add_argument("--curve", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    kind = CurveChances.name if options.curve else TableChances.name
    blocks: list[Block] = []
    for seed in range(options.seeds):
        blocks += _blocks(options.deals, options.days, 100 + seed, kind, 100 * seed)
    judged = Judged("bookings", tuple(blocks))
    ours = OURS_BY[kind]
    print("\n".join(table_lines(judged, ours)))
    figures = {
        "moments": len({block.origin for block in blocks}),
        "coverage_by_level": {level: _covered(judged, ours, level) for level in ("company", "team", "rep", "product")},
        "coverage_by_months_ahead": [_covered(judged, ours, "company", ahead) for ahead in range(6)],
        "scrps": {name: judged.overall(name) for name in judged.estimates},
    }
    for name, value in figures.items():
        print(f"{name}: {value}")
    if options.json:
        print(json.dumps(figures))


def _blocks(deals: int, days: int, seed: int, kind: str, number: int) -> list[Block]:
    from dataclasses import replace

    settings = CompanySettings(deals=deals, days=days, seed=seed, start=date(2022, 11, 1))
    with tempfile.TemporaryDirectory() as folder:
        files, home = Path(folder) / "files", Path(folder) / "home"
        write_company(settings, files)
        end = datetime.combine(settings.end, datetime.min.time())
        import_folder(files, home, files / "mapping.yaml", end)
        history = History.existing(home)
        learned = read_deals(history, end)
        assert learned is not None
        trial = try_deals(history, learned, end, 3, (kind,))
    return [replace(block, origin=block.origin + number) for block in trial.judged.blocks]


def _covered(judged: Judged, estimate: str, level: str, ahead: int | None = None) -> float | None:
    inside = known = 0
    for block in judged.some(estimate, ("month", level)):
        columns = slice(None) if ahead is None else slice(ahead, ahead + 1)
        actual, low, high = block.actual[:, columns], block.quantiles[1][:, columns], block.quantiles[-2][:, columns]
        there = np.isfinite(actual)
        inside += int(((actual >= low) & (actual <= high))[there].sum())
        known += int(there.sum())
    return round(inside / known, 3) if known else None


if __name__ == "__main__":
    main()
