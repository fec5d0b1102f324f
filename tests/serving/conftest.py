"""A small company behind the service: four deals in a real history, a model whose answers can be worked out by hand."""

import asyncio
import json
import logging
import math
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from threading import Thread
from time import sleep
from typing import NamedTuple

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uvicorn
from fastapi import FastAPI

from features.catalog import fingerprint, select
from features.contracts import Known
from features.definition import Feature
from features.evaluate import Category, Values
from features.history import Delivery, History
from features.staff import Staff
from serving.access.keys import create_key
from serving.app import create_app
from serving.champion import Sources
from serving.settings import ServingSettings
from serving.store.opening import Store, open_store

NOW = datetime(2026, 11, 21, 9, 30)
UNTIL = datetime(2026, 11, 1)
FEATURES = select("deal_amount", "deal_stage")


def log_odds(p: float) -> float:
    return math.log(p / (1 - p))


@dataclass(frozen=True)
class SmallReason:
    feature: str
    value: float | str | None
    effect: float
    text: str


@dataclass(frozen=True)
class SmallScore:
    probability: float | None
    low: float | None
    high: float | None
    by_days: Mapping[float, float]
    close_after_days: float | None
    amount: float | None
    reasons: Sequence[SmallReason]
    note: str | None
    around_days: Mapping[float, tuple[float, float]]


@dataclass(frozen=True)
class SmallChampion:
    """Log-odds of 0.4, one more for each ten times 1,000 of amount, `bonus` for the stage Proposal."""

    version: str
    bonus: float = 0.5
    until: datetime = UNTIL
    model: str = "win"
    rung: str = "model"
    features: tuple[Feature, ...] = FEATURES
    fingerprint: str = fingerprint(FEATURES)
    base_rate: float | None = 0.4
    meta: Mapping[str, object] = field(
        default_factory=lambda: {"says": "The model beats the base rate.", "scorecard": {"log_loss": 0.5}}
    )

    def answer(
        self, row: Mapping[str, float | str | None], horizons: Sequence[float], language: str = "en", most: int = 5
    ) -> SmallScore:
        stage = row.get("deal_stage")
        amount = float(row.get("deal_amount") or 1000)
        raises = "raises" if language == "en" else "提高"
        effects = {"deal_amount": math.log10(amount / 1000), "deal_stage": self.bonus * (stage == "Proposal")}
        shown = {"deal_amount": amount, "deal_stage": stage}
        p = 1 / (1 + math.exp(-log_odds(0.4) - sum(effects.values())))
        reasons = [SmallReason(name, shown[name], effect, raises) for name, effect in effects.items() if effect]
        by_days = {days: p * (1 - math.exp(-days / 50)) for days in horizons}
        around = {days: (chance * 0.9, min(chance * 1.1, 1)) for days, chance in by_days.items()}
        return SmallScore(p, p * 0.9, min(p * 1.1, 1), by_days, 40.0, amount, reasons[:most], None, around)


CUSTOMER_FEATURES = select("customer_days_since_purchase", "customer_last_activity", entity="customer")


@dataclass(frozen=True)
class SmallLeaving:
    kind: str
    probability: float
    low: float
    high: float
    by_days: Mapping[float, float]
    orders: float | None
    value_at_risk: float | None
    reasons: Sequence[SmallReason]
    note: str | None


@dataclass(frozen=True)
class SmallLeaver:
    """Of a hundred customers silent for d days, d leave within 30 days; fewer earlier, more later."""

    version: str
    until: datetime = UNTIL
    model: str = "churn"
    rung: str = "pooled rate"
    features: tuple[Feature, ...] = CUSTOMER_FEATURES
    fingerprint: str = fingerprint(CUSTOMER_FEATURES)
    meta: Mapping[str, object] = field(default_factory=dict)

    def answer(
        self,
        row: Mapping[str, float | str | None],
        horizons: Sequence[float],
        language: str,
        most: int,
        as_of: datetime,
    ) -> SmallLeaving:
        assert as_of >= self.until
        silent = float(row.get("customer_days_since_purchase") or 0)
        by_days = {days: 1 - (1 - min(silent / 100, 0.9)) ** (days / 30) for days in horizons}
        p = by_days[horizons[0]]
        said = "silent" if language == "en" else "沉默"
        reasons = [SmallReason("customer_days_since_purchase", silent, silent / 100, said)]
        return SmallLeaving("orders", p, p * 0.9, min(p * 1.1, 1), by_days, 2.0, 100 * p, reasons[:most], None)


@dataclass(eq=False)
class SmallRecords:
    """Deals of a history, found by DuckDB once."""

    deals: dict[str, dict[str, object]]
    data_as_of: datetime = datetime(2026, 11, 21, 8)

    def has(self, deal_id: str) -> bool:
        return deal_id in self.deals

    def is_open(self, deal_id: str, as_of: datetime) -> bool:
        deal = self.deals[deal_id]
        closed = deal["closed_at"]
        return deal["created_at"] < as_of and (closed is None or as_of <= closed)  # type: ignore[operator]

    def values(self, deal_ids: Sequence[str], as_of: datetime, entity: str = "deal") -> dict[str, Values]:
        if entity == "customer":
            return self._silent([{"C-1": 10.0, "C-2": 50.0}[one] for one in deal_ids])
        return self._columns([self.deals[deal_id] for deal_id in deal_ids])

    def values_of_records(self, records: Sequence[Mapping[str, object]], as_of: datetime) -> dict[str, Values]:
        return self._columns([{**self.deals.get(str(one.get("deal_id")), {}), **one} for one in records])

    def record(self, deal_id: str) -> dict[str, object]:
        return self.deals[deal_id]

    def rep_of(self, deal_id: str) -> str | None:
        return None

    def has_customer(self, customer_id: str) -> bool:
        return customer_id in ("C-1", "C-2", "C-gone")

    def is_active(self, customer_id: str, as_of: datetime) -> bool:
        return customer_id != "C-gone"

    def customer_record(self, customer_id: str) -> dict[str, object]:
        return {"customer_id": customer_id}

    def reps_of_customer(self, customer_id: str) -> frozenset[str]:
        return frozenset()

    def values_of_customers(self, records: Sequence[Mapping[str, object]], as_of: datetime) -> dict[str, Values]:
        return self._silent([80.0 if one.get("segment") == "quiet" else 10.0 for one in records])

    @staticmethod
    def _silent(days: Sequence[float]) -> dict[str, Values]:
        nothing = Category(np.full(len(days), -1), np.array([], dtype=object))
        return {"customer_days_since_purchase": np.array(days), "customer_last_activity": nothing}

    def staff(self) -> Staff:
        return Staff()

    @staticmethod
    def _columns(deals: Sequence[Mapping[str, object]]) -> dict[str, Values]:
        stages = [deal.get("stage") for deal in deals]
        levels = np.array(sorted({str(stage) for stage in stages if stage is not None}), dtype=object)
        places = {level: place for place, level in enumerate(levels)}
        codes = np.array([-1 if stage is None else places[str(stage)] for stage in stages], np.int64)
        amounts = np.array([float(deal.get("amount") or 1000) for deal in deals])  # type: ignore[arg-type]
        return {"deal_amount": amounts, "deal_stage": Category(codes, levels)}


def small_records(history: History, features: tuple[Feature, ...]) -> SmallRecords:
    """The deals' latest rows."""
    with history.connect() as con:
        rows = con.execute(
            "SELECT deal_id, created_at, closed_at, amount, stage, status FROM "
            f"({history.sql_latest('deals')}) ORDER BY deal_id"
        ).fetchall()
    names = ("deal_id", "created_at", "closed_at", "amount", "stage", "status")
    return SmallRecords({row[0]: dict(zip(names, row, strict=True)) for row in rows})


def pointer(home: Path, model: str) -> Path:
    return home / "champions" / f"{model}.json"


def find(home: Path, model: str) -> Path | None:
    if not pointer(home, model).exists():
        return None
    return home / "champions" / json.loads(pointer(home, model).read_text())["folder"]


def load(folder: Path) -> SmallChampion | SmallLeaver:
    stored = json.loads((folder / "bundle.json").read_text())
    if "churn" in str(folder.relative_to(folder.parents[1])):
        return SmallLeaver(stored["version"], datetime.fromisoformat(stored["until"]), meta=stored.get("meta", {}))
    return SmallChampion(stored["version"], stored["bonus"], datetime.fromisoformat(stored["until"]))


def words(folder: Path) -> dict[str, frozenset[str]]:
    return {} if folder.name.startswith("churn") else {"deal_stage": frozenset({"Proposal", "Contact", "Won"})}


SMALL = Sources(find=find, watched=pointer, load=load, remember=small_records, words=words)

DEALS = (
    ("D-1", datetime(2026, 10, 1), None, 1000, "Proposal", "open"),
    ("D-2", datetime(2026, 10, 2), None, 10000, "Contact", "open"),
    ("D-3", datetime(2026, 9, 1), datetime(2026, 11, 10), 5000, "Won", "won"),
    ("单/4", datetime(2026, 11, 1), None, 100, None, "open"),
)


def deliver(home: Path, deals: Sequence[tuple[object, ...]], taken_at: datetime = NOW) -> None:
    """Put deals on record."""
    types = {
        "deal_id": pa.string(),
        "created_at": pa.timestamp("us"),
        "closed_at": pa.timestamp("us"),
        "amount": pa.decimal128(18, 4),
        "stage": pa.string(),
        "status": pa.string(),
    }
    columns = zip(types.items(), zip(*deals, strict=True), strict=True)
    table = pa.table({name: pa.array(list(values), kind) for (name, kind), values in columns})
    home.mkdir(parents=True, exist_ok=True)
    file = home / "delivery.parquet"
    pq.write_table(table, file)
    known = {"deals": {"amount": Known.AT_CREATION, "stage": Known.AT_CREATION}}
    History.open(home).append(Delivery({"deals": file}, known, "Asia/Shanghai", "CNY", "test", taken_at))
    file.unlink()


def promote(
    home: Path,
    version: str,
    bonus: float = 0.5,
    until: datetime = UNTIL,
    content: str | None = None,
    model: str = "win",
) -> None:
    """Make a model the champion the way promotion does: the bundle first, then the pointer at once.

    The `model` may also be `win.shadow`: then it is put into the champion's shadow.
    """
    folder = home / "champions" / f"{model}-{version}"
    folder.mkdir(parents=True, exist_ok=True)
    stored = {"version": version, "bonus": bonus, "until": until.isoformat()}
    (folder / "bundle.json").write_text(content or json.dumps(stored))
    draft = pointer(home, model).with_suffix(".tmp")
    draft.write_text(json.dumps({"version": version, "folder": folder.name}))
    draft.replace(pointer(home, model))


def found(home: Path) -> ServingSettings:
    """Put a history and a champion into a home; settings for it with which nothing is waited for."""
    deliver(home, DEALS)
    promote(home, "7")
    return ServingSettings(home=home, key_recheck="00:00:00")  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _loggers_speak() -> None:
    """Loggers that MLflow's store has silenced or kept to itself in this process say again what they are told."""
    logging.getLogger("sqlalchemy.engine").propagate = True
    for one in logging.root.manager.loggerDict.values():
        if isinstance(one, logging.Logger):
            one.disabled = False


@pytest.fixture
def settings(tmp_path: Path) -> ServingSettings:
    """Settings of a home with a history and a champion."""
    return found(tmp_path / "home")


@dataclass(frozen=True)
class Service:
    """A client of a running app over a real socket, with a key."""

    client: httpx.Client
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def score(self, *deals: Mapping[str, object], **more: object) -> dict[str, object]:
        answer = self.client.post("/v1/scores/deals", json={"deals": deals, **more}, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refused(self, status: int, *deals: Mapping[str, object], **more: object) -> dict[str, object]:
        answer = self.client.post("/v1/scores/deals", json={"deals": deals, **more}, headers=self.headers)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        return dict(answer.json())

    def get(self, path: str) -> dict[str, object]:
        answer = self.client.get(path, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


class Served:
    """An app served by uvicorn on a free port of this machine, in a thread."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self._socket = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=5)
        self._server = uvicorn.Server(config)
        self._thread = Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the service did not start"
            sleep(0.005)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self._socket.getsockname()[1]}", timeout=20)

    def stop(self) -> None:
        """Close the client and wait for the server to end."""
        self.client.close()
        self._server.should_exit = True
        self._thread.join(20)
        self._socket.close()


def make_key(settings: ServingSettings, *scopes: str, expires_at: datetime | None = None) -> str:
    """A key of the service's database."""
    store = open_store(settings.store_address)
    try:
        return create_key(store, "test", scopes, expires_at, NOW)
    finally:
        store.close()


class Starter:
    """Starts services for one home and stops them all."""

    def __init__(self, settings: ServingSettings) -> None:
        self._settings = settings
        self._running: list[Served] = []

    def __call__(
        self,
        scopes: Sequence[str] = ("score", "read"),
        now: datetime = NOW,
        wall: datetime = NOW,
        sources: Sources = SMALL,
        **changed: object,
    ) -> Service:
        wanted = ServingSettings(**{**self._settings.model_dump(), **changed})
        served = Served(create_app(wanted, lambda: now, sources=sources, wall_clock=lambda: wall))
        self._running.append(served)
        served.app.state.shelf.wait_until_loaded(timedelta(seconds=20))
        return Service(served.client, make_key(wanted, *scopes))

    def stop(self) -> None:
        """Stop all that run."""
        for served in self._running:
            served.stop()


@pytest.fixture
def start(settings: ServingSettings) -> Iterator[Starter]:
    """Starts a service of its own: `start(scopes=("score",), now=..., wall=..., sources=..., <setting>=...)`."""
    starter = Starter(settings)
    yield starter
    starter.stop()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service that tests only ask; a test that changes its home starts one of its own."""
    starter = Starter(found(tmp_path_factory.mktemp("service") / "home"))
    yield starter()
    starter.stop()


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The same with a churn model beside, and keys that are remembered: it may answer by the short way."""
    settings = found(tmp_path_factory.mktemp("quick") / "home")
    promote(settings.home, "3", model="churn")
    starter = Starter(settings)
    yield starter(key_recheck="00:10:00")
    starter.stop()


@dataclass(frozen=True)
class Company:
    """What tests tell the small company to do."""

    home: Path
    now: datetime = NOW
    until: datetime = UNTIL
    sources: Sources = SMALL
    champion: type[SmallChampion] = SmallChampion

    def promote(self, version: str, bonus: float = 0.5, until: datetime = UNTIL, model: str = "win") -> None:
        """Make a model the champion, or its shadow (`win.shadow`)."""
        promote(self.home, version, bonus, until, model=model)

    def promote_broken(self, version: str) -> None:
        """Make a model the champion whose bundle cannot be read."""
        promote(self.home, version, content="{")

    def deliver(self, *deals: tuple[object, ...]) -> None:
        """Put more deals on record."""
        deliver(self.home, deals)

    def make_key(self, settings: ServingSettings, *scopes: str, expires_at: datetime | None = None) -> str:
        """A key of the service's database."""
        return make_key(settings, *scopes, expires_at=expires_at)


@pytest.fixture
def company(settings: ServingSettings) -> Company:
    """The company behind the service."""
    return Company(settings.home)


DATABASES = ("sqlite", "postgres")


@pytest.fixture(scope="session")
def _prepared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A database of each kind at this release's layout, to be copied: filled when first asked for."""
    return {"folder": str(tmp_path_factory.mktemp("databases"))}


def _prepared_sqlite(prepared: dict[str, str]) -> Path:
    file = Path(prepared["folder"]) / "prepared.db"
    if "sqlite" not in prepared:
        prepared["sqlite"] = f"sqlite:///{file}"
        open_store(prepared["sqlite"]).close()
    return file


@pytest.fixture(params=DATABASES)
def empty_address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a new database without tables, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    postgres = request.getfixturevalue("postgres")
    name = postgres.make()
    yield str(postgres.address(name))
    postgres.drop(name)


@pytest.fixture(params=DATABASES)
def store_address(request: pytest.FixtureRequest, tmp_path: Path, _prepared: dict[str, str]) -> Iterator[str]:
    """The address of a new database at this release's layout, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        shutil.copy(_prepared_sqlite(_prepared), tmp_path / "store.db")
        yield f"sqlite:///{tmp_path / 'store.db'}"
        return
    postgres = request.getfixturevalue("postgres")
    if "postgres" not in _prepared:
        _prepared["postgres"] = postgres.make()
        open_store(postgres.address(_prepared["postgres"])).close()
    name = postgres.make(_prepared["postgres"])
    yield str(postgres.address(name))
    postgres.drop(name)


@pytest.fixture
def store(store_address: str) -> Iterator[Store]:
    """A new database of the service, open, on SQLite and on PostgreSQL; close what you open at `store_address`."""
    opened = open_store(store_address)
    yield opened
    opened.close()


NOTHING = Sources(find=lambda home, model: None, watched=pointer, load=load, remember=small_records)


class Site:
    """A service without models, asked within this process: for what concerns people. Its clock is moved by tests."""

    def __init__(self, settings: ServingSettings) -> None:
        self.now = NOW
        self._loop = asyncio.Runner()
        self.app = create_app(settings, lambda: NOW, sources=NOTHING, wall_clock=lambda: self.now)
        self._life = self.app.router.lifespan_context(self.app)
        self._loop.run(self._life.__aenter__())
        self.gate = self.app.state.gate
        self.store = self.app.state.store
        self.cookies: dict[str, str] = {}
        self.address = "192.0.2.7"

    def __call__(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **sent: object
    ) -> httpx.Response:
        """Ask as a browser with the cookies it was given; its own page sends the request unless headers say other."""
        return self._loop.run(self._ask(method, path, headers or {}, sent))

    async def _ask(
        self, method: str, path: str, headers: Mapping[str, str], sent: Mapping[str, object]
    ) -> httpx.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        transport = httpx.ASGITransport(app=self.app, client=(self.address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="https://foresell.test") as client:
            given = {**({"Cookie": cookie} if cookie else {}), **headers}
            answer = await client.request(method, path, headers=given, **sent)  # type: ignore[arg-type]
        for set_cookie in answer.headers.get_list("set-cookie"):
            name, _, value = set_cookie.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
            if not self.cookies[name]:
                del self.cookies[name]
        return answer

    def key(self, *scopes: str, **more: object) -> dict[str, str]:
        """The header of a new key."""
        return {"Authorization": f"Bearer {create_key(self.store, 'test', scopes, None, self.now, **more)}"}  # type: ignore[arg-type]

    def sign_in(self, name: str, password: str) -> httpx.Response:
        """Sign in as a program in a browser does."""
        return self("POST", "/v1/session", json={"name": name, "password": password})

    def token(self) -> dict[str, str]:
        """The header that writes of the session need."""
        return {"X-CSRF-Token": self("GET", "/v1/session").json()["csrf_token"]}

    def close(self) -> None:
        """End the service."""
        self._loop.run(self._life.__aexit__(None, None, None))
        self._loop.close()


@pytest.fixture
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost next to nothing: tests of what is around them."""
    from serving.access import passwords

    monkeypatch.setattr("serving.access.keys.SCRYPT_N", 16)
    for name, value in (("N", 16), ("P", 1)):
        monkeypatch.setattr(passwords, name, value)
    passwords._nobodys.cache_clear()


@pytest.fixture
def open_site(tmp_path: Path, cheap_hashes: None, _prepared: dict[str, str]) -> Iterator[Callable[..., Site]]:
    """Opens a site with these settings: `open_site(session_idle=...)`."""
    opened: list[Site] = []
    (tmp_path / "home").mkdir()
    shutil.copy(_prepared_sqlite(_prepared), tmp_path / "home" / "foresell.db")

    def make(**changed: object) -> Site:
        given = {"home": tmp_path / "home", "key_recheck": timedelta(0), "first_load_wait": timedelta(0), "jobs": False}
        opened.append(Site(ServingSettings(**{**given, **changed})))  # type: ignore[arg-type]
        return opened[-1]

    yield make
    for site in opened:
        site.close()


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Site:
    """A service without models."""
    return open_site()


class Said(NamedTuple):
    """How a command ended and what it said."""

    status: int
    out: str
    err: str


@pytest.fixture(scope="session")
def command() -> Callable[..., Said]:
    """Runs `foresell` with these words in this process."""
    from serving.cli import main

    def run(*given: object) -> Said:
        out, err, before = StringIO(), StringIO(), sys.argv
        sys.argv, status = ["foresell", *map(str, given)], 0
        try:
            with redirect_stdout(out), redirect_stderr(err):
                main()
        except SystemExit as ended:
            status = int(ended.code or 0)
        finally:
            sys.argv = before
        return Said(status, out.getvalue(), err.getvalue())

    return run


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, command: Callable[..., Said]) -> tuple[Path, Said]:
    """The home that `foresell demo --no-serve` made, with all its models, and what was said. Copy it to change it."""
    home = tmp_path_factory.mktemp("demo") / "home"
    return home, command("--home", home, "demo", "--deals", 300, "--no-serve")


class Process:
    """`foresell serve` in a process of its own on a free port, with settings from the environment."""

    def __init__(self, log: Path, words: Sequence[object], program: str, given: Mapping[str, str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.log, self.address = log, f"http://127.0.0.1:{self.port}"
        line = [sys.executable, "-c", program, "serve", "--port", str(self.port), *map(str, words)]
        environment = {**os.environ, **{f"FORESELL_{name.upper()}": value for name, value in given.items()}}
        with log.open("wb") as stream:
            self._process = subprocess.Popen(line, env=environment, stdout=stream, stderr=stream)
        self.pid = self._process.pid

    def wait_until_ready(self, seconds: float = 60) -> "Process":
        """Until it can answer scores."""
        for _ in range(round(seconds / 0.05)):
            assert self._process.poll() is None, self.log.read_text()
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.address}/readyz", timeout=10).status_code == 200:
                    return self
            sleep(0.05)
        raise AssertionError(self.log.read_text()[-3000:])

    def lines(self) -> list[dict[str, object]]:
        """What it logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self) -> None:
        """Ask it to end, and wait."""
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait(60)


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Process]]:
    """Starts processes of the service and stops them: `serve("--as-of", ..., home=..., database=...)`."""
    logs, running = tmp_path_factory.mktemp("serve"), list[Process]()

    def begin(*given: object, program: str = "from serving.cli import main; main()", **settings: str) -> Process:
        running.append(Process(logs / f"{len(running)}.log", given, program, settings))
        return running[-1]

    yield begin
    for one in running:
        one.stop()
