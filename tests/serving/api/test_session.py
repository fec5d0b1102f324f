from datetime import timedelta

import pytest

from serving.access.audit import BY_COMMAND, entries
from serving.access.users import Wanted, change_user, create_user

PASSWORD = "three quiet rivers"
COOKIE = "__Host-foresell-session"


@pytest.fixture
def anna(site):
    with site.store.session() as session:
        create_user(session, "Anna", Wanted(role="manager", team_id="T-1", password=PASSWORD), BY_COMMAND, site.now)
    return site


def problem(answer):
    return answer.json()["type"].rpartition(":")[2]


def actions(site):
    with site.store.session() as session:
        return [(entry.actor, entry.action) for entry in entries(session)]


def test_who_knows_the_password_gets_a_session(anna):
    answer = anna.sign_in(" ANNA ", PASSWORD)

    assert answer.status_code == 201
    assert answer.json()["actor"] == "user:anna"
    assert answer.json()["scopes"] == ["score", "read", "plan"]
    assert (answer.json()["reach"], answer.json()["team_id"]) == ("team", "T-1")
    said = answer.headers["set-cookie"]
    assert all(part in said for part in (f"{COOKIE}=", "HttpOnly", "Secure", "SameSite=lax", "Path=/"))
    assert "Domain" not in said
    who = anna("GET", "/v1/session").json()
    assert who["actor"] == "user:anna"
    assert who["csrf_token"] == answer.json()["csrf_token"]
    assert who["ends_at"] == answer.json()["ends_at"] == "2026-11-21T21:30:00Z"
    assert actions(anna)[-1] == ("user:anna", "session.started")


def test_the_sessions_id_is_nowhere_in_the_store(anna):
    anna.sign_in("anna", PASSWORD)

    files = list(anna.gate.settings.home.glob("foresell.db*"))
    assert files
    assert not any(anna.cookies[COOKIE].encode() in file.read_bytes() for file in files)


@pytest.mark.parametrize(
    ("name", "password"), [("anna", "wrong password"), ("nobody", PASSWORD), ("an\x00na", PASSWORD)]
)
def test_a_refusal_is_the_same_whatever_was_wrong(anna, name, password):
    answer = anna.sign_in(name, password)

    assert (answer.status_code, problem(answer)) == (401, "sign-in-refused")
    assert "set-cookie" not in answer.headers
    assert "nobody" not in answer.text
    assert actions(anna)[1:] == [("nobody", "session.refused")]
    with anna.store.session() as session:
        assert entries(session)[-1].subject == ("user:anna" if name == "anna" else "user:unknown")


def test_a_closed_account_opens_nothing_and_ends_its_sessions(anna):
    anna.sign_in("anna", PASSWORD)
    with anna.store.session() as session:
        change_user(session, "anna", Wanted(disabled=True), BY_COMMAND, anna.now)

    assert problem(anna("GET", "/v1/session")) == "session-not-accepted"
    assert problem(anna.sign_in("anna", PASSWORD)) == "sign-in-refused"


def test_signing_in_ends_the_session_of_before_and_never_keeps_an_id_that_was_planted(anna):
    anna.cookies[COOKIE] = "planted-by-someone-else"
    anna.sign_in("anna", PASSWORD)
    first = anna.cookies[COOKIE]
    assert first != "planted-by-someone-else"

    anna.sign_in("anna", PASSWORD)
    assert anna.cookies[COOKIE] != first
    anna.cookies[COOKIE] = first
    assert problem(anna("GET", "/v1/session")) == "session-not-accepted"


def test_a_session_ends_when_nothing_is_asked_for_and_in_any_case(anna):
    anna.sign_in("anna", PASSWORD)
    for _ in range(7):
        anna.now += timedelta(minutes=100)
        assert anna("GET", "/v1/session").status_code == 200
    anna.now += timedelta(minutes=20)
    assert problem(anna("GET", "/v1/session")) == "session-not-accepted"

    anna.sign_in("anna", PASSWORD)
    anna.now += timedelta(minutes=121)
    assert problem(anna("GET", "/v1/session")) == "session-not-accepted"


def test_signing_out_ends_it_here_and_in_the_store(anna):
    anna.sign_in("anna", PASSWORD)
    session_id = anna.cookies[COOKIE]

    answer = anna("DELETE", "/v1/session", anna.token())

    assert answer.status_code == 204
    assert COOKIE not in anna.cookies
    anna.cookies[COOKIE] = session_id
    assert problem(anna("GET", "/v1/session")) == "session-not-accepted"
    assert actions(anna)[-1] == ("user:anna", "session.ended")


def test_a_write_with_the_cookie_alone_is_refused(anna):
    anna.sign_in("anna", PASSWORD)
    token = anna.token()

    assert problem(anna("DELETE", "/v1/session")) == "token-not-accepted"
    assert problem(anna("DELETE", "/v1/session", {"X-CSRF-Token": token["X-CSRF-Token"][:-1]})) == "token-not-accepted"
    assert problem(anna("DELETE", "/v1/session", {"X-CSRF-Token": b"\xe9" * 43})) == "token-not-accepted"
    plain = {"Content-Type": "text/plain"}
    assert (
        problem(anna("POST", "/v1/scores/deals", plain, content=b'{"deals":[{"deal_id":"D"}]}')) == "token-not-accepted"
    )
    assert anna("GET", "/v1/session").status_code == 200


@pytest.mark.parametrize(
    "from_elsewhere",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": "https://foresell.test.evil.test"},
        {"Origin": "https://foresell.test:8443"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_site_changes_nothing_even_with_the_token(anna, from_elsewhere):
    anna.sign_in("anna", PASSWORD)

    refused = anna("DELETE", "/v1/session", {**anna.token(), **from_elsewhere})
    assert problem(refused) == "origin-not-accepted"
    other = anna("POST", "/v1/session", from_elsewhere, json={"name": "anna", "password": PASSWORD})
    assert problem(other) == "origin-not-accepted"
    assert anna("DELETE", "/v1/session", {**anna.token(), "Origin": "https://foresell.test"}).status_code == 204


def test_behind_a_proxy_the_public_address_is_where_pages_come_from(open_site):
    site = open_site(public_url="https://sales.example.com/")
    asked = {"name": "nobody", "password": "whatever it is"}

    good = site("POST", "/v1/session", {"Origin": "https://sales.example.com"}, json=asked)
    assert problem(good) == "sign-in-refused"
    bad = site("POST", "/v1/session", {"Origin": "https://foresell.test"}, json=asked)
    assert problem(bad) == "origin-not-accepted"


def test_over_plain_http_one_signs_in_on_this_machine_alone(open_site):
    site = open_site(sign_in_over="loopback")
    with site.store.session() as session:
        create_user(session, "anna", Wanted(role="admin", password=PASSWORD), BY_COMMAND, site.now)
    asked = {"name": "anna", "password": PASSWORD}

    assert problem(site("POST", "/v1/session", json=asked)) == "sign-in-needs-https"
    answer = site("POST", "/v1/session", {"Host": "localhost:8000"}, json=asked)
    assert answer.status_code == 201
    assert "Secure" not in answer.headers["set-cookie"]
    assert "HttpOnly" in answer.headers["set-cookie"]


def test_too_many_refusals_are_counted_by_address_and_name(anna):
    anna.gate.tries._tick = lambda: 0.0
    for _ in range(20):
        assert problem(anna.sign_in("anna", "wrong password")) == "sign-in-refused"

    refused = anna.sign_in("anna", PASSWORD)
    assert (refused.status_code, problem(refused)) == (429, "too-many-tries")
    assert int(refused.headers["retry-after"]) >= 1
    anna.address = "198.51.100.9"
    assert anna.sign_in("anna", PASSWORD).status_code == 201


def test_a_key_needs_no_token_and_has_no_session(site):
    key = site.key("read")

    who = site("GET", "/v1/session", key).json()
    assert who["actor"].startswith("key:")
    assert who["csrf_token"] is None
    assert problem(site("DELETE", "/v1/session", key)) == "session-needed"


def test_a_password_is_hashed_anew_when_the_cost_was_raised(anna, monkeypatch):
    monkeypatch.setattr("serving.access.passwords.N", 32)

    assert anna.sign_in("anna", PASSWORD).status_code == 201
    with anna.store.session() as session:
        from serving.access.users import user_named

        assert str(user_named(session, "anna").password_hash).startswith("scrypt$32$")
