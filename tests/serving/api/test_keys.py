from serving.access.audit import entries
from serving.access.reach import reach


def problem(answer):
    return answer.json()["type"].rpartition(":")[2]


def test_a_key_is_made_shown_once_and_works(site):
    admin = site.key("admin")
    asked = {"name": "CRM", "scopes": ["read"], "reach": "team", "team_id": "T-1", "per_minute": 60}

    made = site("POST", "/v1/keys", admin, json={**asked, "expires_at": "2026-12-01T00:00:00+08:00"})

    assert made.status_code == 201
    key = made.json()["key"]
    who = site("GET", "/v1/session", {"Authorization": f"Bearer {key}"}).json()
    assert (who["scopes"], who["reach"], who["team_id"]) == (["read"], "team", "T-1")
    listed = site("GET", "/v1/keys", admin)
    assert key.split("_", 2)[2] not in listed.text
    shown = next(one for one in listed.json()["keys"] if one["name"] == "CRM")
    assert {name: shown[name] for name in asked} == asked
    assert (shown["expires_at"], shown["valid"]) == ("2026-11-30T16:00:00Z", True)


def test_a_revoked_key_opens_nothing_and_the_trail_knows_who_did_it(site):
    admin = site.key("admin")
    key_id = site("POST", "/v1/keys", admin, json={"name": "CRM", "scopes": ["read"]}).json()["key_id"]

    assert site("DELETE", f"/v1/keys/{key_id}", admin).json()["valid"] is False
    assert site("DELETE", f"/v1/keys/{key_id}", admin).status_code == 200
    for unknown in ("nosuchid", "a%00b", "%2e%2e", "x" * 100):
        answer = site("DELETE", f"/v1/keys/{unknown}", admin)
        assert (answer.status_code, problem(answer)) == (404, "no-such-key")
    with site.store.session() as session:
        last = entries(session)[-1]
    assert (last.action, last.subject) == ("key.revoked", f"key:{key_id}")
    assert last.actor == "key:" + admin["Authorization"].split("_")[1]
    assert last.request_id


def test_a_request_that_is_repeated_makes_one_key_and_keeps_no_secret(site):
    admin = site.key("admin")
    headers, asked = {**admin, "Idempotency-Key": "once"}, {"name": "CRM", "scopes": ["read"]}

    first = site("POST", "/v1/keys", headers, json=asked)
    again = site("POST", "/v1/keys", headers, json=asked)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == {"key_id": first.json()["key_id"], "key": None}
    assert len(site("GET", "/v1/keys", admin).json()["keys"]) == 2
    secret = first.json()["key"].split("_", 2)[2].encode()
    assert not any(secret in file.read_bytes() for file in site.gate.settings.home.glob("foresell.db*"))


REFUSED = [
    ({"scopes": ["everything"]}, "unknown-scope"),
    ({"scopes": []}, "request-not-accepted"),
    ({"scopes": ["ingest"], "reach": "own", "rep_id": "R"}, "scope-needs-all"),
    ({"reach": "own"}, "reach-not-accepted"),
    ({"reach": "mine"}, "request-not-accepted"),
    ({"expires_at": "2020-01-01T00:00:00Z"}, "key-expires-in-the-past"),
    ({"expires_at": "2030-01-01T00:00:00"}, "request-not-accepted"),
    ({"name": "a\x00b"}, "request-not-accepted"),
    ({"rep_id": "a\x00b"}, "request-not-accepted"),
    ({"per_minute": 0}, "request-not-accepted"),
    ({"admin": True}, "request-not-accepted"),
]


def test_what_cannot_be_made_is_refused(site):
    for change, said in REFUSED:
        answer = site("POST", "/v1/keys", site.key("admin"), json={"name": "CRM", "scopes": ["read"], **change})

        assert (answer.status_code, problem(answer)) == (422, said)


def test_a_key_that_asks_too_often_waits_and_others_do_not(site):
    ticks = [0.0]
    site.gate.rates._tick = lambda: ticks[0]
    slow, other = site.key("read", per_minute=2), site.key("read", reach=reach("own", rep_id="R"))

    assert [site("GET", "/v1/session", slow).status_code for _ in range(3)] == [200, 200, 429]
    refused = site("GET", "/v1/session", slow)
    assert problem(refused) == "too-many-requests"
    assert refused.headers["retry-after"] == "30"
    assert refused.headers["ratelimit-policy"] == '"minute";q=2;w=60'
    assert refused.headers["ratelimit"] == '"minute";r=0;t=30'
    assert site("GET", "/v1/session", other).status_code == 200
    ticks[0] = 30
    assert site("GET", "/v1/session", slow).status_code == 200


def test_the_settings_rate_holds_for_keys_without_one(open_site):
    site = open_site(requests_per_minute=1)
    key = site.key("read")

    assert [site("GET", "/v1/session", key).status_code for _ in range(2)] == [200, 429]


def test_wrong_keys_are_counted_without_keeping_out_a_good_one(site):
    site.gate.tries._tick = lambda: 0.0
    good = site.key("read")
    wrong = {"Authorization": f"Bearer fsl_abcdefgh_{'x' * 43}"}

    statuses = [site("GET", "/v1/session", wrong).status_code for _ in range(22)]
    assert statuses == [401] * 20 + [429] * 2
    assert site("GET", "/v1/session", good).status_code == 200
    guessed = {"Authorization": good["Authorization"][:-4] + "AAAA"}
    assert [site("GET", "/v1/session", guessed).status_code for _ in range(21)] == [401] * 20 + [429]
    assert site("GET", "/v1/session", good).status_code == 200
    site.address = "198.51.100.9"
    assert site("GET", "/v1/session", wrong).status_code == 401
