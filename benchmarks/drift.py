"""How soon is drift told, and how often is there a false alarm? On the invented company, whose truth is known.

`python benchmarks/drift.py [--deals N] [--seeds N] [--first SEED] [--only NAMES] [--json]`. Each company has three
years: a win model learns from two, and is watched through the third, week by week, as `foresell drift win --as-of`
does, without being trained again. Once as it is (52 quiet weeks), and once for each injection, which begins `START`
weeks into the year:

* regime: from that day on every second deal that would be won is lost;
* mix: of the deals created from that day on, fifteen in a hundred more each week have one source (or competitor);
* amounts: amounts of deals created from that day on grow by 25 % a week;
* new value: a source (or competitor) that nobody had seen takes fifteen in a hundred more each week;
* leak: an attribute of deals that close from that day on says how they ended.

The exported tables are changed, not the simulator.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from features.as_of import micros  # noqa: E402
from features.history import History  # noqa: E402
from features.importing import import_folder  # noqa: E402
from simulation.company import CompanySettings  # noqa: E402
from simulation.writing import write_company  # noqa: E402
from training.bundle import Bundle  # noqa: E402
from training.drift.reference import Reference, read_reference, write_reference  # noqa: E402
from training.drift.rows import rows_of  # noqa: E402
from training.drift.variation import WINDOW  # noqa: E402
from training.drift.watch import Finding, findings_of  # noqa: E402
from training.recipe import train_win  # noqa: E402
from training.trial import ESTIMATES  # noqa: E402

BEGIN = date(2023, 1, 2)
LEARNED, WATCHED = 104, 52
START = 12
"""Weeks of the watch before an injection begins."""
SOON = 8
"""Weeks after the beginning that are looked at first."""
UNTIL = datetime.combine(BEGIN, datetime.min.time()) + timedelta(weeks=LEARNED)
FROM = UNTIL + timedelta(weeks=START)
TEXTS = {"source": ("deal_source", "event"), "competitor": ("attr_competitor", "in-house")}
"""Columns of deals whose mix may be changed, with their feature and the value that grows: the first that is watched."""
Tables = dict[str, dict[str, list[Any]]]
Change = Callable[[Tables, np.random.Generator, str], None]


def main() -> None:
    """Run all seeds and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deals", type=int, default=12_000, help="deals of the three years (default: 12000)")
    parser.add_argument("--seeds", type=int, default=3, help="companies (default: 3)")
    parser.add_argument("--first", type=int, default=101, help="the first seed (default: 101)")
    parser.add_argument("--only", default="", help="estimates to choose among, as base_rate,blend (default: all)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    assert isinstance(ESTIMATES, dict)
    for name in set(ESTIMATES) - set(options.only.split(",") if options.only else ESTIMATES):
        del ESTIMATES[name]
    found: dict[str, list[object]] = {"false_alarms": [], **{name: [] for name in CHANGES}}
    for seed in range(options.first, options.first + options.seeds):
        begun = time.process_time()
        for name, value in one_company(seed, options.deals).items():
            found[name].append(value)
        print(f"company {seed}: {time.process_time() - begun:.0f} s of processor time", file=sys.stderr)
    print(f"{'run':<12} weeks to the first alarm by company (quiet: weeks with an alarm of {WATCHED})")
    for name, values in found.items():
        print(f"{name:<12} {', '.join('none' if value is None else str(value) for value in values)}")
    if options.json:
        print(json.dumps({"deals": options.deals, "seeds": options.seeds, "first": options.first, **found}))


def one_company(seed: int, deals: int) -> dict[str, object]:
    """Weeks with a false alarm in the quiet year, and weeks to detection of each injection (None: not by the end)."""
    company = CompanySettings(deals=deals, seed=seed, start=BEGIN, days=7 * (LEARNED + WATCHED), timezone="UTC")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_company(company, folder / "files")
        history = imported(folder / "files", folder / "home", company)
        bundle = train_win(history, UNTIL, 1).bundle
        print(f"company {seed}: {bundle.meta['serves']} is watched", file=sys.stderr)
        bundle.save(folder / "bundle")
        write_reference(bundle, history, folder / "bundle")
        reference = read_reference("win", "candidate", folder / "bundle")
        # What the audit leaves out of the model is not watched.
        text = next(name for name, (feature, _) in TEXTS.items() if feature in reference.features)
        quiet = [number for number, one in enumerate(alarms(reference, bundle, history, 0, WATCHED), 1) if one]
        found: dict[str, object] = {"false_alarms": len(quiet)}
        tell(seed, "quiet", quiet[0] if quiet else None)
        for number, (kind, change) in enumerate(CHANGES.items()):
            changed = folder / kind
            inject(folder / "files", changed, change, np.random.default_rng([seed, number]), text)
            history = imported(changed, folder / f"home-{kind}", company)
            # Until an injection begins its weeks are the quiet ones.
            found[kind] = first_alarm(reference, bundle, history, START)
            tell(seed, kind, found[kind])
        return found


def imported(files: Path, home: Path, company: CompanySettings) -> History:
    """The history of a folder of tables."""
    import_folder(files, home, files / "mapping.yaml", datetime.combine(company.end, datetime.min.time()))
    return History.existing(home)


def alarms(
    reference: Reference, bundle: Bundle, history: History, first: int, end: int
) -> Iterator[tuple[Finding, ...]]:
    """The alarms at the end of each of the weeks [first, end) of the watch, counted from 0."""
    rows = rows_of(history, bundle, UNTIL, UNTIL + timedelta(weeks=end), timedelta(weeks=WINDOW))
    for week in range(first, end):
        now = micros(UNTIL + timedelta(weeks=week + 1))
        found = tuple(one for one in findings_of(reference, rows.known_by(now), now) if one.alarm)
        if found:
            print(f"  week {week + 1}: {found[0].says}", file=sys.stderr)
        yield found


def first_alarm(reference: Reference, bundle: Bundle, history: History, first: int) -> int | None:
    """Weeks from `first` to the first alarm; None where there is none. Later weeks are looked at only if need be."""
    soon = min(first + SOON, WATCHED)
    for begin, end in ((first, soon), (soon, WATCHED)):
        for week, found in enumerate(alarms(reference, bundle, history, begin, end), begin):
            if found:
                return week - first + 1
    return None


def tell(seed: int, run: str, weeks: object) -> None:
    """What a run found, on standard error."""
    print(f"company {seed}, {run}: {'no alarm' if weeks is None else f'first alarm in week {weeks}'}", file=sys.stderr)


def inject(files: Path, to: Path, change: Change, random: np.random.Generator, text: str) -> None:
    """A copy of the tables in which deals, and what was written of them, were changed; `text` is a column to change."""
    to.mkdir()
    for file in files.iterdir():
        (to / file.name).write_bytes(file.read_bytes())
    tables = {name: pq.read_table(to / f"{name}.parquet") for name in ("deals", "deal_changes", "orders")}
    columns = {name: table.to_pydict() for name, table in tables.items()}
    change(columns, random, text)
    for name, table in tables.items():
        pq.write_table(pa.table(columns[name], schema=table.schema), to / f"{name}.parquet")


def weeks_after(value: object) -> float:
    """Weeks from the beginning of the injection to a moment; below 0 for one before, or none."""
    return (value - FROM) / timedelta(weeks=1) if isinstance(value, datetime) else -1.0


def regime(tables: Tables, random: np.random.Generator, text: str) -> None:
    """Every second deal that would be won is lost, and orders nothing."""
    deals, changes, orders = tables["deals"], tables["deal_changes"], tables["orders"]
    lost = set()
    for row, (status, closed) in enumerate(zip(deals["status"], deals["closed_at"], strict=True)):
        if status == "won" and weeks_after(closed) >= 0 and random.random() < 0.5:
            deals["status"][row], deals["stage"][row], deals["lost_reason"][row] = "lost", "Lost", "price"
            lost.add(deals["deal_id"][row])
    ends = {"won": "lost", "Won": "Lost"}
    for row, (deal, field, value) in enumerate(
        zip(changes["deal_id"], changes["field"], changes["new_value"], strict=True)
    ):
        if deal in lost and field in ("status", "stage"):
            changes["new_value"][row] = ends.get(str(value), value)
    kept = [row for row, deal in enumerate(orders["deal_id"]) if deal not in lost]
    for name, column in orders.items():
        orders[name] = [column[row] for row in kept]


def grows(value: str | None) -> Change:
    """One value of a text takes fifteen in a hundred more each week."""

    def change(tables: Tables, random: np.random.Generator, text: str) -> None:
        deals = tables["deals"]
        for row, created in enumerate(deals["created_at"]):
            if random.random() < 0.15 * weeks_after(created):
                deals[text][row] = value or TEXTS[text][1]

    return change


def amounts(tables: Tables, random: np.random.Generator, text: str) -> None:
    """Amounts grow by 25 % a week, for a quarter."""
    deals, changes = tables["deals"], tables["deal_changes"]
    factor = {}
    for row, (deal, created) in enumerate(zip(deals["deal_id"], deals["created_at"], strict=True)):
        if (weeks := min(weeks_after(created), 13.0)) > 0:
            factor[deal] = 1.25**weeks
            amount = deals["amount"][row]
            deals["amount"][row] = None if amount is None else (amount * Decimal(factor[deal])).quantize(amount)
    for row, (deal, field) in enumerate(zip(changes["deal_id"], changes["field"], strict=True)):
        if field == "amount" and deal in factor:
            for column in ("old_value", "new_value"):
                if changes[column][row] is not None:
                    changes[column][row] = str(round(float(changes[column][row]) * factor[deal]))


def leak(tables: Tables, random: np.random.Generator, text: str) -> None:
    """The attribute says how the deal ended."""
    deals = tables["deals"]
    for row, (status, closed) in enumerate(zip(deals["status"], deals["closed_at"], strict=True)):
        if weeks_after(closed) >= 0:
            deals["budget_confirmed"][row] = "yes" if status == "won" else "no"


CHANGES: Mapping[str, Change] = {
    "regime": regime,
    "mix": grows(None),
    "amounts": amounts,
    "new value": grows("reseller"),
    "leak": leak,
}


if __name__ == "__main__":
    main()
