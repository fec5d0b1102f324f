"""Do all ways to a number give the same one? The largest difference between them, over thousands of deals.

    python benchmarks/agreement.py --home foresell-home [--deals 10000] [--json]

The home is one of `foresell demo --no-serve`; a copy of it is asked, as of the moment at which its live models ended
learning. Of every open deal and active customer the chance, its interval, and the chance by each horizon with its
interval are read from `foresell predict`, from `foresell score` over what `foresell features build` wrote (with and
without reasons), from MLflow's Python function, and from a service in a process of its own over HTTP: by id and by
features, in calls of 1,000, with and without reasons. Then the same, without `predict` and ids, for so many deals as
they were when open at the ends of the weeks before. Of each pair of ways it prints the largest difference; one beyond
1e-12 ends with status 1.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import httpx
import numpy as np
import pyarrow.parquet as pq

from serving.access.keys import create_key
from serving.client import Foresell
from serving.store.opening import open_store
from tests.serving.agreement.ways import NEAR, Company, Numbers, apart, by_predict, ways
from training.bundle_file import live_bundle, load_any


class Said(NamedTuple):
    """How a command ended and what it said."""

    status: int
    out: str
    err: str


def command(*words: object) -> Said:
    """Run `foresell` with these words."""
    done = subprocess.run([sys.executable, "-m", "serving.cli", *map(str, words)], capture_output=True, text=True)
    return Said(done.returncode, done.stdout, done.stderr)


@contextmanager
def served(home: Path, as_of: datetime) -> Iterator[Foresell]:
    """A client of the home's service, in a process of its own."""
    store = open_store(f"sqlite:///{home / 'foresell.db'}")
    key = create_key(store, "agreement", ["score"], None, as_of)
    store.close()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["--home", str(home), "serve", "--port", str(port), "--as-of", f"{as_of.isoformat()}Z"]
    environment = {**os.environ, "FORESELL_JOBS": "false", "FORESELL_LOG_LEVEL": "error"}
    process = subprocess.Popen([sys.executable, "-m", "serving", *words], env=environment)
    try:
        with Foresell(f"http://127.0.0.1:{port}", key, timeout=300) as client:
            for _ in range(3000):
                with suppress(httpx.TransportError):
                    if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=30).status_code == 200:
                        break
                time.sleep(0.1)
            yield client
    finally:
        process.terminate()
        process.wait(60)


def largest(told: dict[str, Numbers]) -> tuple[int, int, dict[str, float]]:
    """How many rows there are, how many numbers each has, and how far each pair of ways is apart at most."""
    first = next(iter(told.values()))
    pairs = {f"{one} | {other}": apart(told[one], told[other]) for one, other in combinations(told, 2)}
    return len(first), len(next(iter(first.values()))), pairs


def on_record(company: Company, model: str) -> dict[str, Numbers]:
    """What every way says of what is open or active at the moment."""
    found = ways(company, model, company.features(model))
    return {"predict": by_predict(company, model)} | {name: way() for name, way in found.items()}


def of_weeks(company: Company, model: str, rows: int) -> dict[str, Numbers]:
    """What the ways that take features say of rows drawn from the ends of all weeks."""
    path = company.features(model, "--every", "week", "--since", "2000-01-01")
    table = pq.read_table(path)
    picked = np.sort(np.random.default_rng(0).choice(len(table), min(rows, len(table)), replace=False))
    pq.write_table(table.take(picked), path)
    return {name: way() for name, way in ways(company, model, path).items() if "by id" not in name}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--deals", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    found: dict[str, tuple[int, int, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="agreement-") as scratch:
        home = Path(scratch, "home")
        shutil.copytree(asked.home, home)
        for model in ("win", "churn"):
            as_of = load_any(live_bundle(home, model)).until  # type: ignore[arg-type]
            with served(home, as_of) as client:
                company = Company(home, as_of, client, command, Path(scratch), asked.home.resolve())
                for name, numbers in (
                    (f"{model}, on record", on_record(company, model)),
                    (f"{model}, of all weeks", of_weeks(company, model, asked.deals)),
                ):
                    found[name] = largest(numbers)
                    tell(name, *found[name])
    if asked.json:
        print(
            json.dumps({name: {"rows": rows, "numbers": each, "apart": d} for name, (rows, each, d) in found.items()})
        )
    if not max(most for *_, pairs in found.values() for most in pairs.values()) <= NEAR:
        sys.exit(1)


def tell(name: str, rows: int, numbers: int, pairs: dict[str, float]) -> None:
    print(f"{name}: {rows:,} rows, {numbers} numbers each", flush=True)
    for pair, most in pairs.items():
        print(f"  {most:8.1e}  {pair}", flush=True)


if __name__ == "__main__":
    main()
