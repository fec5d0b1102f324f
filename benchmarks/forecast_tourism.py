"""How good are coherent forecasts of Australian tourism, beside the rivals, at every level?

`python benchmarks/forecast_tourism.py [--origins N] [--every N] [--horizon N] [--without NAME ...] [--json]`.
Quarterly trips by region, state and purpose; every method forecasts from the last N origins that the horizon leaves,
some quarters apart, knowing only what came before. Intervals of differences draw origins with replacement.
"""

import argparse
import csv
import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from training.rivals.series import SERIES_RIVALS  # noqa: E402
from training.series.panel import Panel, panel_of  # noqa: E402
from training.series.trial import figures, lines, run_series_trial  # noqa: E402

LEVELS = [(), ("state",), ("region",), ("purpose",), ("state", "purpose")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "au_tourism")
    parser.add_argument("--origins", type=int, default=5)
    parser.add_argument("--every", type=int, default=2, help="quarters from one origin to the next")
    parser.add_argument("--horizon", type=int, default=8)
    parser.add_argument("--without", nargs="*", default=[], help="rivals to leave out, by name")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    panel = tourism(options.data / "tourism.csv")
    last = panel.n_periods - options.horizon
    origins = range(last - (options.origins - 1) * options.every, last + 1, options.every)
    rivals = [rival for rival in SERIES_RIVALS if rival.name not in options.without]
    judged = run_series_trial(panel, LEVELS, options.horizon, origins, rivals, progress=told)
    found = figures(judged)
    print("\n".join(lines(found)))
    if options.json:
        print(json.dumps(found))


def tourism(file: Path) -> Panel:
    """The panel: region and purpose told apart, by quarter."""
    with file.open(encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    starts = sorted({row["Quarter"] for row in rows})
    atoms = sorted({(row["State"], row["Region"], row["Purpose"]) for row in rows})
    amounts = np.zeros((len(atoms), len(starts)))
    place = {atom: number for number, atom in enumerate(atoms)}
    when = {start: number for number, start in enumerate(starts)}
    for row in rows:
        amounts[place[row["State"], row["Region"], row["Purpose"]], when[row["Quarter"]]] += float(row["Trips"])
    labels = {name: [atom[number] for atom in atoms] for number, name in enumerate(("state", "region", "purpose"))}
    return panel_of(amounts, labels, np.array(starts, "datetime64[D]"), "Q")


def told(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
