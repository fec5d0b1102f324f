"""How good are coherent forecasts of AdventureWorks' sales, beside the rivals, at every level?

`python benchmarks/forecast_adventureworks.py [--origins N] [--horizon N] [--without NAME ...] [--resellers] [--json]`.
Monthly sales, told apart by territory, seller and product category in one hierarchy, and by reseller in another; thirty
months in all, so that every method has little more than two years to learn a season from. Origins are the last N months
that the horizon leaves.
"""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from training.rivals.series import SERIES_RIVALS  # noqa: E402
from training.series.panel import Panel, panel_of  # noqa: E402
from training.series.trial import figures, lines, run_series_trial  # noqa: E402

SALES = ("group", "territory", "seller", "category")
SALES_LEVELS = [
    (),
    ("group",),
    ("territory",),
    ("seller",),
    ("category",),
    ("territory", "category"),
    ("seller", "category"),
]
RESELLERS = ("territory", "type", "reseller")
RESELLER_LEVELS = [(), ("territory",), ("type",), ("territory", "type")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "adventureworks")
    parser.add_argument("--origins", type=int, default=6)
    parser.add_argument("--horizon", type=int, default=3)
    parser.add_argument("--without", nargs="*", default=[], help="rivals to leave out, by name")
    parser.add_argument("--resellers", action="store_true", help="judge the hierarchy of 635 resellers too")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rivals = [rival for rival in SERIES_RIVALS if rival.name not in options.without]
    found = {}
    hierarchies = {"sales": (SALES, SALES_LEVELS)}
    if options.resellers:
        hierarchies["resellers"] = (RESELLERS, RESELLER_LEVELS)
    for title, (labels, levels) in hierarchies.items():
        panel = adventureworks(options.data, labels)
        last = panel.n_periods - options.horizon
        origins = range(last - options.origins + 1, last + 1)
        judged = run_series_trial(panel, levels, options.horizon, origins, rivals, progress=told)
        found[title] = figures(judged)
        print(f"\n{title}: {panel.n_atoms} series of {' x '.join(labels)}")
        print("\n".join(lines(found[title])))
    if options.json:
        print(json.dumps(found))


def adventureworks(folder: Path, labels: Sequence[str]) -> Panel:
    """Monthly sales by these labels."""
    regions = {row["SalesTerritoryKey"]: row for row in rows_of(folder / "Region.csv")}
    products = {row["ProductKey"]: row["Category"] for row in rows_of(folder / "Product.csv")}
    types = {row["ResellerKey"]: row["Business Type"] for row in rows_of(folder / "Reseller.csv")}
    sold: dict[tuple[tuple[str, ...], str], float] = {}
    for row in rows_of(folder / "Sales.csv"):
        facts = {
            "group": regions[row["SalesTerritoryKey"]]["Group"],
            "territory": row["SalesTerritoryKey"],
            "seller": row["EmployeeKey"],
            "category": products[row["ProductKey"]],
            "reseller": row["ResellerKey"],
            "type": types[row["ResellerKey"]],
        }
        key = (tuple(facts[name] for name in labels), row["OrderDate"][:7])
        sold[key] = sold.get(key, 0.0) + float(row["Sales"])
    atoms, months = sorted({atom for atom, _ in sold}), sorted({month for _, month in sold})
    amounts = np.array([[sold.get((atom, month), 0.0) for month in months] for atom in atoms])
    told_apart = {name: [atom[number] for atom in atoms] for number, name in enumerate(labels)}
    starts = np.array([f"{month}-01" for month in months], "datetime64[D]")
    return panel_of(amounts, told_apart, starts, "M", country="US")


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig") as opened:
        return list(csv.DictReader(opened))


def told(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
