"""Every call, by everyone, about everything: each must get what the call's declaration says, on both databases."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

from features.catalog import CATALOGS, fingerprint
from features.contracts import STORED_AS, TABLES
from features.definition import Feature
from features.history import Delivery, History
from features.online import Memory
from serving.access.audit import BY_COMMAND, verify
from serving.access.calls import Call, calls_of
from serving.access.keys import Scope, create_key
from serving.access.needs import Applies, Open
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
        make_cards(self.store, History.existing(home), NOW, 0)
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


Shows = Callable[[httpx.Response, str], bool]


@dataclass(frozen=True)
class Example:
    """How a call is tried: the request about a record of mine, of a mate, of another; whether the answer shows it."""

    ask: Callable[[World, str], Asked]
    shows: Shows = lambda answer, whose: answer.is_success
    refused: int = 200
    """What a caller gets who may call and does not see the record."""


NUMBERS = count(1)


def plain(path: str, status: int = 200, json: object = None) -> Example:
    """A call that is about no record."""
    return Example(lambda world, whose: Asked(path, status, json))


def listed(name: str, prefix: str) -> Shows:
    return lambda answer, whose: f"{prefix}-{whose}" in [one[f"{name}_id"] for one in answer.json()[f"{name}s"]]


def scored(answer: httpx.Response, whose: str) -> bool:
    return answer.json()["scores"][0].get("error") is None


def _some_key(world: World, whose: str) -> Asked:
    return Asked(f"/v1/keys/{world.key_id}")


def _new_name(world: World, whose: str) -> Asked:
    return Asked("/v1/users", 201, {"name": f"user{next(NUMBERS)}", "role": "scientist"})


def _event(world: World, whose: str) -> Asked:
    row = {"activity_id": f"A-{next(NUMBERS)}", "deal_id": f"D-{whose}", "type": "call"}
    row["happened_at"] = "2026-11-20T08:00:00Z"
    event = {"id": f"event-{next(NUMBERS)}", "table": "activities", "row": row}
    return Asked("/v1/events", 202, {"events": [event]})


EXAMPLES: Mapping[tuple[str, str], Example] = {
    ("GET", "/openapi.json"): plain("/openapi.json"),
    ("GET", "/docs"): plain("/docs"),
    ("GET", "/healthz"): plain("/healthz"),
    ("GET", "/readyz"): plain("/readyz"),
    ("GET", "/metrics"): plain("/metrics"),
    ("GET", "/"): plain("/", 303),
    ("GET", "/sign-in"): plain("/sign-in"),
    ("POST", "/sign-in"): Example(lambda world, whose: Asked("/sign-in", 403, form={"name": "anna"})),
    ("POST", "/sign-out"): Example(lambda world, whose: Asked("/sign-out", 303, form={"token": ""})),
    ("GET", "/sign-in/oidc"): plain("/sign-in/oidc", 404),
    ("GET", "/sign-in/oidc/return"): plain("/sign-in/oidc/return?state=x&session_state=y", 401),
    ("POST", "/v1/scores/deals"): Example(
        lambda world, whose: Asked("/v1/scores/deals", json={"deals": [{"deal_id": f"D-{whose}"}]}), scored
    ),
    ("POST", "/v1/scores/customers"): Example(
        lambda world, whose: Asked("/v1/scores/customers", json={"customers": [{"customer_id": f"C-{whose}"}]}), scored
    ),
    ("GET", "/v1/deals"): Example(lambda world, whose: Asked("/v1/deals"), listed("deal", "D")),
    ("GET", "/v1/deals/{deal_id:path}"): Example(lambda world, whose: Asked(f"/v1/deals/D-{whose}"), refused=404),
    ("GET", "/v1/customers"): Example(lambda world, whose: Asked("/v1/customers"), listed("customer", "C")),
    ("GET", "/v1/customers/{customer_id:path}"): Example(
        lambda world, whose: Asked(f"/v1/customers/C-{whose}"), refused=404
    ),
    ("GET", "/v1/models"): plain("/v1/models"),
    ("POST", "/v1/events"): Example(_event),
    ("GET", "/v1/events/status"): plain("/v1/events/status"),
    ("GET", "/v1/keys"): plain("/v1/keys"),
    ("POST", "/v1/keys"): plain("/v1/keys", 201, {"name": "new", "scopes": ["read"]}),
    ("DELETE", "/v1/keys/{key_id}"): Example(_some_key),
    ("GET", "/v1/users"): plain("/v1/users"),
    ("POST", "/v1/users"): Example(_new_name),
    ("PATCH", "/v1/users/{name}"): plain("/v1/users/someone", json={"role": "integration"}),
    ("POST", "/v1/session"): plain("/v1/session", 401, {"name": "nobody", "password": "no such password"}),
    ("GET", "/v1/session"): plain("/v1/session"),
    ("DELETE", "/v1/session"): plain("/v1/session", 204),
    ("GET", "/v1/audit"): plain("/v1/audit"),
}
"""How each call is tried. A new route needs its line here."""

CHANGES_NOTHING = {"/v1/scores/deals", "/v1/scores/customers"}
"""Calls by POST that keep nothing."""


@pytest.fixture(scope="module", params=("sqlite", "postgres"))
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The company on each database."""
    home = tmp_path_factory.mktemp("matrix") / "home"
    address = f"sqlite:///{home / 'foresell.db'}"
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres")
        address = str(postgres.address(postgres.make()))
    made = World(home, address)
    yield made
    made.close()


def expected(call: Call, who: Who, whose: str, example: Example, asked: Asked) -> tuple[int, bool]:
    """The status, and whether the record is shown, as the call's declaration says."""
    if isinstance(call.declares, Open):
        return asked.status, True
    need = call.need
    assert need is not None
    if not who.known or (need.session_only and not who.session):
        return 401, False
    if need.scope is not None and need.scope not in who.scopes and Scope.ADMIN not in who.scopes:
        return 403, False
    if need.applies is Applies.ALL_ONLY and not who.reach.everything:
        return 403, False
    if need.applies is Applies.FILTERED and not who.sees(whose):
        return example.refused, False
    return asked.status, True


def test_every_call_says_what_it_needs_and_is_tried(world: World) -> None:
    calls = calls_of(world.app)

    assert [f"{call.method} {call.path}" for call in calls if call.declares is None] == []
    assert {(call.method, call.path) for call in calls} == set(EXAMPLES)


def test_everyone_gets_what_is_declared_and_nothing_else(world: World) -> None:
    tries = [one for call in calls_of(world.app) for one in tries_of(world, call)]

    wrong = world.loop.run(all_wrong(world, tries))

    assert wrong == []
    assert len(tries) > 500
    with world.store.session() as session:
        verify(session)


def tries_of(world: World, call: Call) -> Iterator[tuple[Call, Who, str]]:
    """Everyone, about records of everyone where the answer may differ."""
    filtered = call.need is not None and call.need.applies is Applies.FILTERED
    for who in world.callers:
        may_ask = filtered and expected(call, who, "mine", EXAMPLES[call.method, call.path], Asked(""))[1]
        for whose in WHOSE if may_ask else WHOSE[:1]:
            yield call, who, whose


async def all_wrong(world: World, tries: list[tuple[Call, Who, str]]) -> list[str]:
    """What was answered otherwise than declared."""
    wrong = [await one_wrong(world, *one) for one in tries]
    return [said for said in wrong if said]


async def one_wrong(world: World, call: Call, who: Who, whose: str) -> str:
    example, is_open = EXAMPLES[call.method, call.path], isinstance(call.declares, Open)
    asked = example.ask(world, whose)
    if (call.method, call.path) == ("DELETE", "/v1/session") and who.session:
        who = Who(who.name, world.session("the.seller"), session=True)
    if call.path == "/" and who.session:
        asked = Asked("/")
    if call.path == "/sign-out" and "Cookie" in who.headers:
        asked = Asked("/sign-out", 403, form={"token": "another"})
    writes = call.method != "GET" and call.path not in CHANGES_NOTHING
    status, shown = expected(call, who, whose, example, asked)
    before = world.noted() if writes else 0
    answer = await world.send(call, who, asked)
    entries = world.noted() - before if writes else 0
    good = answer.status_code == status
    if answer.is_success and not is_open:
        good = good and example.shows(answer, whose) == shown
    if writes and not is_open:
        # Signing in is open to all, and leaves its entry where someone is let in: its own tests look at that.
        good = good and entries == (1 if answer.is_success else 0)
    said = f"{answer.status_code} instead of {status}, {entries} entries: {answer.text[:200]}"
    return "" if good else f"{call.method} {call.path} by {who.name} about {whose}: {said}"


def test_no_record_or_what_if_brings_in_what_belongs_to_others(world: World) -> None:
    seller = next(who for who in world.callers if who.name == "key: own")
    everyone = next(who for who in world.callers if who.name == "key: score")
    for call, name, items in OTHERS:
        for item in items:
            asked = Asked(call.path, json={name: [item]})
            refused = world.ask(call, seller, asked)
            said = refused.json()
            if refused.status_code == 200:
                assert said["scores"][0]["error"]["status"] == 404, item
                assert said["scores"][0].get("probability") is None
            else:
                assert (refused.status_code, said["type"].rpartition(":")[2]) == (403, "outside-your-reach"), item
            assert world.ask(call, everyone, asked).status_code == 200, item


DEALS = Call("POST", "/v1/scores/deals", None)
CUSTOMERS = Call("POST", "/v1/scores/customers", None)
OTHERS = (
    (
        DEALS,
        "deals",
        (
            {"deal_id": "D-other"},
            {"deal_id": "D-other", "changes": {"amount": 5}},
            {"deal_id": "D-mine", "changes": {"customer_id": "C-other"}},
            {"deal_id": "D-mine", "changes": {"rep_id": "R-other"}},
            {"record": {"deal_id": "D-other"}},
            {"record": {"customer_id": "C-other"}},
            {"record": {"rep_id": "R-other", "amount": 5}},
            {"record": {"deal_id": "D-mine", "customer_id": "C-mate"}},
        ),
    ),
    (CUSTOMERS, "customers", ({"customer_id": "C-other"}, {"customer_id": "C-other", "changes": {"tier": "gold"}})),
)


def test_new_ids_hide_nothing_and_are_scored(world: World) -> None:
    seller = next(who for who in world.callers if who.name == "key: own")
    record = {"deal_id": "D-new", "customer_id": "C-new", "rep_id": "R-mine", "amount": 5}

    answer = world.ask(DEALS, seller, Asked(DEALS.path, json={"deals": [{"record": record}]}))

    assert answer.status_code == 200
    assert answer.json()["scores"][0]["probability"] == 0.5
