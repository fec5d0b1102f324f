"""A site whose people may sign in with a small OpenID Connect provider, and how they do."""

from collections.abc import Iterator

import pytest

from serving.access.audit import BY_COMMAND
from serving.access.users import Wanted, create_user
from tests.serving.access.fake_provider import FakeProvider

SECRET = "client-secret-0123456789"
HERE = "https://foresell.test"


@pytest.fixture(scope="module")
def one_provider() -> Iterator[FakeProvider]:
    made = FakeProvider()
    yield made
    made.stop()


@pytest.fixture
def provider(one_provider):
    one_provider.header, one_provider.signs = {"alg": "RS256", "kid": "one"}, one_provider.key
    one_provider.claims, one_provider.described = {}, {}
    one_provider.asked.clear()
    return one_provider


@pytest.fixture
def site(open_site, provider):
    site = open_site(oidc_issuer=provider.issuer, oidc_client_id="foresell", public_url=HERE, oidc_client_secret=SECRET)
    with site.store.session() as session:
        create_user(session, "anna", Wanted(role="scientist", email="anna@example.com"), BY_COMMAND, site.now)
    return site


def leave(site, provider):
    answer = site("GET", "/sign-in/oidc")
    assert answer.status_code == 303, answer.text
    return provider.authorize(answer.headers["location"])


def come_back(site, state, code, more=""):
    return site("GET", f"/sign-in/oidc/return?state={state}&code={code}{more}")


def signed_in(site):
    return site("GET", "/v1/session").status_code == 200
