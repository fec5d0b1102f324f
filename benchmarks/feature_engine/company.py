"""What does a history look like at size? A large company, invented from a seed and imported into a home.

Three years to 2026-01-01: N deals, 20 N activities, about 3.5 N changes of deals, 2 N orders, N / 2 tickets,
N / 5 customers with three contacts each, N / 1000 sellers in teams of eight, 40 products. The tables are
written a million rows at a time, so memory does not grow with the activities.
"""

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.feature_engine.columns import (
    DAY,
    END,
    START,
    WEEK,
    Ints,
    days,
    ids,
    moments,
    money,
    picked,
    prices,
    words,
)
from benchmarks.feature_engine.lives import (
    ACTIVITIES_PER_DEAL,
    CONTACTS_PER_CUSTOMER,
    STAGES,
    Deals,
    activity_rows,
    change_rows,
    deal_rows,
    open_deals,
)
from benchmarks.feature_engine.needed import asked
from features.contracts import Known
from features.history import Delivery, History

COHORT = 50_000
"""Deals whose changes and activities are made at once: a million activities."""
ROWS = 1_000_000
PRODUCTS = 40
TEAM = 8
MOMENTS_PER_DEAL = 3
MONDAY = START + DAY
"""2023-01-02, a Monday."""


def found_company(home: Path, deals: int, seed: int) -> dict[str, int]:
    """Invent a company of so many deals, import it into an empty home, choose the moments; rows of each table."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f"{home.name}-export-", dir=home.parent) as export:
        folder = Path(export)
        lives, deal_ids = _write_tables(folder, deals, seed)
        files = {path.stem: path for path in sorted(folder.glob("*.parquet"))}
        known = dict.fromkeys(("amount", "expected_close_on", "rep_id"), Known.AT_CREATION)
        taken = datetime(2026, 1, 1)
        counts = History.open(home).append(Delivery(files, {"deals": known}, "UTC", "EUR", "a benchmark", taken))
    rows = {table: count.new for table, count in counts.items()}
    asked(home).parent.mkdir()
    rows["moments"] = _ask(asked(home), deal_ids, *_any_time(np.random.default_rng([seed, 9]), lives))
    rows["weekly_moments"] = _ask(asked(home, weekly=True), deal_ids, *_every_monday(lives))
    (asked(home).parent / "size.json").write_text(json.dumps({"seed": seed, **rows}))
    return rows


def _write_tables(folder: Path, deals: int, seed: int) -> tuple[Deals, pa.Array]:
    customers, reps = max(deals // 5, 5), max(deals // 1000, 5)
    names = {
        "deal": ids("D", np.arange(deals)),
        "customer": ids("C", np.arange(customers)),
        "contact": ids("P", np.arange(customers * CONTACTS_PER_CUSTOMER)),
        "rep": ids("R", np.arange(reps), 5),
        "product": ids("X", np.arange(PRODUCTS), 4),
    }

    def write(table: str, parts: Iterable[pa.Table]) -> None:
        writer = None
        for part in parts:
            writer = writer or pq.ParquetWriter(folder / f"{table}.parquet", part.schema)
            writer.write_table(part)
        if writer is not None:
            writer.close()

    def chance(table: int, part: int = 0) -> np.random.Generator:
        return np.random.default_rng([seed, table, part])

    list_price = prices(chance(0), PRODUCTS, 5000.0)
    lives = open_deals(chance(1), deals, customers, reps, list_price)
    cohorts = [(first, min(first + COHORT, deals)) for first in range(0, deals, COHORT)]

    def of_cohorts(make: Callable[[np.random.Generator, Deals, pa.Array, int], pa.Table], table: int) -> None:
        name = {2: "deal_changes", 3: "activities"}[table]
        parts = (make(chance(table, a), lives.cohort(a, b), names["deal"].slice(a, b - a), a) for a, b in cohorts)
        write(name, parts)

    write("deals", [deal_rows(chance(4), lives, names)])
    of_cohorts(lambda rng, cohort, deal, first: change_rows(rng, cohort, deal, names["rep"]), 2)
    of_cohorts(lambda rng, cohort, deal, first: activity_rows(rng, cohort, deal, first * ACTIVITIES_PER_DEAL, names), 3)
    write("customers", [_customers(chance(5), names["customer"])])
    write("contacts", [_contacts(chance(6), names)])
    write(
        "orders",
        _in_time(chance(7), 2 * deals, "ordered_at", lambda rng, number: _orders(rng, number, names, list_price)),
    )
    write("tickets", _in_time(chance(8), deals // 2, "opened_at", lambda rng, number: _tickets(rng, number, names)))
    for table, rows in _lists(chance(10), names, list_price).items():
        write(table, [rows])
    return lives, names["deal"]


def _in_time(
    rng: np.random.Generator, rows: int, column: str, make: Callable[[np.random.Generator, Ints], pa.Table]
) -> Iterable[pa.Table]:
    """Rows spread evenly over the three years in order of time, in parts."""
    for first in range(0, rows, ROWS):
        number = np.arange(first, min(first + ROWS, rows))
        at = np.sort(START + ((number + rng.random(len(number))) * ((END - START) / rows)).astype(np.int64))
        yield make(rng, number).append_column(column, moments(at))


def _customers(rng: np.random.Generator, names: pa.Array) -> pa.Table:
    rows = len(names)
    return pa.table(
        {
            "customer_id": names,
            "industry": words(rng, rows, {"machinery": 4, "retail": 3, "health": 2, "software": 2}, missing=0.05),
            "segment": words(rng, rows, {"small": 6, "middle": 3, "large": 1}),
            "size": words(rng, rows, {"1-10": 4, "11-50": 3, "51-250": 2, "251+": 1}),
            "annual_revenue": pa.array(np.rint(rng.lognormal(14, 1.5, rows)), mask=rng.random(rows) < 0.3),
            "region": words(rng, rows, {"north": 3, "south": 3, "east": 2, "west": 2}),
            "country": words(rng, rows, {"DE": 5, "FR": 3, "PL": 2, "CN": 2}),
            "tier": words(rng, rows, {"A": 1, "B": 3, "C": 6}),
            "created_at": moments(START - (rng.random(rows) * 700 * DAY).astype(np.int64)),
        }
    )


def _contacts(rng: np.random.Generator, names: dict[str, pa.Array]) -> pa.Table:
    rows = len(names["contact"])
    return pa.table(
        {
            "contact_id": names["contact"],
            "customer_id": picked(names["customer"], np.arange(rows) // CONTACTS_PER_CUSTOMER),
            "role": words(rng, rows, {"buyer": 4, "engineer": 3, "head": 2}, missing=0.1),
            "is_decision_maker": pa.array(rng.random(rows) < 0.3),
            "created_at": moments(START + (rng.random(rows) * (END - START)).astype(np.int64)),
        }
    )


def _orders(rng: np.random.Generator, number: Ints, names: dict[str, pa.Array], list_price: Ints) -> pa.Table:
    """One in thirty is a return."""
    rows = len(number)
    product, sign = rng.integers(0, PRODUCTS, rows), np.where(rng.random(rows) < 0.03, -1, 1)
    quantity = rng.integers(1, 6, rows) * sign
    return pa.table(
        {
            "order_id": ids("O", number, 8),
            "customer_id": picked(names["customer"], rng.integers(0, len(names["customer"]), rows)),
            "product_id": picked(names["product"], product),
            "amount": money(list_price[product] * quantity),
            "quantity": pa.array(quantity.astype(np.float64)),
        }
    )


def _tickets(rng: np.random.Generator, number: Ints, names: dict[str, pa.Array]) -> pa.Table:
    rows = len(number)
    return pa.table(
        {
            "ticket_id": ids("T", number, 8),
            "customer_id": picked(names["customer"], rng.integers(0, len(names["customer"]), rows)),
            "kind": words(rng, rows, {"complaint": 3, "question": 5, "feedback": 2}),
            "severity": words(rng, rows, {"low": 5, "high": 2}),
            "satisfaction": pa.array(rng.integers(1, 6, rows).astype(np.float64), mask=rng.random(rows) < 0.4),
        }
    )


def _lists(rng: np.random.Generator, names: dict[str, pa.Array], list_price: Ints) -> dict[str, pa.Table]:
    """The short tables: products, sellers, teams, stages."""
    reps = len(names["rep"])
    team = ids("E", np.arange(reps) // TEAM, 4)
    families = pa.array(["pumps", "valves", "drives", "sensors", "service", "parts"])
    return {
        "products": pa.table(
            {
                "product_id": names["product"],
                "family": picked(families, np.arange(PRODUCTS) % 6),
                "list_price": money(list_price),
            }
        ),
        "reps": pa.table(
            {
                "rep_id": names["rep"],
                "team_id": team,
                "region": words(rng, reps, {"north": 1, "south": 1}),
                "hired_on": days(START // DAY - rng.integers(-300, 3000, reps)),
            }
        ),
        "teams": pa.table({"team_id": team.unique()}),
        "stages": pa.table(
            {
                "pipeline": pa.repeat("sales", len(STAGES)),
                "stage": pa.array(STAGES),
                "position": pa.array(np.arange(1, len(STAGES) + 1)),
                "status": pa.repeat("open", len(STAGES)),
            }
        ),
    }


def _any_time(rng: np.random.Generator, lives: Deals) -> tuple[Ints, Ints]:
    """Three random moments of each deal's life."""
    deal = np.repeat(np.arange(len(lives)), MOMENTS_PER_DEAL)
    life = (lives.ends - lives.created)[deal]
    return deal, lives.created[deal] + 1 + (rng.random(len(deal)) * (life - 2)).astype(np.int64)


def _every_monday(lives: Deals) -> tuple[Ints, Ints]:
    """Every Monday of each deal's life."""
    first = (lives.created - MONDAY) // WEEK + 1
    mondays = (lives.ends - 1 - MONDAY) // WEEK - first + 1
    deal = np.repeat(np.arange(len(lives)), mondays)
    turn = np.arange(len(deal)) - np.repeat(np.cumsum(mondays) - mondays, mondays)
    return deal, MONDAY + (first[deal] + turn) * WEEK


def _ask(target: Path, deal_ids: pa.Array, deal: Ints, at: Ints) -> int:
    """Write the moments in order of time; their number."""
    order = np.argsort(at, kind="stable")
    pq.write_table(pa.table({"deal_id": deal_ids.take(pa.array(deal[order])), "as_of": moments(at[order])}), target)
    return len(order)
