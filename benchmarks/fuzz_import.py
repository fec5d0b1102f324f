"""Does any import end in a traceback or hurt the history?

`python benchmarks/fuzz_import.py [--cases N] [--seed N] [--keep FOLDER] [--json]`

Draws the lives of homes at random (tests/features/fuzz), delivers export after export to each and checks the history
after every one. Prints how the imports ended, and each kind of failure once; `--keep` keeps the life that showed it.
"""

import argparse
import json
import pickle
import re
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.features.fuzz.lives import Delivered, lives
from tests.features.fuzz.oracle import Home, loud

LIVES = 100
"""Lives drawn under one seed."""
DEEP = 12
"""Features are computed after one in so many imports."""


class Run:
    """Counts of a run, and where it keeps what failed."""

    def __init__(self, cases: int, keep: Path | None) -> None:
        self.cases, self.keep = cases, keep
        self.done = 0
        self.outcomes: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))

    def live(self, told: list[Delivered]) -> None:
        """Deliver one life to a home of its own; a failure ends that life and is counted."""
        place = self.folder / f"{self.done}"
        place.mkdir(exist_ok=True)
        home = Home(place, deep=lambda number: (self.done + number) % DEEP == 0)
        told = told[: self.cases - self.done]
        lived = 0
        try:
            for delivery in told:
                lived += 1
                with loud():
                    home.delivers(delivery)
        except BaseException as failure:
            if isinstance(failure, KeyboardInterrupt):
                raise
            self._keep(failure, told[:lived])
        finally:
            self.done += lived
            self.outcomes.update(home.outcomes)
            shutil.rmtree(place, ignore_errors=True)

    def _keep(self, failure: BaseException, told: list[Delivered]) -> None:
        """Count a failure by where it happened; the first of a kind is shown and its life written down."""
        ours = [f for f in traceback.extract_tb(failure.__traceback__) if "features" in Path(f.filename).parts]
        words = re.sub(r"[\d'\"].*", "", str(failure).splitlines()[0])[:50] if str(failure) else ""
        kind = f"{type(failure).__name__} at {Path(ours[-1].filename).name}:{ours[-1].name} {words}"
        self.failures[kind] += 1
        if self.failures[kind] > 1:
            return
        print(f"FAILURE {kind}\n{''.join(traceback.format_exception(failure))}", file=sys.stderr, flush=True)
        if self.keep is not None:
            self.keep.mkdir(parents=True, exist_ok=True)
            (self.keep / f"life-{len(self.failures)}.pickle").write_bytes(pickle.dumps(told))


def on_one_thread() -> None:
    """From here on DuckDB and Arrow work in the thread that asks: tiny inputs are not worth handing over."""
    opened = duckdb.connect

    def connect(database: str = ":memory:", read_only: bool = False, config: dict[str, Any] | None = None) -> Any:
        return opened(database, read_only, {**(config or {}), "threads": 1})

    setattr(duckdb, "connect", connect)  # noqa: B010  (as mypy wants it)
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)


def fuzz(cases: int, first: int, keep: Path | None, quiet: bool) -> Run:
    """Deliver `cases` exports; the same for the same seed."""
    run = Run(cases, keep)
    number = 0
    while run.done < cases:

        @seed(first * 1_000_003 + number)
        @settings(
            max_examples=LIVES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(told=lives())
        def some(told: list[Delivered]) -> None:
            if run.done < cases:
                run.live(told)

        some()
        number += 1
        if not quiet:
            print(f"{run.done:,} of {cases:,}, {len(run.failures)} kinds of failure", file=sys.stderr, flush=True)
    shutil.rmtree(run.folder, ignore_errors=True)
    return run


def main() -> None:
    """Parse the command line, fuzz, print; the exit status is 1 where anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000, help="imports")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for the lives that failed")
    parser.add_argument("--replay", type=Path, help="deliver one kept life again and show what it does")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object on the last line")
    options = parser.parse_args()
    if options.replay:
        replay(options.replay)
        return
    on_one_thread()
    start = time.perf_counter()
    run = fuzz(options.cases, options.seed, options.keep, quiet=options.quiet)
    seconds = time.perf_counter() - start
    for outcome, count in run.outcomes.most_common():
        print(f"{outcome:<28}{count:>10,}")
    for failure, count in run.failures.most_common():
        print(f"FAILED {failure:<60}{count:>6,}")
    figures = {
        "cases": run.done,
        "seed": options.seed,
        "failures": sum(run.failures.values()),
        "kinds_of_failure": len(run.failures),
        "imported": run.outcomes["imported"] + run.outcomes["the same again"],
        "kinds_of_outcome": len(run.outcomes),
        "seconds": round(seconds),
        "cases_per_second": round(run.done / seconds, 1),
    }
    for name, figure in figures.items():
        print(f"{name:<28}{figure:>10,}")
    if options.json:
        print(json.dumps({**figures, "outcomes": dict(run.outcomes.most_common())}))
    sys.exit(1 if run.failures else 0)


def replay(path: Path) -> None:
    """Deliver a life that was kept, and say how each delivery ended."""
    told: list[Delivered] = pickle.loads(path.read_bytes())
    with tempfile.TemporaryDirectory() as folder, loud():
        home = Home(Path(folder))
        for delivery in told:
            print(delivery.arguments, delivery.taken_at, "again" if delivery.again else "", delivery.mapping)
            for name, content in delivery.files:
                print(f"--- {name}\n{content[:3000]!r}")
            print("===", home.delivers(delivery), flush=True)


if __name__ == "__main__":
    main()
