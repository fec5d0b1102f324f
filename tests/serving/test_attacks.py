"""What someone tries who may do less than he wants: each way in must stay shut, and be answered without a fault."""

import asyncio
import io
import json
import logging
import threading

import httpx
import pytest

from serving.access.audit import BY_COMMAND, entries
from serving.access.users import Wanted, create_user
from serving.telemetry.request_log import JsonLines

GOOD = "three quiet rivers"


def problem(answer):
    return answer.json()["type"].rpartition(":")[2]


@pytest.fixture
def anna(site):
    with site.store.session() as session:
        create_user(session, "anna", Wanted(role="seller", rep_id="R-1", password=GOOD), BY_COMMAND, site.now)
    return site


NOT_QUITE = [
    lambda key: f"Basic {key}",
    lambda key: key,
    lambda key: f"Bearer{key}",
    lambda key: f"Bearer {key} {key}",
    lambda key: f"Bearer {key},{key}",
    lambda key: f"Bearer {key.upper()}",
    lambda key: f"Bearer {key[:-1]}",
    lambda key: f"Bearer {key}A",
    lambda key: f"Bearer {key}\x00",
    lambda key: f"Bearer fsl_{key.split('_')[1]}_",
    lambda key: "Bearer " + "x" * 60_000,
    lambda key: "Bearer fsl_" + "a" * 8 + "_" + "x" * 60_000,
    lambda key: "Bearer " + "é" * 100,
    lambda key: "Bearer fsl_%00%00%00%00_" + "x" * 43,
    lambda key: "Token " + key,
    lambda key: "",
    lambda key: "Bearer ' OR 1=1 --",
]


def test_an_authorization_that_is_not_quite_one_opens_nothing(site):
    for bend in NOT_QUITE:
        key = site.key("admin")["Authorization"].removeprefix("Bearer ")

        answer = site("GET", "/v1/keys", {"Authorization": bend(key).encode("latin-1")})

        assert answer.status_code == 401
        assert key not in answer.text


def test_two_authorizations_are_none(site):
    """A proxy and the service could each look at another one."""
    low, high = site.key("read")["Authorization"], site.key("admin")["Authorization"]

    for pair in ((low, high), (high, low), (high, high)):
        headers = [("Authorization", one) for one in pair]
        assert site._loop.run(_raw(site, headers)).status_code == 401
        assert site._loop.run(_raw(site, headers, "POST", "/v1/scores/deals")).status_code == 401


async def _raw(site, headers, method="GET", path="/v1/keys"):
    transport = httpx.ASGITransport(app=site.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://foresell.test") as client:
        return await client.request(method, path, headers=headers, json={} if method == "POST" else None)


def test_headers_that_proxies_use_make_nobody_more_than_he_is(anna):
    anna.sign_in("anna", GOOD)
    claims = {
        "X-Forwarded-User": "admin",
        "X-Remote-User": "admin",
        "X-Forwarded-For": "127.0.0.1",
        "X-Original-URL": "/v1/keys",
        "X-HTTP-Method-Override": "DELETE",
        "X-Rewrite-URL": "/v1/users",
    }

    assert problem(anna("GET", "/v1/keys", claims)) == "role-lacks-scope"
    assert anna("GET", "/v1/session", claims).json()["role"] == "seller"


def test_who_changes_his_address_in_a_header_is_still_counted(site):
    site.gate.tries._tick = lambda: 0.0
    wrong = {"Authorization": f"Bearer fsl_abcdefgh_{'x' * 43}"}

    statuses = [site("GET", "/v1/keys", {**wrong, "X-Forwarded-For": f"192.0.2.{n}"}).status_code for n in range(25)]

    assert statuses == [401] * 20 + [429] * 5


def test_a_key_beside_a_session_counts_and_the_session_does_not_add_to_it(anna):
    anna.sign_in("anna", GOOD)

    assert problem(anna("GET", "/v1/keys", anna.key("read"))) == "scope-missing"
    assert problem(anna("GET", "/v1/session", {"Authorization": "Bearer nonsense"})) == "key-not-accepted"
    assert problem(anna("GET", "/v1/session", {"Authorization": ""})) == "key-missing"


NONE_OF_OURS = ["x" * 300, "", "\x00", "é", "../..", "'; DROP TABLE sessions; --", '"quoted"']


def test_a_cookie_that_is_none_of_ours_signs_nobody_in(anna):
    for value in NONE_OF_OURS:
        cookie = f"__Host-foresell-session={value}".encode("latin-1")

        assert anna("GET", "/v1/session", {"Cookie": cookie}).status_code == 401
        assert anna("GET", "/", {"Cookie": cookie}).status_code == 303
        assert (
            anna("POST", "/v1/session", {"Cookie": cookie}, json={"name": "anna", "password": GOOD}).status_code == 201
        )


OTHER_SHAPES = [
    {"name": "anna"},
    {"name": {"$ne": ""}, "password": GOOD},
    {"name": ["anna"], "password": GOOD},
    {"name": "anna", "password": None},
    {"name": "anna", "password": GOOD, "role": "admin"},
    {"name": "anna", "password": "x" * 2000},
    {"name": "x" * 300, "password": GOOD},
    [],
    "anna",
]


def test_credentials_of_another_shape_are_refused_and_not_repeated(anna):
    for body in OTHER_SHAPES:
        answer = anna("POST", "/v1/session", json=body)

        assert answer.status_code == 422
        assert GOOD not in answer.text


def test_credentials_sent_as_a_form_or_as_text_are_no_sign_in(anna):
    """A page of another site can send those without asking first."""
    text = f'{{"name": "anna", "password": "{GOOD}"}}'.encode()

    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = anna("POST", "/v1/session", {"Content-Type": kind}, content=text)
        assert answer.status_code in (415, 422)
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("odd", ["\ud800" * 12, "abcdefgh\udc00ijkl", "\x00" * 12, "🔑" * 12, "\u202eabcdefghijkl"])
def test_odd_characters_are_no_fault_wherever_they_stand(anna, odd):
    admin = {**anna.key("admin"), "Content-Type": "application/json"}
    bodies = {
        "/v1/session": [{"name": "anna", "password": odd}, {"name": odd, "password": GOOD}],
        "/v1/keys": [
            {"name": odd, "scopes": ["read"]},
            {"name": "x", "scopes": [odd]},
            {"name": "x", "scopes": ["read"], "reach": "own", "rep_id": odd},
            {"name": "x", "scopes": ["read"], "expires_at": odd},
        ],
        "/v1/users": [
            {"name": odd, "role": "scientist"},
            {"name": "bo", "role": odd},
            {"name": "bo", "role": "scientist", "email": odd},
            {"name": "bo", "role": "scientist", "email": f"{odd}@b.c"},
            {"name": "cy", "role": "seller", "rep_id": odd},
            {"name": "dee", "role": "scientist", "password": odd},
        ],
    }
    for path, asked in bodies.items():
        for body in asked:
            answer = anna("POST", path, admin, content=json.dumps(body).encode())
            assert answer.status_code < 500, (path, body, answer.text)


def test_paths_that_go_around_lead_nowhere_new(site):
    key = site.key("read")

    for path in ("/v1/deals/../keys", "/v1/deals/%2e%2e/keys", "/v1//keys", "/V1/keys", "/v1/keys/", "/v1/keys%2f"):
        answer = site("GET", path, key)
        assert answer.status_code in (307, 403, 404, 405, 503), path
        assert "fsl_" not in answer.text.replace("fsl_...", "")


def test_nothing_that_is_said_or_logged_holds_a_secret(anna):
    """A day of passwords, keys, cookies and tokens, right and wrong; then the log is searched for each."""
    written = io.StringIO()
    stream = logging.StreamHandler(written)
    stream.setFormatter(JsonLines())
    stream.addFilter(lambda record: not record.name.startswith("http"))  # the client of this test logs its addresses
    root = logging.getLogger()
    before = {name: logging.getLogger(name).level for name in ("", "foresell", "uvicorn", "sqlalchemy.engine")}
    root.addHandler(stream)
    for name in before:
        logging.getLogger(name).setLevel(logging.DEBUG if name != "sqlalchemy.engine" else logging.INFO)
    try:
        admin = anna.key("admin")
        made = anna("POST", "/v1/keys", admin, json={"name": "CRM", "scopes": ["read"]}).json()["key"]
        wrong = "fsl_abcdefgh_" + "w" * 43
        anna("GET", "/v1/models", {"Authorization": f"Bearer {wrong}"})
        anna.sign_in("anna", "a wrong password")
        anna.sign_in("anna", GOOD)
        session_id = anna.cookies["__Host-foresell-session"]
        token = anna.token()["X-CSRF-Token"]
        anna("PATCH", "/v1/users/anna", admin, json={"password": "another good one"})
        anna("PATCH", "/v1/users/anna", admin, json={"password": "too weak"})
        anna("POST", "/v1/session?password=in+the+query", json={"name": "anna", "password": GOOD})
    finally:
        root.removeHandler(stream)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
    log = written.getvalue()
    assert "/v1/session" in log
    assert "UPDATE users" in log
    assert '"user": "anna"' in log
    secrets = [made, made.split("_", 2)[2], admin["Authorization"].split("_", 2)[2], wrong, session_id, token, GOOD]
    secrets += ["a wrong password", "another good one", "too weak", "in+the+query"]
    # What SQLAlchemy is asked to log at INFO shows hashes, never what they are of.
    assert [one for one in secrets if one in log] == []
    with anna.store.session() as session:
        trail = str(entries(session))
    assert [one for one in secrets if one in trail] == []


def test_settings_do_not_show_their_secrets():
    from serving.settings import ServingSettings

    settings = ServingSettings(secret_keys="k" * 44, oidc_client_secret="s" * 44, database="postgresql://u:pw123@h/d")  # type: ignore[arg-type]

    assert not any(secret in repr(settings) + str(settings.model_dump()) for secret in ("k" * 44, "s" * 44, "pw123"))


def test_many_who_try_to_get_in_keep_nobody_waiting_who_is_in(anna, monkeypatch):
    """Passwords are checked by threads of their own; who comes when too many wait is told to come again."""
    anna.sign_in("anna", GOOD)
    go = threading.Event()

    def slow(*_):
        assert go.wait(20)
        return False

    monkeypatch.setattr("serving.access.sign_in.is_password", slow)
    anna.gate.tries.wait = lambda *_: 0

    async def crowd():
        transport = httpx.ASGITransport(app=anna.app, client=("192.0.2.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url="https://foresell.test", timeout=30) as client:
            asked = {"name": "anna", "password": "a wrong password"}
            waiting = [asyncio.create_task(client.post("/v1/session", json=asked)) for _ in range(60)]
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            assert {task.result().status_code for task in done} == {503}
            cookie = {"Cookie": f"__Host-foresell-session={anna.cookies['__Host-foresell-session']}"}
            inside = await asyncio.wait_for(client.get("/v1/session", headers=cookie), 20)
            go.set()
            return inside, await asyncio.gather(*waiting)

    inside, answers = anna._loop.run(crowd())

    assert inside.status_code == 200
    assert {answer.status_code for answer in answers} == {401, 503}
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert problem(refused) == "too-many-sign-ins"
    assert refused.headers["retry-after"]
