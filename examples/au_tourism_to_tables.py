"""How do Australian domestic trips by quarter, region, state and purpose become customers and their orders?

    python examples/au_tourism_to_tables.py IN_FOLDER OUT_FOLDER

IN_FOLDER holds the table, or any part of it, as CSV with the columns of COLUMNS. Those who travel to a region for a
purpose are one customer; its trips of a quarter are one order, dated at noon of the quarter's first day, its amount the
thousands of trips. So a forecast as of the first day of a quarter, 00:00, sees all quarters before it and nothing of
this one. Quarters without a trip have no order.
"""

import sys
from pathlib import Path

import pandas as pd

COLUMNS = ("Quarter", "Region", "State", "Purpose", "Trips")


def read_trips(folder: Path) -> pd.DataFrame:
    """All rows of the CSV files, with `quarter` as the quarter's first day."""
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise SystemExit(f"no .csv file in {folder}")
    trips = pd.concat([pd.read_csv(file) for file in files], ignore_index=True)
    if missing := [column for column in COLUMNS if column not in trips.columns]:
        raise SystemExit(f"the table in {folder} has no column {', '.join(missing)}")
    # A day of the quarter, or the quarter as R writes it: 1998 Q1.
    trips["quarter"] = pd.PeriodIndex(trips["Quarter"].astype(str).str.replace(" ", ""), freq="Q").start_time
    trips["customer_id"] = trips["Region"] + " / " + trips["Purpose"]
    return trips


def make_customers(trips: pd.DataFrame) -> pd.DataFrame:
    """One row per region and purpose, on record from its first quarter."""
    first = trips.sort_values("quarter").drop_duplicates("customer_id").sort_values("customer_id")
    return pd.DataFrame(
        {
            "customer_id": first["customer_id"],
            "region": first["Region"],
            "country": first["State"],
            "segment": first["Purpose"],
            "created_at": first["quarter"],
        }
    )


def make_orders(trips: pd.DataFrame) -> pd.DataFrame:
    """One row per quarter in which there were trips."""
    there = trips[trips["Trips"] > 0].sort_values(["customer_id", "quarter"])
    at = there["quarter"] + pd.Timedelta(hours=12)
    return pd.DataFrame(
        {
            "order_id": there["customer_id"] + " " + there["quarter"].dt.strftime("%Y-%m"),
            "customer_id": there["customer_id"],
            "ordered_at": at,
            "amount": there["Trips"].round(4),
        }
    )


def main() -> None:
    """Convert the table in the first folder to tables in the second."""
    if len(sys.argv) != 3:
        raise SystemExit("usage: python au_tourism_to_tables.py IN_FOLDER OUT_FOLDER")
    trips = read_trips(Path(sys.argv[1]))
    target = Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    for name, table in {"customers": make_customers(trips), "orders": make_orders(trips)}.items():
        table.to_csv(target / f"{name}.csv", index=False)
        print(f"{name}: {len(table):,} rows")


if __name__ == "__main__":
    main()
