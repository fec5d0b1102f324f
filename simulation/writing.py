"""How is a company of any size written to disk without being held in memory?"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from simulation import rows, targets
from simulation.calendar import build_calendar
from simulation.care import usual_care
from simulation.care_rows import care_table
from simulation.chain import LOST, WON
from simulation.chance import Ints
from simulation.company import AS_EVER, CompanySettings
from simulation.customers import contact_table, created_days, customer_table, meet
from simulation.deals import deals_before
from simulation.dirt import deals_without_amount, soiled_customers, soiled_deals
from simulation.errors import BadCompany
from simulation.orders import NEVER, habits_until, orders_of_deals, orders_of_habit
from simulation.products import products
from simulation.staff import build_staff, sellers, teams
from simulation.story import Story, tell
from simulation.subscriptions import subscriptions_from_before, subscriptions_of_deals
from simulation.tables import in_contract_order
from simulation.tickets import complaints, ticket_table

BREAKS_THE_CONTRACT = ("closed before created", "unknown status")
_CUSTOMERS_PER_CHUNK = 1000
_MAPPING = """\
# The invented company's files bear the contract's names; only its own columns need a line.
timezone: {timezone}
currency: {currency}
tables:
  deals:
    file: deals.parquet
    attributes:
      competitor: at_creation
      budget_confirmed: at_creation
"""


@dataclass(frozen=True)
class CompanyFacts:
    """What was written."""

    folder: Path
    end: date
    """The first day that is no longer on record."""
    rows: dict[str, int]
    """Rows of each table, dirt and all."""
    won: int
    lost: int
    open: int
    """Deals by where they stand at the end, dirt left aside."""
    dirt: dict[str, int]
    """Rows with each kind of blemish."""

    @property
    def broken(self) -> int:
        """Rows that break the contract and must be rejected."""
        return sum(self.dirt[kind] for kind in BREAKS_THE_CONTRACT)


def quiet(_: str) -> None:
    """Progress that nobody wants to see."""


def write_company(
    settings: CompanySettings,
    folder: Path,
    progress: Callable[[str], None] = quiet,
    chunk: int = 20_000,
    until: int | None = None,
) -> CompanyFacts:
    """Write the company's tables, `<table>.parquet`, and `mapping.yaml` into the folder.

    They stand as at 00:00 of the day `until`, counted from the company's first: by default at the history's end.

    Deals are invented and written `chunk` at a time; what is written does not depend on it. Files appear
    under their names when they are complete.
    """
    end = settings.days if until is None else until
    if not 1 <= end <= settings.days:
        raise BadCompany("until", until, f"a day from 1 to {settings.days}")
    folder.mkdir(parents=True, exist_ok=True)
    tally: Counter[str] = Counter()
    dirt: Counter[str] = Counter()
    with _Files(folder) as files:
        _write_small_tables(settings, files, end)
        first_win = _write_deals(settings, files, tally, dirt, progress, chunk, end)
        _write_customers(settings, files, first_win, dirt, progress, end)
    text = _MAPPING.format(timezone=settings.timezone, currency=settings.currency)
    (folder / "mapping.yaml").write_text(text, encoding="utf-8")
    after = settings.start + timedelta(days=end)
    return CompanyFacts(
        folder, after, files.rows, tally["won"], tally["lost"], tally["open"], dict(sorted(dirt.items()))
    )


def _write_small_tables(settings: CompanySettings, files: "_Files", end: int) -> None:
    staff = build_staff(settings)
    files.add("stages", rows.stages())
    files.add("products", products(settings))
    files.add("teams", teams(staff))
    files.add("reps", sellers(staff, settings, build_calendar(settings), end))
    files.add("quotas", targets.quotas(settings, end))
    files.add("fx_rates", targets.fx_rates(settings, end))


def _write_deals(
    settings: CompanySettings,
    files: "_Files",
    tally: Counter[str],
    dirt: Counter[str],
    progress: Callable[[str], None],
    chunk: int,
    end: int,
) -> Ints:
    """Write everything that hangs on deals; the day of each customer's first win comes back."""
    staff, calendar = build_staff(settings), build_calendar(settings)
    first_win = np.full(settings.accounts, NEVER, dtype=np.int64)
    count = deals_before(settings, end)
    for first in range(0, count, chunk):
        after = min(first + chunk, count)
        story = tell(settings, np.arange(first, after, dtype=np.int64), end)
        table, found = soiled_deals(settings, story, rows.deal_table(settings, story))
        dirt.update(found)
        no_amount = deals_without_amount(settings, story.deals.number)
        files.add("deals", table)
        files.add("deal_changes", rows.change_table(settings, story, no_amount))
        files.add("activities", story.talks.table(staff, calendar, story.closed_day, end))
        files.add("orders", orders_of_deals(settings, story))
        files.add("subscriptions", subscriptions_of_deals(settings, story))
        _note_wins(story, first_win)
        tally.update(_ends(story))
        progress(f"{after:,} of {count:,} deals invented")
    return first_win


def _note_wins(story: Story, first_win: Ints) -> None:
    won = story.won
    np.minimum.at(first_win, story.deals.customer.number[won], story.closed_day[won])


def _ends(story: Story) -> dict[str, int]:
    won, lost = int((story.outcome == WON).sum()), int((story.outcome == LOST).sum())
    return {"won": won, "lost": lost, "open": story.outcome.size - won - lost}


def _write_customers(
    settings: CompanySettings,
    files: "_Files",
    first_win: Ints,
    dirt: Counter[str],
    progress: Callable[[str], None],
    end: int,
) -> None:
    """Write everything that hangs on customers and not on one deal."""
    count = int(np.searchsorted(created_days(settings), end))
    for first in range(0, count, _CUSTOMERS_PER_CHUNK):
        after = min(first + _CUSTOMERS_PER_CHUNK, count)
        some = meet(settings, np.arange(first, after, dtype=np.int64))
        upset = complaints(settings, some)
        actions = usual_care(settings, some, first_win[first:after], end)
        habit = habits_until(settings, some, first_win[first:after], upset, actions)
        table, found = soiled_customers(settings, some.number, customer_table(settings, some))
        dirt.update(found)
        files.add("customers", table)
        files.add("contacts", contact_table(settings, some))
        files.add("orders", orders_of_habit(settings, some, habit))
        files.add("tickets", ticket_table(settings, some, upset, end))
        files.add("subscriptions", subscriptions_from_before(settings, some, habit, end))
        if settings.contact != AS_EVER:
            files.add("activities", care_table(settings, some, actions, end))
    progress(f"{count:,} customers invented")


class _Files:
    """Parquet files that grow chunk by chunk and get their names at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self.rows: dict[str, int] = {}

    def add(self, name: str, table: pa.Table) -> None:
        """Append rows to a table's file."""
        table = in_contract_order(name, table)
        if name not in self._writers:
            self._writers[name] = pq.ParquetWriter(self._partial(name), table.schema, compression="zstd")
            self.rows[name] = 0
        self._writers[name].write_table(table)
        self.rows[name] += table.num_rows

    def __enter__(self) -> "_Files":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, writer in self._writers.items():
            writer.close()
            if error is None:
                self._partial(name).replace(self._folder / f"{name}.parquet")
            else:
                self._partial(name).unlink(missing_ok=True)

    def _partial(self, name: str) -> Path:
        return self._folder / f".{name}.partial"
