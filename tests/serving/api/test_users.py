import pytest

from serving.access.audit import BY_COMMAND, entries
from serving.access.users import Wanted, create_user

GOOD = "three quiet rivers"


def problem(answer):
    return answer.json()["type"].rpartition(":")[2]


def test_a_user_is_made_changed_closed_and_never_shows_a_password(site):
    admin = site.key("admin")
    asked = {"name": "Anna", "role": "manager", "team_id": "T-1", "email": "A@b.co", "password": GOOD}

    made = site("POST", "/v1/users", admin, json=asked)
    assert made.status_code == 201
    assert (made.json()["name"], made.json()["reach"], made.json()["has_password"]) == ("anna", "team", True)
    assert site.sign_in("anna", GOOD).status_code == 201
    changed = site("PATCH", "/v1/users/anna", admin, json={"role": "seller", "rep_id": "R-1"})
    assert (changed.json()["role"], changed.json()["reach"], changed.json()["rep_id"]) == ("seller", "own", "R-1")
    closed = site("PATCH", "/v1/users/ANNA", admin, json={"disabled": True})
    assert closed.json()["disabled_at"]
    assert problem(site.sign_in("anna", GOOD)) == "sign-in-refused"
    listed = site("GET", "/v1/users", admin)
    assert [user["name"] for user in listed.json()["users"]] == ["anna"]
    assert GOOD not in listed.text + made.text
    with site.store.session() as session:
        assert GOOD not in str(entries(session))


def test_a_change_signs_the_user_out_at_once_also_where_sessions_are_remembered(open_site):
    site = open_site(key_recheck="00:05:00")
    with site.store.session() as session:
        create_user(session, "anna", Wanted(role="scientist", password=GOOD), BY_COMMAND, site.now)
    site.sign_in("anna", GOOD)
    assert site("GET", "/v1/session").json()["role"] == "scientist"

    site("PATCH", "/v1/users/ANNA", site.key("admin"), json={"role": "integration"})

    assert problem(site("GET", "/v1/session")) == "session-not-accepted"


def test_the_last_administrator_cannot_lock_everyone_out(site):
    admin = site.key("admin")
    site("POST", "/v1/users", admin, json={"name": "anna", "role": "admin", "password": GOOD})

    assert problem(site("PATCH", "/v1/users/anna", admin, json={"disabled": True})) == "last-admin"
    assert problem(site("PATCH", "/v1/users/anna", admin, json={"role": "scientist"})) == "last-admin"


def test_a_repeated_request_is_done_once_and_its_password_is_kept_nowhere(site):
    admin = {**site.key("admin"), "Idempotency-Key": "once"}
    asked = {"name": "anna", "role": "scientist", "password": GOOD}

    first, again = (site("POST", "/v1/users", admin, json=asked) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    other = site("POST", "/v1/users", admin, json={**asked, "role": "integration"})
    assert problem(other) == "idempotency-key-reused"
    # A fast hash of a body with a password in it would be the way around scrypt.
    assert site("POST", "/v1/users", admin, json={**asked, "password": GOOD + "!"}).content == first.content


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"name": "a/b"}, 422, "user-name-not-accepted"),
        ({"name": "a\x00b"}, 422, "user-name-not-accepted"),
        ({"role": "boss"}, 422, "request-not-accepted"),
        ({"role": "manager"}, 422, "reach-not-accepted"),
        ({"role": "admin", "reach": "own", "rep_id": "R"}, 422, "scope-needs-all"),
        ({"password": "short"}, 422, "password-too-weak"),
        ({"password": None}, 201, None),
        ({"email": "nobody"}, 422, "user-name-not-accepted"),
        ({"disabled": "perhaps"}, 422, "request-not-accepted"),
        ({"issuer": "https://evil.test"}, 422, "request-not-accepted"),
    ],
)
def test_what_cannot_be_made_is_refused(site, change, status, said):
    answer = site("POST", "/v1/users", site.key("admin"), json={"name": "anna", "role": "scientist", **change})

    assert answer.status_code == status
    assert said is None or problem(answer) == said


@pytest.mark.parametrize("name", ["nobody", "a%00b", "%2e%2e", "a%2fb", "%ed%a0%80", "x" * 201])
def test_a_name_nobody_has_is_not_found_however_it_is_written(site, name):
    answer = site("PATCH", f"/v1/users/{name}", site.key("admin"), json={"disabled": True})

    assert answer.status_code in (404, 422)
