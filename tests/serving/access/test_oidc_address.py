"""Which addresses are believed in signing in with OpenID Connect: the provider's, and this service's own."""

from urllib.parse import parse_qs, urlsplit

import pytest

from serving.access.audit import BY_COMMAND
from serving.access.oidc import must_be_safe, must_know_its_address
from serving.access.users import Wanted, change_user, create_user
from serving.problems.access_errors import ProviderAway, PublicUrlNeeded
from serving.running.run import run
from serving.settings import ServingSettings
from tests.serving.access.fake_provider import SECONDS
from tests.serving.access.oidc_site import HERE, come_back, leave, one_provider, provider, signed_in, site

__all__ = ["one_provider", "provider", "site"]


def test_the_way_back_is_the_settings_whatever_host_a_request_names(site):
    answer = site("GET", "/sign-in/oidc", {"Host": "evil.test", "X-Forwarded-Host": "evil.test"})

    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked["redirect_uri"] == [f"{HERE}/sign-in/oidc/return"]


def test_without_the_setting_nobody_is_sent_anywhere(open_site, provider):
    site = open_site(oidc_issuer=provider.issuer, oidc_client_id="foresell")

    answer = site("GET", "/sign-in/oidc", {"Host": "evil.test"})

    assert (answer.status_code, "location" in answer.headers) == (503, False)
    assert "address is missing" in answer.text
    assert provider.asked == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (None, "FORESELL_PUBLIC_URL is not"),
        ("", "FORESELL_PUBLIC_URL is not"),
        ("http://foresell.example.com", "not https"),
        ("foresell.example.com", "not https"),
        ("https://", "no plain address"),
        ("https://a:b@foresell.example.com", "no plain address"),
        ("https://foresell.example.com/?x=1", "no plain address"),
    ],
)
def test_a_service_that_does_not_know_its_address_does_not_start(tmp_path, given, says):
    settings = ServingSettings(home=tmp_path / "home", oidc_issuer="https://login.example.com", public_url=given)

    with pytest.raises(PublicUrlNeeded, match=says) as refused:
        run(settings, "127.0.0.1", 0)
    assert "https://foresell.example.com" in str(refused.value)
    assert not (tmp_path / "home").exists()


def test_without_a_provider_no_address_is_needed(tmp_path):
    must_know_its_address(ServingSettings(home=tmp_path))
    must_know_its_address(ServingSettings(home=tmp_path, oidc_issuer="https://x.test", public_url=f"{HERE}/"))
    must_know_its_address(
        ServingSettings(home=tmp_path, oidc_issuer="https://x.test", public_url="http://localhost:80")
    )


@pytest.mark.parametrize("claims", [{"exp": SECONDS - 59}, {"iat": SECONDS + 59}, {"nbf": SECONDS + 59}], ids=str)
def test_clocks_may_differ_by_a_minute(site, provider, claims):
    provider.claims = claims

    assert come_back(site, *leave(site, provider)).status_code == 303


def test_a_closed_account_is_opened_by_no_claim(open_site, provider):
    site = open_site(
        oidc_issuer=provider.issuer,
        oidc_client_id="foresell",
        public_url=HERE,
        oidc_create_users=True,
        oidc_role_claim="groups",
        oidc_roles={"bosses": "admin"},
    )
    with site.store.session() as session:
        for name in ("other", "anna"):
            create_user(session, name, Wanted(role="admin", email=f"{name}@example.com"), BY_COMMAND, site.now)
        change_user(session, "anna", Wanted(disabled=True), BY_COMMAND, site.now)
    provider.claims = {"groups": "bosses"}
    assert come_back(site, *leave(site, provider)).status_code == 401, "nobody had linked it"

    with site.store.session() as session:
        change_user(session, "anna", Wanted(disabled=False), BY_COMMAND, site.now)
    assert come_back(site, *leave(site, provider)).status_code == 303
    with site.store.session() as session:
        change_user(session, "anna", Wanted(disabled=True), BY_COMMAND, site.now)
    assert come_back(site, *leave(site, provider)).status_code == 401
    provider.claims = {"groups": "bosses", "sub": "person-2"}
    assert come_back(site, *leave(site, provider)).status_code == 401, "another account with the same address"
    assert not signed_in(site)


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://evil.test"},
        {"token_endpoint": "http://192.0.2.1/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": None},
        {"token_endpoint": 5},
    ],
    ids=str,
)
def test_a_description_that_is_not_the_issuers_or_not_safe_is_refused(site, provider, described):
    provider.described = described

    answer = site("GET", "/sign-in/oidc")
    assert answer.status_code == 503
    assert "does not answer" in answer.text


def test_a_provider_that_is_away_is_said_and_passwords_still_work(open_site):
    site = open_site(oidc_issuer="http://127.0.0.1:9", oidc_client_id="foresell", public_url=HERE)

    assert site("GET", "/sign-in/oidc").status_code == 503
    assert site("GET", "/sign-in").status_code == 200


def test_only_https_or_this_machine_is_asked():
    must_be_safe("https://login.example.com/realms/x")
    must_be_safe("http://localhost:8080")
    for url in (
        "http://login.example.com",
        "ftp://localhost",
        "http://localhost.evil.test",
        "//x",
        "http://2130706433",
    ):
        with pytest.raises(ProviderAway):
            must_be_safe(url)
