"""A company, its service, and everyone who may call it, for the matrix of all calls."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import func, select

from features.catalog import CATALOGS, fingerprint
from features.contracts import STORED_AS, TABLES
from features.definition import Feature
from features.history import Delivery, History
from features.online import Memory
from serving.access.audit import BY_COMMAND
from serving.access.calls import Call
from serving.access.keys import Scope, create_key
from serving.access.reach import ALL, Reach, reach
from serving.access.roles import GRANTS, Role
from serving.access.sessions import csrf_token
from serving.access.users import Wanted, create_user
from serving.app import create_app
from serving.cards.keeping import make_cards
from serving.champion import Sources
from serving.settings import ServingSettings
from serving.store.people_tables import AuditEntry

NOW = datetime(2026, 11, 21, 9, 30)
UNTIL = datetime(2026, 11, 1)
WHOSE = ("mine", "mate", "other")
"""A record of the caller's own, of a teammate in a team below, of another team."""

REPS = {"mine": "R-mine", "mate": "R-mate", "other": "R-other"}
TEAMS = {"T-1": None, "T-1-a": "T-1", "T-2": None}
TEAM_OF = {"mine": "T-1", "mate": "T-1-a", "other": "T-2"}
ROWS: Mapping[str, list[dict[str, object]]] = {
    "teams": [{"team_id": team, "name": team, "parent_team_id": above} for team, above in TEAMS.items()],
    "reps": [{"rep_id": rep, "name": rep, "team_id": TEAM_OF[whose]} for whose, rep in REPS.items()],
    "customers": [{"customer_id": f"C-{whose}", "name": whose} for whose in WHOSE],
    "deals": [
        {
            "deal_id": f"D-{whose}",
            "customer_id": f"C-{whose}",
            "rep_id": REPS[whose],
            "status": "open",
            "created_at": datetime(2026, 10, 1),
            "stage": "Proposal",
            "amount": Decimal("1000.0000"),
        }
        for whose in WHOSE
    ],
    "orders": [
        {
            "order_id": f"O-{whose}",
            "customer_id": f"C-{whose}",
            "ordered_at": datetime(2026, 9, 1),
            "amount": Decimal("500.0000"),
        }
        for whose in WHOSE
    ],
}


@dataclass(frozen=True)
class Given:
    """What a model says of everyone."""

    kind: str = "orders"
    probability: float = 0.5
    low: float = 0.4
    high: float = 0.6
    by_days: Mapping[float, float] = field(default_factory=dict)
    around_days: Mapping[float, tuple[float, float]] = field(default_factory=dict)
    close_after_days: float | None = None
    amount: float | None = None
    orders: float | None = None
    value_at_risk: float | None = None
    reasons: tuple[()] = ()
    note: str | None = None


@dataclass(frozen=True)
class Same:
    """A model that says the same of everyone."""

    model: str
    features: tuple[Feature, ...]
    version: str = "1"
    rung: str = "model"
    until: datetime = UNTIL
    base_rate: float = 0.5
    meta: Mapping[str, object] = field(default_factory=lambda: {"says": "The same.", "scorecard": {}})

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.features)

    def answer(self, row: object, horizons: list[float], *rest: object) -> Given:
        return Given(by_days=dict.fromkeys(horizons, 0.5), around_days=dict.fromkeys(horizons, (0.4, 0.6)))


MODELS = {
    "win": Same("win", (CATALOGS["deal"]["deal_amount"], CATALOGS["deal"]["deal_stage"])),
    "churn": Same("churn", (CATALOGS["customer"]["customer_order_value"],)),
}
SOURCES = Sources(
    find=lambda home, model: home / "models" / model if (home / "models" / model).exists() else None,
    watched=lambda home, model: home / "models" / model,
    load=lambda folder: MODELS[folder.name],
    remember=lambda history, features: Memory(history, features, NOW),
)


@dataclass(frozen=True)
class Who:
    """A caller: headers, and what he has."""

    name: str
    headers: Mapping[str, str]
    scopes: tuple[Scope, ...] = ()
    reach: Reach = ALL
    known: bool = True
    session: bool = False

    def sees(self, whose: str) -> bool:
        return self.reach.everything or whose == "mine" or (whose == "mate" and self.reach.team_id == "T-1")


class World:
    """A company, its service, and everyone who may call it."""

    def __init__(self, home: Path, address: str) -> None:
        settings = ServingSettings(
            home=home, database=address, key_recheck=timedelta(0), metrics_open="key", jobs=False
        )  # type: ignore[arg-type]
        _deliver(home)
        self.loop = asyncio.Runner()
        self.app = create_app(settings, lambda: NOW, sources=SOURCES, wall_clock=lambda: NOW)
        self._life = self.app.router.lifespan_context(self.app)
        self.loop.run(self._life.__aenter__())
        assert self.app.state.shelf.wait_until_loaded(timedelta(seconds=20))
        transport = httpx.ASGITransport(app=self.app, client=("192.0.2.7", 1))
        self._client = httpx.AsyncClient(transport=transport, base_url="https://foresell.test")
        self.store = self.app.state.store
        make_cards(self.store, History.existing(home), NOW)
        self.callers = list(self._everyone())
        self.key_id = create_key(self.store, "to be revoked", ["read"], None, NOW).split("_")[1]
        with self.store.session() as session:
            create_user(session, "someone", Wanted(role="scientist"), BY_COMMAND, NOW)

    def close(self) -> None:
        self.loop.run(self._client.aclose())
        self.loop.run(self._life.__aexit__(None, None, None))
        self.loop.close()

    async def send(self, call: Call, who: Who, asked: "Asked") -> httpx.Response:
        request = self._client.build_request(
            call.method, asked.path, json=asked.json, data=asked.form, headers={**who.headers}
        )
        return await self._client.send(request)

    def ask(self, call: Call, who: Who, asked: "Asked") -> httpx.Response:
        return self.loop.run(self.send(call, who, asked))

    def noted(self) -> int:
        """How many entries the audit trail has."""
        with self.store.session() as session:
            return session.scalar(select(func.count()).select_from(AuditEntry)) or 0

    def session(self, name: str) -> dict[str, str]:
        """The headers of a browser in which a user is signed in."""
        with self.store.session() as session:
            session_id = self.app.state.gate.sessions.start(session, name)
        return {"Cookie": f"__Host-foresell-session={session_id}", "X-CSRF-Token": csrf_token(session_id)}

    def _everyone(self) -> Iterator[Who]:
        yield Who("nobody", {}, known=False)
        yield Who("a wrong key", {"Authorization": f"Bearer fsl_abcdefgh_{'x' * 43}"}, known=False)
        yield Who("a wrong session", {"Cookie": f"__Host-foresell-session={'x' * 43}"}, known=False)
        for scope in Scope:
            yield self._key(f"key: {scope}", (scope,), ALL)
        plain = (Scope.SCORE, Scope.READ, Scope.PLAN)
        yield self._key("key: own", plain, reach("own", rep_id=REPS["mine"]))
        yield self._key("key: team", plain, reach("team", team_id="T-1"))
        places = {
            Role.SELLER: Wanted(role="seller", rep_id=REPS["mine"]),
            Role.MANAGER: Wanted(role="manager", rep_id=REPS["mine"], team_id="T-1"),
        }
        for role in Role:
            with self.store.session() as session:
                user = create_user(session, f"the.{role}", places.get(role, Wanted(role=role.value)), BY_COMMAND, NOW)
            yield Who(f"{role}", self.session(user.name), GRANTS[role].scopes, user.reach, session=True)

    def _key(self, name: str, scopes: tuple[Scope, ...], within: Reach) -> Who:
        key = create_key(self.store, name, [scope.value for scope in scopes], None, NOW, reach=within)
        return Who(name, {"Authorization": f"Bearer {key}"}, scopes, within)


def _deliver(home: Path) -> None:
    """Put the company on record, and its models where they are looked for."""
    files = {}
    for table, rows in ROWS.items():
        files[table] = home / f"{table}.parquet"
        kinds = {name: TABLES[table].column(name) for name in rows[0]}
        columns = {
            name: pa.array([row[name] for row in rows], STORED_AS[kind.kind]) for name, kind in kinds.items() if kind
        }
        files[table].parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), files[table])
    History.open(home).append(Delivery(files, {}, "Asia/Shanghai", "CNY", "test", NOW - timedelta(hours=1)))
    for model in MODELS:
        (home / "models" / model).mkdir(parents=True)


@dataclass(frozen=True)
class Asked:
    """A request that a caller who may make it is answered with `status`."""

    path: str
    status: int = 200
    json: object = None
    form: Mapping[str, str] | None = None
