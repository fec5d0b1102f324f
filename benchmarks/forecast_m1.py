"""How good are forecasts of single series, beside the rivals, on the M1 competition's hold-outs?

`python benchmarks/forecast_m1.py [--data FOLDER] [--period YEARLY QUARTERLY MONTHLY] [--without NAME ...] [--series N]
[--json]`. 1,001 series that add up to nothing; yearly, quarterly and monthly ones are forecast for themselves, 6, 8 and
18 steps ahead as in the competition (Makridakis and others 1982).
Intervals of differences draw series with replacement.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from training.rivals.series import SERIES_RIVALS  # noqa: E402
from training.series.panel import Panel, panel_of  # noqa: E402
from training.series.trial import figures, lines, run_series_trial  # noqa: E402

HORIZON = {"YEARLY": 6, "QUARTERLY": 8, "MONTHLY": 18}
LONGEST = 240
"""Latest periods of a series that are kept, its hold-out included."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "m1")
    parser.add_argument("--period", nargs="*", default=list(HORIZON))
    parser.add_argument("--without", nargs="*", default=[], help="rivals to leave out, by name")
    parser.add_argument("--series", type=int, default=None, help="only the first N of each period")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rivals = [rival for rival in SERIES_RIVALS if rival.name not in options.without]
    found = {}
    for period in options.period:
        horizon = HORIZON[period]
        panel = competition(options.data / "series.parquet", period, horizon, options.series)
        judged = run_series_trial(panel, [], horizon, [panel.n_periods - horizon], rivals, adds_up=False, progress=told)
        found[period.lower()] = figures(judged, by_series=True)["atoms"]
    print("\n".join(lines(found)))
    if options.json:
        print(json.dumps(found))


def competition(file: Path, period: str, horizon: int, most: int | None = None) -> Panel:
    """Series of one period, set so that all hold-outs begin together; dates are made up, theirs differ."""
    import pyarrow.parquet as pq

    table = pq.read_table(file, columns=["series", "period", "part", "pos", "value"]).to_pylist()
    past: dict[str, list[tuple[int, float]]] = {}
    after: dict[str, list[tuple[int, float]]] = {}
    for row in table:
        if row["period"] == period:
            held = past if row["part"] == "x" else after
            held.setdefault(row["series"], []).append((row["pos"], row["value"]))
    names = sorted(past)[:most]
    series = [[value for _, value in sorted(past[n]) + sorted(after[n])][-LONGEST:] for n in names]
    assert all(len(after[name]) == horizon for name in names)
    length = max(map(len, series))
    amounts, first = np.zeros((len(names), length)), np.zeros(len(names), np.int64)
    for row, values in enumerate(series):
        amounts[row, length - len(values) :] = values
        first[row] = length - len(values)
    step = {"YEARLY": 12, "QUARTERLY": 3, "MONTHLY": 1}[period]
    starts = (np.datetime64("1960-01") + np.arange(length) * step).astype("datetime64[D]")
    return panel_of(amounts, {"series": names}, starts, period[0], first=first)


def told(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
