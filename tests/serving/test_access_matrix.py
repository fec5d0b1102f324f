"""Every call, by everyone, about everything: each must get what the call's declaration says, on both databases."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count

import httpx
import pytest

from serving.access.audit import verify
from serving.access.calls import Call, calls_of
from serving.access.keys import Scope
from serving.access.needs import Applies, Open
from tests.serving.everyone import WHOSE, Asked, Who, World

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
