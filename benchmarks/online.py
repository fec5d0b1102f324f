"""How fast are the features of one deal, and how fast does the memory learn? `python benchmarks/online.py [--json]`.

Invents a company of `--deals` (20 activities each) unless `--home` holds one made by `benchmarks/features.py`, loads
every feature it can give into memory, asks one deal after another, cold and warm, tells the memory what happens next,
row by row, asks again, and prints a small table and a line of JSON. Times are in microseconds.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

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


def measure(home: Path, asked: int, told: int) -> dict[str, object]:
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
    before, start = resident_mb(), time.perf_counter()
    memory = Memory(history, features)
    loading, after = time.perf_counter() - start, resident_mb()
    figures: dict[str, object] = {
        "deals": number,
        "deal_features": sum(f.entity == "deal" for f in features),
        "customer_features": sum(f.entity == "customer" for f in features),
        "load_s": round(loading, 1),
        "memory_bytes_per_deal": round((after - before) * 1e6 / number),
        "array_bytes_per_deal": round(memory.bytes / number),
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
    figures["deal_after"] = timed([lambda d=deal: memory.values([d], at, "deal") for deal in chosen])  # type: ignore[misc]
    return figures


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--deals", type=int, default=500_000)
    parser.add_argument("--home", type=Path, help="a company made before")
    parser.add_argument("--asked", type=int, default=2000, help="deals and customers to ask")
    parser.add_argument("--told", type=int, default=5000, help="moments at which something is told")
    parser.add_argument("--json", action="store_true", help="print nothing but a line of JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="online-") as folder:
        home = options.home or Path(folder) / "home"
        if options.home is None:
            found_company(home, options.deals, 7)
        figures = measure(home, options.asked, options.told)
    if not options.json:
        for name, value in figures.items():
            print(f"{name:<24}{value}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
