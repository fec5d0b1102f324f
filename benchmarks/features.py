"""How fast is the feature engine, beside pandas and beside only reading the columns?

`python benchmarks/features.py [--deals N] [--repeat K] [--weekly] [--json]`. Invents a company of N deals and 20 N
activities, imports it, and asks thirty features at three moments of each deal's life, of three sides in turn:
`scan` only reads the needed columns (DuckDB), `pandas` does it as a good pandas user would, `ours` is the engine.
Each side runs K times in a process of its own; CPU is user and system time of all its threads, start included.
First the features of a small company are compared: `agree` says how many are equal in pandas and in the engine.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
# Nothing heavy is imported here: a child's peak of memory would count what its parent held.

SIDES = ("scan", "pandas", "ours")
SMALL = 2_000
"""Deals of the company on which the sides are compared."""


@dataclass(frozen=True)
class Run:
    """One process: CPU and wall seconds, peak of resident memory, what it said on its last line."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    said: dict[str, int]


def main() -> None:
    """Parse the command line; measure and print, or be one of the sides."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deals", type=int, help="size of the company (500,000; a home that is reused has its own)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each side; 0 only makes the home")
    parser.add_argument("--weekly", action="store_true", help="ask ours every Monday of each deal's life as well")
    parser.add_argument("--write", action="store_true", help="pandas and ours write their table as Parquet too")
    parser.add_argument("--memory", type=int, metavar="MB", help="what ours may take")
    parser.add_argument("--only", choices=SIDES, help="run only this side, and compare nothing")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, help="keep the company here, or use the one that is here")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object on the last line")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(be(options.side, options)))
        return
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(options, Path(folder))
    if options.json:
        print(json.dumps(figures))


def be(side: str, options: argparse.Namespace) -> dict[str, int]:
    """Do what one child process is for."""
    home: Path = options.home
    if side == "company":
        from benchmarks.feature_engine.company import found_company

        return found_company(home, options.deals, options.seed)
    if side == "agreement":
        from benchmarks.feature_engine.agreement import differing

        return differing(home, options.memory)
    if side == "scan":
        from benchmarks.feature_engine.scan import scan

        return {"rows": scan(home, options.weekly)}
    target = home / "benchmark" / f"{side}.parquet" if options.write else None
    if side == "pandas":
        from benchmarks.feature_engine import in_pandas

        frame = in_pandas.features_of(home, options.weekly)
        if target is not None:
            frame.to_parquet(target, index=False)
        return {"rows": len(frame)}
    from benchmarks.feature_engine import ours
    from benchmarks.feature_engine.needed import FEATURES

    if side == "prepare":
        return {"made": int(ours.prepare(home, FEATURES, options.memory))}
    if target is not None:
        return {"rows": ours.write_features(home, FEATURES, options.memory, target, options.weekly)}
    return {"rows": len(ours.features_of(home, FEATURES, options.memory, options.weekly))}


def run(side: str, home: Path, options: argparse.Namespace, **given: int) -> Run:
    """One side in a process of its own; `given` are options of the child."""
    command = [sys.executable, __file__, "--side", side, "--home", str(home), "--seed", str(options.seed)]
    command += [word for name, value in given.items() for word in (f"--{name}", str(value))]
    command += ["--memory", str(options.memory)] if options.memory else []
    command += ["--write"] if options.write else []
    if side.endswith("weekly"):
        command[command.index(side)] = side.removesuffix(" weekly")
        command.append("--weekly")
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        said = child.stdout.read().splitlines()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"the side {side} ended with status {child.returncode}; see above")
    peak = used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return Run(used.ru_utime + used.ru_stime, time.perf_counter() - started, peak, json.loads(said[-1]))


def measure(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Make or find the company, compare the sides, run them in turn; print a table, return the figures."""
    home: Path = options.home.resolve() if options.home else folder / "home"
    size = company(home, options)
    if not options.repeat:
        return dict(size)
    figures: dict[str, object] = dict(size)
    sides = [options.only] if options.only else list(SIDES)
    if not options.only:
        figures |= agreement(folder / "small", options)
    sides += ["ours weekly"] if options.weekly and "ours" in sides else []
    made = run("prepare", home, options) if "ours" in sides else None
    prepared = made.cpu_s if made and made.said["made"] else 0.0
    runs: dict[str, list[Run]] = {side: [] for side in sides}
    for _ in range(options.repeat):
        for side in sides:
            runs[side].append(run(side, home, options))
    print(f"\n{'median of ' + str(options.repeat):<14}{'CPU s':>9}{'wall s':>9}{'peak MB':>9}")
    for side in sides:
        cpu, wall = median(r.cpu_s for r in runs[side]), median(r.wall_s for r in runs[side])
        # The peak is a promise: the worst run counts.
        peak = max(r.peak_mb for r in runs[side])
        print(f"{side:<14}{cpu:>9.2f}{wall:>9.2f}{peak:>9,.0f}")
        name = side.replace(" ", "_")
        figures |= {f"{name}_cpu_s": round(cpu, 3), f"{name}_wall_s": round(wall, 3), f"{name}_peak_mb": round(peak)}
    if "ours" in sides:
        figures |= {"peak_mb": figures["ours_peak_mb"], "prepare_cpu_s": round(prepared, 3)}
        figures |= ratios({side: median(r.cpu_s for r in found) for side, found in runs.items()}, prepared, size)
    figures |= {"written": options.write, "memory_mb": options.memory, "repeat": options.repeat}
    return figures


def company(home: Path, options: argparse.Namespace) -> dict[str, int]:
    """The rows of each table of the company in this home, which is made where there is none."""
    card = home / "benchmark" / "size.json"
    if not card.exists():
        if (home / "history").exists():
            raise SystemExit(f"{home} holds a history of its own, which must not be mixed with an invented one")
        deals = options.deals or 500_000
        made = run("company", home, options, deals=deals)
        activities, moments = made.said["activities"], made.said["moments"]
        print(f"{deals:,} deals, {activities:,} activities, {moments:,} moments, ", end="")
        print(f"made and imported in {made.wall_s:.1f} s ({made.cpu_s:.1f} s of CPU, {made.peak_mb:,.0f} MB)")
    size: dict[str, int] = json.loads(card.read_text("utf-8"))
    if options.deals not in (None, size["deals"]):
        raise SystemExit(f"the company at {home} has {size['deals']} deals; leave out --deals or use another --home")
    return size


def agreement(home: Path, options: argparse.Namespace) -> dict[str, object]:
    """How many of the features are equal in pandas and in the engine, on a small company."""
    from benchmarks.feature_engine.needed import FEATURES

    run("company", home, options, deals=SMALL)
    differs = run("agreement", home, options).said
    agree = len(FEATURES) - len(differs)
    print(f"{agree} of {len(FEATURES)} features agree with pandas on {SMALL:,} deals")
    for name, rows in differs.items():
        print(f"  {name} differs at {rows:,} moments")
    return {"features": len(FEATURES), "agree": agree, "differ": [*differs]}


def ratios(cpu: dict[str, float], prepared: float, size: dict[str, int]) -> dict[str, float]:
    """How ours stands to the others, and how its time grows from a few moments of each deal to one a week."""
    found = {}
    if "pandas" in cpu:
        found["cpu_ratio_pandas"] = cpu["pandas"] / cpu["ours"]
        found["cpu_ratio_pandas_cold"] = cpu["pandas"] / (cpu["ours"] + prepared)
    if "scan" in cpu:
        found["scan_ratio"] = cpu["ours"] / cpu["scan"]
    if "ours weekly" in cpu:
        events = sum(size[table] for table in ("activities", "deal_changes", "deals", "orders", "tickets"))
        work = (size["weekly_moments"] + events) / (size["moments"] + events)
        found["weekly_work_ratio"] = work
        found["weekly_cpu_ratio"] = cpu["ours weekly"] / cpu["ours"]
    for name, figure in found.items():
        print(f"{name:<24}{figure:>8.2f}")
    return {name: round(figure, 3) for name, figure in found.items()}


if __name__ == "__main__":
    main()
