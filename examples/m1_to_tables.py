"""How do the monthly or the quarterly series of the M1 competition become customers and their orders?

    python examples/m1_to_tables.py IN_FOLDER OUT_FOLDER month|quarter

IN_FOLDER holds the series as Parquet with the columns of COLUMNS, `part` x being the history and xx the hold-out. A
series is a customer, its value in a period an order at noon of the period's first day. The calendar of many series is
not told, so all are put on one: every hold-out begins on 2001-01-01. A forecast as of that day sees what the
competition gave, and nothing of the hold-outs. Series differ in what they measure, so only single customers can be
judged, and no total of them.
"""

import sys
from pathlib import Path

import pandas as pd

COLUMNS = ("series", "period", "type", "part", "pos", "value")
HOLD_OUT = pd.Timestamp("2001-01-01")
MONTHS = {"month": 1, "quarter": 3}
PERIODS = {"month": "MONTHLY", "quarter": "QUARTERLY"}


def read_series(folder: Path, period: str) -> pd.DataFrame:
    """The rows of one kind of series, with `starts`, the first day of each value's period."""
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise SystemExit(f"no .parquet file in {folder}")
    table = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    if missing := [column for column in COLUMNS if column not in table.columns]:
        raise SystemExit(f"the table in {folder} has no column {', '.join(missing)}")
    table = table[table["period"] == PERIODS[period]].copy()
    history = table["series"].map(table[table["part"] == "x"].groupby("series")["pos"].count())
    # `pos` counts from 0 in each part: from the hold-out's beginning, the history lies at -1, -2, ...
    ahead = table["pos"] - history.where(table["part"] == "x", 0)
    first = HOLD_OUT.to_period("M")
    table["starts"] = [(first + int(step) * MONTHS[period]).start_time for step in ahead]
    return table.sort_values(["series", "starts"], ignore_index=True)


def make_orders(table: pd.DataFrame) -> pd.DataFrame:
    """One row per series and period."""
    return pd.DataFrame(
        {
            "order_id": table["series"] + " " + table["starts"].dt.strftime("%Y-%m"),
            "customer_id": table["series"],
            "ordered_at": table["starts"] + pd.Timedelta(hours=12),
            "amount": table["value"].round(4),
        }
    )


def make_customers(table: pd.DataFrame) -> pd.DataFrame:
    """One row per series, on record from its first period; the kind of series is the segment."""
    first = table.drop_duplicates("series")
    return pd.DataFrame({"customer_id": first["series"], "segment": first["type"], "created_at": first["starts"]})


def main() -> None:
    """Convert the series in the first folder to tables in the second."""
    if len(sys.argv) != 4 or sys.argv[3] not in MONTHS:
        raise SystemExit("usage: python m1_to_tables.py IN_FOLDER OUT_FOLDER month|quarter")
    table = read_series(Path(sys.argv[1]), sys.argv[3])
    target = Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    for name, rows in {"customers": make_customers(table), "orders": make_orders(table)}.items():
        rows.to_csv(target / f"{name}.csv", index=False)
        print(f"{name}: {len(rows):,} rows")


if __name__ == "__main__":
    main()
