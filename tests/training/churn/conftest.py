"""Customers whose truth is known: buyers with a season, holders of contracts, and datasets made of them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.contracts import STORED_AS, TABLES
from features.history import Delivery, History
from training.churn.candidate import ChurnCandidate
from training.churn.dataset import ChurnData, churn_data
from training.churn.recipe import trained_on

START = datetime(2024, 1, 1)
DAYS = 460
UNTIL = START + timedelta(days=DAYS)
Rows = Sequence[Mapping[str, object]]


def deliver(home: Path, folder: Path, taken: datetime, **tables: Rows) -> History:
    """A history of these rows, told in a delivery taken at a moment."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for table, rows in tables.items():
        names = dict.fromkeys(name for row in rows for name in row)
        kinds = {name: found.kind for name in names if (found := TABLES[table].column(name))}
        columns = {name: pa.array([row.get(name) for row in rows], STORED_AS[kind]) for name, kind in kinds.items()}
        pq.write_table(pa.table(columns), folder / f"{table}.parquet")
        files[table] = folder / f"{table}.parquet"
    history = History(home)
    history.append(Delivery(files, {}, "UTC", "EUR", "invented", taken))
    return history


def orders_of(customers: int, seed: int, days: int = DAYS, season: float = 0.0) -> list[dict[str, object]]:
    """Orders of customers who buy at an own rate, more before the turn of the year, and stop for good with a chance."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for number in range(customers):
        day, gap, worth = random.uniform(-200, days * 0.7), random.gamma(2.0, 20.0) + 4, np.exp(random.normal(4, 0.7))
        while day < days:
            if day >= 0:
                at = START + timedelta(days=float(day))
                amount = Decimal(str(round(float(worth * np.exp(random.normal(0, 0.3))), 2)))
                rows.append(
                    {
                        "order_id": f"o{len(rows)}",
                        "customer_id": f"c{number:03d}",
                        "ordered_at": at.replace(microsecond=0),
                        "amount": amount,
                        "quantity": 1.0,
                    }
                )
            if random.random() < 0.08:
                break
            busy = 1 + season * np.cos(2 * np.pi * (day - 350) / 365)
            day += random.exponential(gap) / busy
    return rows


def contracts_of(customers: int, seed: int, days: int = DAYS) -> list[dict[str, object]]:
    """Monthly contracts; those with a low amount are cancelled ten times as often."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for number in range(customers):
        begun, low = int(random.integers(-300, days - 30)), number % 2 == 0
        left = begun + int(random.exponential(200 if low else 2000)) + 1
        started = date(2024, 1, 1) + timedelta(days=begun)
        rows.append(
            {
                "subscription_id": f"s{number}",
                "customer_id": f"h{number:03d}",
                "started_on": started,
                "cancelled_on": date(2024, 1, 1) + timedelta(days=left) if left < days else None,
                "recurring_amount": Decimal("20.0000") if low else Decimal("90.0000"),
                "interval_months": 1,
            }
        )
    return rows


@pytest.fixture(scope="session")
def told() -> Callable[..., History]:
    """The maker of histories."""
    return deliver


@pytest.fixture(scope="session")
def buyers(tmp_path_factory: pytest.TempPathFactory) -> History:
    """130 customers who simply buy or stop, over a year and a quarter."""
    folder = tmp_path_factory.mktemp("buyers")
    return deliver(folder / "home", folder / "files", UNTIL, orders=orders_of(130, 1, season=0.5))


@pytest.fixture(scope="session")
def holders(tmp_path_factory: pytest.TempPathFactory) -> History:
    """Customers with contracts."""
    folder = tmp_path_factory.mktemp("holders")
    return deliver(folder / "home", folder / "files", UNTIL, subscriptions=contracts_of(200, 2))


@pytest.fixture(scope="session")
def buyers_data(buyers: History) -> ChurnData:
    return churn_data(buyers, UNTIL)


@pytest.fixture(scope="session")
def holders_data(holders: History) -> ChurnData:
    return churn_data(holders, UNTIL)


@pytest.fixture(scope="session")
def buyers_candidate(buyers_data: ChurnData) -> ChurnCandidate:
    return trained_on(buyers_data, 2)


@pytest.fixture(scope="session")
def holders_candidate(holders_data: ChurnData) -> ChurnCandidate:
    return trained_on(holders_data, 1)


@pytest.fixture(scope="session")
def until() -> datetime:
    """The end of the invented histories."""
    return UNTIL
