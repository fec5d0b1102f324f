"""Do all ways to a number give the same one? The largest difference between them, over ten thousand open deals.

    python benchmarks/agreement.py [--folder FOLDER] [--home HOME] [--weeks 6] [--deals 10000] [--json]

A company is invented, imported and taught, once: with --folder it is kept there and taken as it is the next time.
More than 10,000 of its deals are open; models learned what was on record two months before its last day, and since then
there were sources, competitors, sellers and kinds of deals that nobody had met, amounts and customers that nobody typed
in, and a thousand events told to the running service. With --home the home of a `foresell demo --no-serve` is asked
instead (as of the end of its models' learning, without events); it is copied, and stays as it is.

Of every open deal and active customer the chance, its interval, and the chance by each horizon with its interval are
read from `foresell predict`, from `foresell score` over what `foresell features build` wrote (with and without
reasons), from MLflow's Python function, and from a service in a process of its own over HTTP: by id (once more before
the events were folded into the history), by record, by an id with changes that change nothing, and by features, in
calls of 1,000, with and without reasons. Then the same, without `predict`, ids and records, for --deals rows as they
stood at the ends of some weeks before. Of each pair of ways it prints the largest difference; one beyond 1e-12, or a
chance missing on one side alone, ends with status 1.
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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import httpx
import numpy as np
import pyarrow.parquet as pq

from serving.access.keys import create_key
from serving.champion import MODELS
from serving.client import Foresell
from serving.store.opening import open_store
from tests.serving.agreement.ways import NEAR, Company, Numbers, apart, by_predict, by_service, keys_of, ways
from training.bundle_file import live_bundle, load_any

DEALS, DAYS, SEED = 74_000, 730, 7
LAST_DAY = date(2026, 11, 1)
LEARNED_BEFORE = timedelta(days=60)
SHARE_NEW = 0.05
"""Of the deals born after the learning: for each column, those that have a value nobody had met, or none."""
EVENTS = 1000
FEWEST = 10_000


class Said(NamedTuple):
    """How a command ended and what it said."""

    status: int
    out: str
    err: str


def command(*words: object) -> Said:
    """Run `foresell` with these words."""
    done = subprocess.run([sys.executable, "-m", "serving.cli", *map(str, words)], capture_output=True, text=True)
    return Said(done.returncode, done.stdout, done.stderr)


def invented(folder: Path) -> Path:
    """The home of the invented company, made where it is not there yet; a mark says that it is whole.

    It is made where it stays: MLflow keeps full addresses.
    """
    home = folder / "home"
    if (whole := home / "whole").exists():
        return home
    from features.history import History
    from features.importing import import_folder
    from simulation.company import CompanySettings
    from simulation.novelties import write_novelties
    from simulation.writing import write_company
    from training.registry import Registry
    from training.retraining import Wish, train_one

    company = CompanySettings(deals=DEALS, days=DAYS, seed=SEED, start=LAST_DAY - timedelta(days=DAYS))
    end = datetime.combine(company.end, datetime.min.time(), ZoneInfo(company.timezone))
    end = end.astimezone(UTC).replace(tzinfo=None)
    shutil.rmtree(home, ignore_errors=True)
    print(f"inventing a company with {DEALS:,} deals", flush=True)
    write_company(company, home / "company")
    write_novelties(
        home / "company", datetime.combine(company.end, datetime.min.time()) - LEARNED_BEFORE, SHARE_NEW, SEED
    )
    import_folder(home / "company", home, home / "company" / "mapping.yaml", end)
    history = History.existing(home)
    for model in ("win", "churn"):
        print(f"teaching the {model} model", flush=True)
        train_one(model, history, Registry(home), end - LEARNED_BEFORE, Wish(folds=1), lambda: end)
    whole.touch()
    return home


def levels_as_of(home: Path, as_of: datetime) -> None:
    """Bring the levels of the live models up to date, as the service does every night."""
    from features.history import History
    from serving.upkeep.following import bring_up_to_date

    for model in MODELS:
        bring_up_to_date(home, History.existing(home), model, as_of)


@contextmanager
def served(home: Path, as_of: datetime) -> Iterator[Foresell]:
    """A client of the home's service, in a process of its own."""
    store = open_store(f"sqlite:///{home / 'foresell.db'}")
    key = create_key(store, "agreement", ["score", "read", "ingest"], None, as_of)
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


def told_events(company: Company, ids: Sequence[str]) -> list[dict[str, object]]:
    """What became of some open deals in the last hours: unknown stages, other amounts, none, calls."""
    random = np.random.default_rng(SEED)
    events: list[dict[str, object]] = []
    for number, deal in enumerate(random.choice(np.array(ids, object), min(EVENTS, len(ids)), replace=False).tolist()):
        at = f"{(company.as_of - timedelta(minutes=1 + number % 600)).isoformat()}Z"
        change: dict[str, object] = {
            "deal_id": deal,
            "changed_at": at,
            "field": "amount",
            "new_value": str(1000 * (number % 90 + 1)),
        }
        row: dict[str, object] = {"table": "deal_changes", "row": change}
        if number % 4 == 0:
            row["row"] = {**change, "field": "stage", "new_value": "Legal review"}
        elif number % 4 == 1:
            row = {
                "table": "activities",
                "row": {"activity_id": f"told-{number}", "deal_id": deal, "type": "call", "happened_at": at},
            }
        elif number % 4 == 2:
            known = company.client.deal(deal)["record"]
            named: dict[str, object] = {name: known[name] for name in ("created_at", "status") if name in known}
            row = {"table": "deals", "row": {"deal_id": deal, **named, "amount": None}}
        events.append({**row, "recorded_at": at})
    return events


def before_folding(company: Company) -> dict[str, Numbers]:
    """What the service says by id of what it was only told; then the events are folded into the history."""
    features = company.features("win")
    events = told_events(company, [each for each, _ in keys_of("win", features)])
    said = company.client.send_events(events, key="agreement")
    print(f"{said['accepted']:,} events told, {said['repeated']:,} of them known", flush=True)
    found = {model: by_service(company, model, company.features(model), "id", 0) for model in ("win", "churn")}
    company.run("jobs", "run", "fold")
    for model in found:
        company.features(model).unlink()
    return found


def on_record(company: Company, model: str) -> dict[str, Numbers]:
    """What every way says of what is open or active at the moment."""
    found = ways(company, model, company.features(model), everything=True)
    return {"predict": by_predict(company, model)} | {name: way() for name, way in found.items()}


def of_weeks(company: Company, model: str, weeks: int, rows: int) -> dict[str, Numbers]:
    """What the ways that take features say of rows drawn from the ends of some weeks before, since the learning."""
    since = f"{(company.as_of - timedelta(weeks=weeks)).date()}"
    path = company.features(model, "--every", "week", "--since", since)
    table = pq.read_table(path)
    picked = np.sort(np.random.default_rng(0).choice(len(table), min(rows, len(table)), replace=False))
    pq.write_table(table.take(picked), path)
    return {name: way() for name, way in ways(company, model, path).items() if "by id" not in name}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="where the invented company is kept, and found again")
    parser.add_argument("--home", type=Path, help="a home to ask instead of the invented company's")
    parser.add_argument("--weeks", type=int, default=6)
    parser.add_argument("--deals", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    with tempfile.TemporaryDirectory(prefix="agreement-") as scratch:
        folder = Path(scratch)
        found = compared(asked.home or invented(asked.folder or folder), asked, folder)
    if asked.json:
        print(
            json.dumps({name: {"rows": rows, "numbers": each, "apart": d} for name, (rows, each, d) in found.items()})
        )
    if not max(most for *_, pairs in found.values() for most in pairs.values()) <= NEAR:
        sys.exit(1)
    if asked.home is None and next(iter(found.values()))[0] < FEWEST:
        sys.exit(f"fewer than {FEWEST:,} open deals were compared")


def compared(source: Path, asked: argparse.Namespace, folder: Path) -> dict[str, tuple[int, int, dict[str, float]]]:
    """What the ways to each model's numbers say of a home, and how far they are apart."""
    home, found = folder / "asked", {}
    shutil.copytree(source, home, ignore=shutil.ignore_patterns("company"))
    as_of = load_any(live_bundle(home, "win")).until  # type: ignore[arg-type]
    if asked.home is None:
        as_of += LEARNED_BEFORE
    levels_as_of(home, as_of)
    with served(home, as_of) as client:
        company = Company(home, as_of, client, command, folder, source.resolve())
        told = before_folding(company) if asked.home is None else {}
        for model in ("win", "churn"):
            begun = time.monotonic()
            said = on_record(company, model)
            if model in told:
                said["service by id, not folded yet"] = told[model]
            found[f"{model}, on record"] = largest(said)
            found[f"{model}, of weeks before"] = largest(of_weeks(company, model, asked.weeks, asked.deals))
            for name in (f"{model}, on record", f"{model}, of weeks before"):
                tell(name, *found[name])
            print(f"  in {time.monotonic() - begun:.0f} s", flush=True)
    return found


def tell(name: str, rows: int, numbers: int, pairs: dict[str, float]) -> None:
    print(f"{name}: {rows:,} rows, {numbers} numbers each", flush=True)
    for pair, most in pairs.items():
        print(f"  {most:8.1e}  {pair}", flush=True)


if __name__ == "__main__":
    main()
