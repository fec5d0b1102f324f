import re

import pytest

from serving.access.audit import BY_COMMAND
from serving.access.sign_in_page import WORDS
from serving.access.users import Wanted, create_user

GOOD = "three quiet rivers"
ZH = {"Accept-Language": "zh-CN"}


@pytest.fixture
def anna(site):
    with site.store.session() as session:
        create_user(session, "anna", Wanted(role="seller", rep_id="R-1", password=GOOD), BY_COMMAND, site.now)
    return site


def token(page):
    return re.search(r'name="token" value="([^"]+)"', page.text)[1]


def sign_in(site, headers=None, **fields):
    page = site("GET", "/sign-in", headers)
    form = {"token": token(page), "name": "anna", "password": GOOD, **fields}
    return site("POST", "/sign-in", headers, data=form)


def test_the_form_works_without_scripts_and_allows_none(site):
    page = site("GET", "/sign-in")

    assert page.status_code == 200
    assert "<script" not in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    # With no-referrer a browser sends this form with `Origin: null`, which is refused.
    assert page.headers["referrer-policy"] == "same-origin"
    assert 'name="viewport"' in page.text
    assert 'lang="en"' in page.text
    assert "oidc" not in page.text


def test_it_speaks_chinese(anna):
    page = anna("GET", "/sign-in", ZH)
    assert "登录" in page.text
    assert 'lang="zh-Hans"' in page.text
    assert page.headers["content-language"] == "zh"

    assert "用户名与密码不匹配" in sign_in(anna, ZH, password="wrong password").text
    sign_in(anna, ZH)
    assert "销售" in anna("GET", "/", ZH).text


def test_both_languages_say_the_same_things():
    assert WORDS["en"].keys() == WORDS["zh"].keys()
    assert all(WORDS[language].values() for language in WORDS)


def test_one_signs_in_sees_who_one_is_and_signs_out(anna):
    assert anna("GET", "/").headers["location"] == "/sign-in"

    answer = sign_in(anna)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "__Host-foresell-form" not in anna.cookies
    page = anna("GET", "/")
    assert all(word in page.text for word in ("anna", "seller", "own records", "Sign out"))
    left = anna("POST", "/sign-out", data={"token": token(page)})
    assert (left.status_code, left.headers["location"]) == (303, "/sign-in")
    assert anna.cookies == {}
    assert anna("GET", "/").headers["location"] == "/sign-in"


def test_a_refusal_keeps_the_name_and_not_the_password(anna):
    page = sign_in(anna, name='an"na<b>', password="wrong password")

    assert page.status_code == 401
    assert "do not belong together" in page.text
    assert 'value="an&quot;na&lt;b&gt;"' in page.text
    assert "wrong password" not in page.text
    assert "__Host-foresell-session" not in anna.cookies


def test_a_form_of_another_browser_or_page_signs_nobody_in(anna):
    page = anna("GET", "/sign-in")
    form = {"token": token(page), "name": "anna", "password": GOOD}
    elsewhere = anna("POST", "/sign-in", {"Origin": "https://evil.test"}, data=form)
    assert (elsewhere.status_code, "another site" in elsewhere.text) == (403, True)

    for wrong in ({"token": "x" * 43}, {"token": ""}):
        assert "open for too long" in anna("POST", "/sign-in", data={**form, **wrong}).text
    del anna.cookies["__Host-foresell-form"]
    assert anna("POST", "/sign-in", data=form).status_code == 403
    assert "__Host-foresell-session" not in anna.cookies


NO_FORMS = [
    {"content": b"token=x&name=anna", "headers": {"Content-Type": "text/plain"}},
    {"json": {"name": "anna"}},
    {"content": b"x" * 9000, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    {"content": b"a=1&" * 50, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    {"content": b"\xff\xfe=%zz&token=%00", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    {"files": {"name": ("a", b"anna")}},
]


def test_what_is_no_form_of_ours_is_refused(anna):
    for sent in NO_FORMS:
        anna("GET", "/sign-in")

        assert anna("POST", "/sign-in", **sent).status_code == 403


def test_signing_out_needs_the_sessions_token(anna):
    sign_in(anna)

    assert anna("POST", "/sign-out", data={"token": "x"}).status_code == 403
    assert anna("POST", "/sign-out", {"Sec-Fetch-Site": "cross-site"}, data={"token": "x"}).status_code == 403
    assert anna("GET", "/").status_code == 200


def test_a_session_that_ended_leads_back_to_the_form(anna):
    sign_in(anna)
    anna("PATCH", "/v1/users/anna", {**anna.key("admin"), "Cookie": ""}, json={"rep_id": "R-2"})

    answer = anna("GET", "/")
    assert answer.headers["location"] == "/sign-in"
    assert anna.cookies == {}


def test_a_cookie_that_comes_twice_is_none(anna):
    sign_in(anna)
    session_id = anna.cookies["__Host-foresell-session"]
    twice = {"Cookie": f"__Host-foresell-session={session_id}; __Host-foresell-session=planted"}

    assert anna("GET", "/v1/session", twice).status_code == 401
    assert anna("GET", "/v1/session", {"Cookie": f"foresell-session={session_id}"}).status_code == 401
