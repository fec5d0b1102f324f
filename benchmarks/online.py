"""How fast are the features of one deal, and how fast does the memory learn? `python benchmarks/online.py [--json]`.

Invents a company of `--deals` (20 activities each; with `--life 10000` nearly all are open) unless `--home` holds one
made by `benchmarks/features.py`, loads every feature it can give into memory, asks one deal after another, cold and
warm, tells the memory what happens next, row by row, asks again, and prints a small table and a line of JSON. Times
are in microseconds.

What a worker of the service takes is asked of processes of their own, `--workers` at once, which have nothing but the
features of deals: the first reads the history, the others find what it left. Each says what it holds when it has its
memory, and after it was asked of `--asked` deals. Only on Linux.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks.feature_engine import lives
from benchmarks.feature_engine.company import found_company
from features.catalog import CATALOGS
from features.history import History
from features.needs import lacking
from features.online import Memory
from features.open_deals import active_customers, open_deals
from features.streams import open_streams

NOW = datetime(2026, 1, 1)
"""When the invented history ends."""
Told = tuple[str, dict[str, object]]


def resident_mb() -> float:
    """What the process holds in memory now, in MB; its peak where the system does not say."""
    pages = Path("/proc/self/statm")
    if pages.exists():
        return int(pages.read_text().split()[1]) * resource.getpagesize() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def held_mb() -> dict[str, float]:
    """What this process holds, in MB: all, its share where it shares, its own, and what is in no file."""
    rows = dict(line.split(":") for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:])
    kb = {name: int(value.split()[0]) * 1.024 / 1e3 for name, value in rows.items()}
    found = {"rss": kb["Rss"], "pss": kb["Pss"], "uss": kb["Private_Clean"] + kb["Private_Dirty"]}
    return {name: round(value, 1) for name, value in (found | {"anonymous": kb["Anonymous"]}).items()}


def work(home: Path, asked: int) -> None:
    """A worker: have the features of deals in memory, be asked, say what it took; each step when a line is read."""
    names = set(json.loads(sys.stdin.readline()))
    features = tuple(feature for feature in CATALOGS["deal"].values() if feature.name in names)
    at_first, start = held_mb(), time.perf_counter()
    memory = Memory(History.existing(home), features)
    started = time.perf_counter() - start
    print(json.dumps({"before": at_first, "start_s": round(started, 3), "started": held_mb()}), flush=True)
    deals = json.loads(sys.stdin.readline())
    at = NOW + timedelta(days=20)
    for deal in deals[:asked]:
        memory.values([deal], at)
    print(flush=True)
    sys.stdin.readline()  # until all were asked: what they share is then shared
    print(json.dumps({"asked": held_mb()}), flush=True)
    sys.stdin.readline()


def workers(home: Path, names: list[str], deals: list[str], number: int, asked: int) -> list[dict[str, object]]:
    """What so many workers take, the first of which has to read the history."""
    shutil.rmtree(home / "run" / "memory", ignore_errors=True)
    command = [sys.executable, __file__, "--work", str(home), "--asked", str(asked)]
    found: list[dict[str, object]] = []
    running = []
    for _ in range(number):
        worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        running.append(worker)
        found.append(json.loads(_said(worker, json.dumps(names))))
    chance = np.random.default_rng(4)
    for worker in running:
        _said(worker, json.dumps([deals[n] for n in chance.permutation(len(deals))[:asked]]))
    for place, worker in enumerate(running):
        found[place] |= json.loads(_said(worker, ""))
    for worker in running:
        worker.communicate("\n")
    return found


def _said(worker: "subprocess.Popen[str]", line: str) -> str:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(f"{line}\n")
    worker.stdin.flush()
    return worker.stdout.readline()


def news(deals: list[str], customers: list[str], rows: int) -> Iterator[list[Told]]:
    """What happens next: mostly activities; some changes, orders and tickets, new deals, and now and then a closing.

    Each list was recorded at one moment.
    """
    chance = np.random.default_rng(5)
    deals = list(deals)
    for number in range(rows):
        at = NOW + timedelta(seconds=60 * (number + 1))
        deal, customer = deals[chance.integers(len(deals))], customers[chance.integers(len(customers))]
        kind = chance.random()
        if kind < 0.75:
            call = {"activity_id": f"new-{number}", "deal_id": deal, "customer_id": customer, "type": "call"}
            yield [("activities", {**call, "direction": "inbound", "rep_id": "R00001", "happened_at": at})]
        elif kind < 0.9:
            field, value = (("amount", "1234.5"), ("stage", "Proposal"), ("expected_close_on", "2026-06-30"))[
                number % 3
            ]
            change = {"deal_id": deal, "field": field, "changed_at": at, "new_value": value}
            yield [("deal_changes", change)]
        elif kind < 0.94:
            order = {"order_id": f"new-{number}", "customer_id": customer, "ordered_at": at, "amount": Decimal(99)}
            yield [("orders", {**order, "quantity": 3.0, "product_id": "X0001"})]
        elif kind < 0.96:
            ticket = {"ticket_id": f"new-{number}", "customer_id": customer, "opened_at": at, "kind": "complaint"}
            yield [("tickets", ticket)]
        elif kind < 0.98:
            row = {"deal_id": f"new-{number}", "customer_id": customer, "status": "open", "created_at": at}
            amount: dict[str, object] = {
                "deal_id": row["deal_id"],
                "field": "amount",
                "changed_at": at,
                "new_value": "500",
            }
            yield [("deals", {**row, "product_id": "X0001"}), ("deal_changes", amount)]
        else:
            deals.remove(deal)
            yield [("deals", {"deal_id": deal, "status": "lost", "closed_at": at})]


def timed(calls: list[Callable[[], object]]) -> dict[str, float]:
    """Microseconds of single calls by the clock and by the processor, which others on the machine do not disturb."""
    spent, used = [], []
    for call in calls:
        start, processor = time.perf_counter(), time.thread_time()
        call()
        used.append((time.thread_time() - processor) * 1e6)
        spent.append((time.perf_counter() - start) * 1e6)
    found = {}
    for name, values in (("", spent), ("cpu_", used)):
        found[f"{name}p50_us"] = round(float(np.median(values)), 1)
        found[f"{name}p99_us"] = round(float(np.quantile(values, 0.99)), 1)
    return found


def measure(home: Path, asked: int, told: int, processes: int) -> dict[str, object]:
    """Load the memory of a home, ask and tell."""
    history = History.existing(home)
    streams = open_streams(history)
    every = (*CATALOGS["deal"].values(), *CATALOGS["customer"].values())
    features = tuple(feature for feature in every if lacking(feature, streams) is None)
    deals = open_deals(history, NOW).ids.tolist()
    customers = active_customers(history, NOW).ids.tolist()
    with history.connect() as con:
        found = con.execute(f"SELECT count(*) FROM ({history.sql_versions('deals')})").fetchone()
    number = 0 if found is None else int(found[0])
    kept = home / "run" / "memory"
    shutil.rmtree(kept, ignore_errors=True)
    before, start = resident_mb(), time.perf_counter()
    memory = Memory(history, features)
    loading, after = time.perf_counter() - start, resident_mb()
    figures: dict[str, object] = {
        "deals": number,
        "open_deals": len(deals),
        "deal_features": sum(f.entity == "deal" for f in features),
        "customer_features": sum(f.entity == "customer" for f in features),
        "load_s": round(loading, 1),
        "memory_bytes_per_deal": round((after - before) * 1e6 / number),
        "mapped_bytes_per_deal": round(memory.bytes / number),
        "file_bytes_per_deal": round(
            sum(f.stat().st_size for f in (home / "run" / "memory").glob("*.memory")) / number
        ),
    }
    at = NOW + timedelta(days=20)
    chance = np.random.default_rng(3)
    chosen = [deals[n] for n in chance.permutation(len(deals))[:asked]]
    buyers = [customers[n] for n in chance.permutation(len(customers))[:asked]]
    for name in ("cold", "warm"):
        figures[f"deal_{name}"] = timed([lambda d=deal: memory.values([d], at, "deal") for deal in chosen])  # type: ignore[misc]
        figures[f"customer_{name}"] = timed([lambda c=one: memory.values([c], at, "customer") for one in buyers])  # type: ignore[misc]
    figures["what_if"] = timed(
        [lambda d=deal: memory.values_of_records([{"deal_id": d, "amount": 7}], at) for deal in chosen[:500]]  # type: ignore[misc]
    )
    calls: dict[str, list[Callable[[], object]]] = {}
    single: list[Callable[[], object]] = []
    for number, rows in enumerate(news(deals, customers, told)):
        recorded = NOW + timedelta(seconds=60 * (number + 1))
        for table, row in rows:
            call = lambda t=table, r=row, w=recorded: memory.absorb(t, r, w)  # noqa: E731
            calls.setdefault(table, []).append(call)
            single.append(call)
    figures["told"] = timed(single)
    figures["told_calls"] = {table: len(found) for table, found in calls.items()}
    if processes and Path("/proc/self/smaps_rollup").exists():
        names = [feature.name for feature in features if feature.entity == "deal"]
        figures["workers"] = workers(home, names, deals, processes, asked)
    figures["deal_after"] = timed([lambda d=deal: memory.values([d], at, "deal") for deal in chosen])  # type: ignore[misc]
    return figures


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--deals", type=int, default=500_000)
    parser.add_argument("--life", type=float, default=lives.MEAN_LIFE, help="mean days from creation to close")
    parser.add_argument("--workers", type=int, default=3, help="processes of which to ask what they hold; 0 for none")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help="a company made before")
    parser.add_argument("--asked", type=int, default=2000, help="deals and customers to ask")
    parser.add_argument("--told", type=int, default=5000, help="moments at which something is told")
    parser.add_argument("--json", action="store_true", help="print nothing but a line of JSON")
    options = parser.parse_args()
    if options.work is not None:
        work(options.work, options.asked)
        return
    lives.MEAN_LIFE = options.life
    with tempfile.TemporaryDirectory(prefix="online-") as folder:
        home = options.home or Path(folder) / "home"
        if options.home is None:
            found_company(home, options.deals, 7)
        figures = measure(home, options.asked, options.told, options.workers)
    if not options.json:
        for name, value in figures.items():
            print(f"{name:<24}{value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
