from datetime import datetime

import pytest
from sqlalchemy import func, select

from serving.access.audit import BY_COMMAND, entries
from serving.access.reach import Kind
from serving.access.roles import GRANTS, Role
from serving.access.users import (
    Wanted,
    change_user,
    create_user,
    folded_name,
    found_user,
    list_users,
    user_named,
)
from serving.problems.access_errors import (
    LastAdmin,
    NoSuchRole,
    NoSuchUser,
    PasswordTooWeak,
    ReachNotAccepted,
    ScopeNeedsAll,
    UserExists,
    UserNameNotAccepted,
)
from serving.store.people_tables import SignedIn

NOW = datetime(2026, 11, 21, 9)
GOOD = "three quiet rivers"
pytestmark = pytest.mark.usefixtures("cheap_hashes")


@pytest.fixture
def session(store):
    with store.session() as opened:
        yield opened


def create(session, name, **wanted):
    return create_user(session, name, Wanted(**wanted), BY_COMMAND, NOW)


def change(session, name, **wanted):
    return change_user(session, name, Wanted(**wanted), BY_COMMAND, NOW)


def test_a_user_has_a_role_and_sees_what_is_usual_for_it(session):
    assert create(session, "a", role="admin").reach.kind is Kind.ALL
    assert create(session, "m", role="manager", team_id="T").reach.kind is Kind.TEAM
    assert create(session, "s", rep_id="R").reach.kind is Kind.OWN
    assert create(session, "w", role="seller", reach="all").reach.kind is Kind.ALL
    assert [one.name for one in list_users(session)] == ["a", "m", "s", "w"]


def test_every_role_has_its_grant_and_only_the_admin_has_everything():
    assert set(GRANTS) == set(Role)
    assert [role for role, grant in GRANTS.items() if "admin" in grant.scopes] == [Role.ADMIN]


def test_names_that_look_alike_to_a_keyboard_are_the_same(session):
    create(session, "anna", role="scientist")

    for name in ("Ａｎｎａ", " ANNA ", "anna"):
        with pytest.raises(UserExists):
            create(session, name, role="scientist")
        assert user_named(session, name).name == "anna"


@pytest.mark.parametrize("name", ["王小明", "jürgen", "o.brien+sales@example.com", "Ελένη", "9lives"])
def test_names_of_all_alphabets_are_names(name):
    assert folded_name(name) == name.casefold()


NO_NAMES = ("", " ", "a b", "a/b", "a\x00b", "a\u202eb", "a\u200bb", ".hidden", "-rf", "x" * 101, "<b>", "😀", "\ud800")


@pytest.mark.parametrize("name", NO_NAMES)
def test_other_texts_are_none(name):
    with pytest.raises(UserNameNotAccepted):
        folded_name(name)


def test_texts_that_no_database_holds_are_nobodys_name(session):
    for name in NO_NAMES:
        assert found_user(session, name) is None
        with pytest.raises(NoSuchUser):
            user_named(session, name)


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ({"role": "boss"}, NoSuchRole),
        ({"role": "seller"}, ReachNotAccepted),
        ({"role": "manager", "rep_id": "R"}, ReachNotAccepted),
        ({"role": "admin", "reach": "own", "rep_id": "R"}, ScopeNeedsAll),
        ({"role": "integration", "reach": "team", "team_id": "T"}, ScopeNeedsAll),
        ({"role": "scientist", "password": "short"}, PasswordTooWeak),
        ({"role": "scientist", "email": "nobody"}, UserNameNotAccepted),
    ],
)
def test_what_does_not_go_together_is_refused(store, wanted, error):
    with pytest.raises(error), store.session() as session:
        create(session, "anna", **wanted)
    with store.session() as session:
        assert list_users(session) == []
        assert entries(session) == []


def test_an_address_belongs_to_one(session):
    create(session, "anna", role="scientist", email="Anna@Example.com")

    with pytest.raises(UserExists, match=r"anna@example\.com"):
        create(session, "bo", role="scientist", email="ANNA@example.com ")


def test_a_change_ends_the_sessions_and_tells_no_password(session):
    create(session, "anna", role="scientist")
    session.add(SignedIn(session_hash="h", user_name="anna", started_at=NOW, seen_at=NOW, ends_at=NOW))

    change(session, "anna", password=GOOD, role="integration")

    assert session.scalar(select(func.count()).select_from(SignedIn)) == 0
    told = entries(session)[-1]
    assert (told.action, told.subject) == ("user.changed", "user:anna")
    assert told.detail == {"role": "integration", "password": "set"}
    assert user_named(session, "anna").password_hash is not None


def test_a_new_role_brings_its_reach_and_keeps_the_place(session):
    create(session, "anna", role="seller", rep_id="R", team_id="T")

    assert change(session, "anna", role="manager").reach.kind is Kind.TEAM
    assert change(session, "anna", role="scientist").reach.kind is Kind.ALL
    assert change(session, "anna", role="seller").reach.rep_id == "R"
    assert change(session, "anna", reach="all").reach.kind is Kind.ALL
    assert change(session, "anna", email="a@b.c").reach.kind is Kind.ALL


def test_the_last_administrator_stays(store):
    with store.session() as session:
        create(session, "anna", role="admin")
        create(session, "bo", role="admin")
        change(session, "bo", disabled=True)
    for wanted in ({"disabled": True}, {"role": "scientist"}):
        with pytest.raises(LastAdmin), store.session() as session:
            change(session, "anna", **wanted)
    with store.session() as session:
        change(session, "bo", disabled=False)
        assert change(session, "anna", disabled=True).disabled_at == NOW
