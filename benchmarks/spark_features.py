"""Does the Spark engine say what the local one says, to the last bit, and how does its cost grow?

`python benchmarks/spark_features.py [--deals N ...] [--home DIR] [--threads 2] [--memory MB] [--json]`. Invents
companies of N deals (50,000, 100,000 and 200,000; with --home the one that lies there) as `benchmarks/features.py`
does, asks the same thirty features at three moments of each deal's life, and writes the table with both engines, each
in a process of its own. CPU is that of the process and all it started: the JVM and the Python workers. `peak MB` is
the sum of what they held at once. `equal` says whether the two files are the same, byte for byte.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

TICK = os.sysconf("SC_CLK_TCK")
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Parse the command line; measure and print, or be one of the engines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deals", type=int, nargs="+", default=[50_000, 100_000, 200_000], help="sizes to measure")
    parser.add_argument("--home", type=Path, help="measure the company that lies here, or keep one of --deals here")
    parser.add_argument("--threads", type=int, default=2, help="cores for either engine")
    parser.add_argument("--memory", type=int, default=1024, metavar="MB", help="what a worker may take")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object on the last line")
    parser.add_argument("--engine", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.engine:
        print(json.dumps(be(options)))
        return
    print(f"{'deals':>9}{'events':>12}{'moments':>11}{'engine':>8}{'CPU s':>9}{'wall s':>9}{'peak MB':>9}  equal")
    found = []
    if options.home:
        found.append(measure(options.home.resolve(), options.deals[0], options))
    else:
        for deals in options.deals:
            with tempfile.TemporaryDirectory() as folder:
                found.append(measure(Path(folder) / "home", deals, options))
    if options.json:
        print(json.dumps({"threads": options.threads, "memory_mb": options.memory, "runs": found}))


def measure(home: Path, deals: int, options: argparse.Namespace) -> dict[str, object]:
    """Write one company's table with both engines; print and return the figures."""
    card = home / "benchmark" / "size.json"
    if not card.exists():
        make = "import sys; from pathlib import Path; from benchmarks.feature_engine.company import found_company; "
        make += f"found_company(Path(sys.argv[1]), {deals}, {options.seed})"
        subprocess.run([sys.executable, "-c", make, str(home)], check=True, cwd=ROOT)
    size = json.loads(card.read_text("utf-8"))
    events = sum(size[table] for table in ("activities", "deal_changes", "deals", "orders", "tickets"))
    figures: dict[str, object] = {"deals": size["deals"], "events": events, "moments": size["moments"]}
    with tempfile.TemporaryDirectory() as folder:
        files = {engine: Path(folder) / f"{engine}.parquet" for engine in ("local", "spark")}
        told = {engine: run(engine, home, out, options) for engine, out in files.items()}
        equal = files["local"].read_bytes() == files["spark"].read_bytes()
    for engine, said in told.items():
        figures |= {f"{engine}_{name}": round(value, 2) for name, value in said.items()}
        row = f"{size['deals']:>9,}{events:>12,}{size['moments']:>11,}{engine:>8}{said['cpu_s']:>9.1f}"
        print(f"{row}{said['wall_s']:>9.1f}{said['peak_mb']:>9,.0f}  {equal if engine == 'spark' else ''}", flush=True)
    return figures | {"equal": equal}


def run(engine: str, home: Path, out: Path, options: argparse.Namespace) -> dict[str, float]:
    """One engine in a process of its own; CPU and wall seconds, and the peak of memory, of all it started."""
    command = [sys.executable, __file__, "--engine", engine, "--home", str(home), "--out", str(out)]
    command += ["--threads", str(options.threads), "--memory", str(options.memory)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    said: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return said


def be(options: argparse.Namespace) -> dict[str, float]:
    """Write the table with an engine, and say what that took."""
    import numpy as np
    import pyarrow.parquet as pq

    from benchmarks.feature_engine.needed import FEATURES, asked
    from features.as_of import Moments
    from features.catalog import select
    from features.engines import open_engine
    from features.history import History

    peak = Peak()
    rows = pq.read_table(asked(options.home))
    moments = Moments(rows["deal_id"].to_numpy(), rows["as_of"].to_numpy().astype(np.int64))
    history = History.existing(options.home)
    session = None
    if options.engine == "spark":
        from features.engines.spark_session import start_spark

        session = start_spark(options.threads)
    started = time.perf_counter()
    open_engine(options.engine).write_features(
        select(*FEATURES), moments, history, options.out, memory_mb=options.memory, threads=options.threads
    )
    wall = time.perf_counter() - started
    cpu = sum(seconds for _, seconds, _ in family(os.getpid()))
    peak.stop()
    if session is not None:
        session.stop()
    return {"cpu_s": cpu, "wall_s": wall, "peak_mb": peak.mb}


def family(pid: int) -> Iterator[tuple[int, float, float]]:
    """This process and all below it: pid, CPU seconds with those of children that ended, resident MB."""
    parents: dict[int, list[int]] = {}
    told: dict[int, tuple[float, float]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        parents.setdefault(int(fields[1]), []).append(int(entry.name))
        told[int(entry.name)] = (sum(map(int, fields[11:15])) / TICK, int(fields[21]) * PAGE_MB)
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        waiting += parents.get(one, [])
        if one in told:
            yield (one, *told[one])


class Peak:
    """The most that this process and all below it held at once, looked at twice a second."""

    def __init__(self) -> None:
        self.mb = 0.0
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()

    def _look(self) -> None:
        while not self._over.wait(0.5):
            self.mb = max(self.mb, sum(mb for _, _, mb in family(os.getpid())))

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self._watch.join()


if __name__ == "__main__":
    main()
