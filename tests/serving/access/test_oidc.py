"""Signing in with OpenID Connect, against a small provider over a real socket."""

from datetime import timedelta

import pytest
from joserfc.jwk import RSAKey

from serving.access.audit import BY_COMMAND, entries
from serving.access.oidc import Provider
from serving.access.users import Wanted, create_user, list_users
from tests.serving.access.fake_provider import NOW, SECONDS
from tests.serving.access.oidc_site import HERE, SECRET, come_back, leave, one_provider, provider, signed_in, site

__all__ = ["one_provider", "provider", "site"]


def test_someone_the_provider_vouches_for_signs_in(site, provider):
    assert "/sign-in/oidc" in site("GET", "/sign-in").text

    answer = come_back(site, *leave(site, provider), "&session_state=x&scope=openid&iss=" + provider.issuer)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert site("GET", "/v1/session").json()["actor"] == "user:anna"
    assert "__Host-foresell-oidc" not in site.cookies
    assert provider.asked[0]["authorization"].startswith("Basic ")
    with site.store.session() as session:
        told = [(one.actor, one.action, one.detail) for one in entries(session)][1:]
        assert [one[1] for one in told] == ["user.linked", "session.started"]
        assert told[-1][2] == {"way": "oidc"}


def test_from_then_on_who_he_is_there_counts_and_not_the_address(site, provider):
    come_back(site, *leave(site, provider))
    provider.claims = {"email": "renamed@example.com"}
    site.cookies.clear()

    come_back(site, *leave(site, provider))

    assert site("GET", "/v1/session").json()["actor"] == "user:anna"


NOT_HOLDING = [
    {"nonce": "another"},
    {"nonce": None},
    {"aud": "another-client"},
    {"aud": None},
    {"aud": ["foresell", "another"], "azp": "another"},
    {"aud": ["foresell", "another"]},
    {"azp": "another"},
    {"iss": "https://evil.test"},
    {"iss": None},
    {"exp": SECONDS - 61},
    {"exp": None},
    {"iat": SECONDS + 120},
    {"nbf": SECONDS + 120},
    {"sub": None},
    {"sub": ""},
    {"sub": "a\x00b"},
    {"sub": "x" * 256},
    {"email_verified": False},
    {"email_verified": None},
    {"email_verified": "true"},
    {"email": "nobody@example.com"},
    {"email": None},
]


def test_a_token_that_does_not_hold_opens_nothing(site, provider):
    for claims in NOT_HOLDING:
        provider.claims = claims

        answer = come_back(site, *leave(site, provider))

        assert (claims, answer.status_code) == (claims, 401)
        assert "did not open" in answer.text
        assert not signed_in(site)


@pytest.mark.parametrize("bent", ["another key", "none", "shared secret", "public key as secret", "unknown key"])
def test_a_token_that_others_signed_opens_nothing(site, provider, bent):
    if bent in ("another key", "unknown key"):
        provider.signs = RSAKey.generate_key(2048)
        provider.header = {"alg": "RS256", "kid": "one" if bent == "another key" else "two"}
    elif bent == "none":
        provider.header = {"alg": "none"}
    else:
        provider.header = {"alg": "HS256", "kid": "one"}
        provider.secret = SECRET.encode() if bent == "shared secret" else provider.key.as_pem(private=False)

    assert come_back(site, *leave(site, provider)).status_code == 401
    assert not signed_in(site)


def test_keys_that_the_provider_changed_are_read_again(site, provider):
    come_back(site, *leave(site, provider))
    site.cookies.clear()
    before = provider.key
    provider.key = provider.signs = RSAKey.generate_key(2048, {"kid": "two"})
    provider.header = {"alg": "RS256", "kid": "two"}

    come_back(site, *leave(site, provider))

    assert signed_in(site)
    provider.key = before


def test_a_state_is_good_for_one_return_in_the_browser_that_left(site, provider):
    state, code = leave(site, provider)
    browser = dict(site.cookies)
    assert come_back(site, "x" * 43, code).status_code == 401
    site.cookies.clear()
    assert come_back(site, state, code).status_code == 401
    site.cookies = {"__Host-foresell-oidc": "y" * 43}
    assert come_back(site, state, code).status_code == 401
    site.cookies = browser
    assert come_back(site, state, code).status_code == 401, "the other browser's try used the state up"

    state, code = leave(site, provider)
    browser = dict(site.cookies)
    assert come_back(site, state, code).status_code == 303
    site.cookies = browser
    assert come_back(site, state, code).status_code == 401


def test_who_comes_back_too_late_or_refused_is_not_signed_in(site, provider):
    state, code = leave(site, provider)
    site.now += timedelta(minutes=10)
    assert come_back(site, state, code).status_code == 401
    site.now = NOW

    state, code = leave(site, provider)
    assert site("GET", f"/sign-in/oidc/return?error=access_denied&state={state}").status_code == 401
    assert come_back(site, state, code, "&iss=https://evil.test").status_code == 401
    assert site("GET", "/sign-in/oidc/return").status_code == 401
    assert come_back(site, state, "another-code").status_code == 401
    assert not signed_in(site)


def test_a_closed_account_stays_closed(site, provider):
    come_back(site, *leave(site, provider))
    site("PATCH", "/v1/users/anna", site.key("admin"), json={"disabled": True})
    site.cookies.clear()

    assert come_back(site, *leave(site, provider)).status_code == 401
    assert not signed_in(site)


@pytest.fixture
def creating(open_site, provider):
    return open_site(
        oidc_issuer=provider.issuer,
        oidc_client_id="foresell",
        public_url=HERE,
        oidc_create_users=True,
        oidc_role_claim="groups",
        oidc_roles={"bosses": "admin", "leads": "manager", "sellers": "seller"},
        oidc_rep_claim="rep",
        oidc_team_claim="team",
    )


def test_a_new_user_gets_role_and_place_from_the_claims_at_every_sign_in(creating, provider):
    provider.claims = {"groups": ["staff", "sellers"], "rep": "R-1"}
    come_back(creating, *leave(creating, provider))
    who = creating("GET", "/v1/session").json()
    assert (who["actor"], who["role"], who["reach"], who["rep_id"]) == ("user:anna@example.com", "seller", "own", "R-1")
    assert "authorization" in provider.asked[0]
    assert provider.asked[0]["authorization"] == ""

    provider.claims = {"groups": "leads", "team": "T-1"}
    come_back(creating, *leave(creating, provider))
    who = creating("GET", "/v1/session").json()
    assert (who["role"], who["reach"], who["team_id"]) == ("manager", "team", "T-1")


@pytest.mark.parametrize(
    "claims",
    [
        {"groups": ["strangers"]},
        {},
        {"groups": ["sellers"]},
        {"groups": {"sellers": 1}},
        {"groups": ["leads"], "team": 5},
    ],
    ids=str,
)
def test_who_has_no_role_or_no_place_becomes_no_user(creating, provider, claims):
    provider.claims = claims

    assert come_back(creating, *leave(creating, provider)).status_code == 401
    with creating.store.session() as session:
        assert list_users(session) == []


def test_a_user_without_a_verified_address_is_called_as_the_provider_does(creating, provider):
    provider.claims = {"groups": "bosses", "email_verified": None, "sub": "Person-77"}
    come_back(creating, *leave(creating, provider))

    assert creating("GET", "/v1/session").json()["actor"] == "user:person-77"


def test_without_the_settings_there_is_no_such_way(open_site):
    site = open_site()

    assert site("GET", "/sign-in/oidc").status_code == 404
    assert site("GET", "/sign-in/oidc/return?state=x&code=y").status_code in (401, 404)


def test_leaving_without_end_is_limited(open_site, provider):
    site = open_site(oidc_issuer=provider.issuer, oidc_client_id="foresell", public_url=HERE, wrong_tries_per_minute=1)
    site.gate.tries._tick = lambda: 0.0

    assert [site("GET", "/sign-in/oidc").status_code for _ in range(7)] == [303] * 6 + [429]


def test_what_the_log_could_show_holds_no_token(provider):
    made = Provider(provider.issuer, "foresell", SECRET, "openid")
    provider.claims = {"aud": "another"}
    url = made.way_there("s" * 43, "n" * 43, "v" * 43, "https://foresell.test/sign-in/oidc/return")
    _, code = provider.authorize(url)

    with pytest.raises(Exception, match="aud") as refused:
        made.claims(code, "v" * 43, "n" * 43, "https://foresell.test/sign-in/oidc/return", NOW)
    said = str(refused.value)
    assert "eyJ" not in said
    assert SECRET not in said


def test_it_is_the_same_on_postgresql(open_site, provider, postgres):
    site = open_site(
        database=postgres.address(postgres.make()),
        oidc_issuer=provider.issuer,
        oidc_client_id="foresell",
        public_url=HERE,
    )
    with site.store.session() as session:
        create_user(session, "anna", Wanted(role="scientist", email="anna@example.com"), BY_COMMAND, site.now)
    state, code = leave(site, provider)
    browser = dict(site.cookies)

    assert come_back(site, state, code).status_code == 303
    assert signed_in(site)
    site.cookies = browser
    assert come_back(site, state, code).status_code == 401
