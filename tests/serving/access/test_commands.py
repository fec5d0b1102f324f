import json

import pytest
from typer.testing import CliRunner

from features.errors import ForesellError
from serving.cli import app

GOOD = "three quiet rivers"
pytestmark = pytest.mark.usefixtures("cheap_hashes")


@pytest.fixture
def foresell(tmp_path, open_site):
    open_site()
    runner = CliRunner()

    def run(*words, stdin=""):
        result = runner.invoke(app, ["--home", str(tmp_path / "home"), *words], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            assert isinstance(result.exception, ForesellError), result.exception
        return result

    return run


def said(result):
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def test_users_are_made_changed_and_closed(foresell):
    made = said(foresell("users", "create", "Anna", "--role", "admin", stdin=f"{GOOD}\n"))
    assert made == "anna is admin and sees all.\n"
    assert said(foresell("users", "create", "bo", "--rep", "R-2", "--without-password", "--email", "b@c.de")) == (
        "bo is seller and sees own (R-2).\n"
    )
    listed = said(foresell("users", "list"))
    assert listed.splitlines() == ["anna  open   admin, sees all", "bo  open   seller, sees own (R-2), b@c.de"]
    assert said(foresell("users", "role", "bo", "manager", "--team", "T-1")) == "bo is manager and sees team (T-1).\n"
    assert said(foresell("users", "password", "bo", stdin=f"{GOOD}!\n")) == "bo has a new password.\n"
    assert said(foresell("users", "disable", "bo")) == "bo is closed.\n"
    assert said(foresell("users", "disable", "bo", "--undo")) == "bo is open.\n"
    rows = json.loads(said(foresell("users", "list", "--json")))
    assert [(row["name"], row["has_password"]) for row in rows] == [("anna", True), ("bo", True)]
    assert GOOD not in said(foresell("audit", "list"))


def test_a_password_is_never_an_argument(foresell):
    refused = foresell("users", "create", "anna", "--password", GOOD)

    assert refused.exit_code == 2
    assert foresell("users", "create", "anna", "--role", "admin", stdin="").exit_code == 2
    assert "at least 12" in str(foresell("users", "create", "anna", "--role", "admin", stdin="short\n").exception)


def test_secrets_are_kept_listed_turned_and_forgotten(foresell):
    assert said(foresell("secrets", "set", "crm.key", stdin="-----BEGIN\nline\n-----END\n")) == "crm.key is kept.\n"
    listed = said(foresell("secrets", "list"))
    assert listed.startswith("crm.key  set ")
    assert "BEGIN" not in listed + said(foresell("secrets", "list", "--json"))
    assert said(foresell("secrets", "rotate")) == "1 secrets are encrypted with a new key.\n"
    assert said(foresell("secrets", "delete", "crm.key")) == "crm.key is forgotten.\n"
    assert said(foresell("secrets", "list")) == ""
    assert len(said(foresell("secrets", "key")).strip()) == 44


def test_keys_are_made_with_a_reach_and_a_rate(foresell):
    said(foresell("keys", "create", "--name", "CRM", "--scopes", "score", "--reach", "team", "--team", "T-1"))
    said(foresell("keys", "create", "--name", "App", "--scopes", "read", "--per-minute", "60"))

    team, app_ = said(foresell("keys", "list")).splitlines()
    assert team.endswith("CRM: score, sees team (T-1)")
    assert app_.endswith("App: read, 60 a minute")
    refused = foresell("keys", "create", "--name", "x", "--scopes", "ingest", "--reach", "own", "--rep", "R")
    assert "only with the reach 'all'" in str(refused.exception)


def test_the_trail_is_listed_exported_and_verified(foresell, tmp_path):
    said(foresell("keys", "create", "--name", "CRM", "--scopes", "score"))
    out = tmp_path / "trail.jsonl"

    assert said(foresell("audit", "export", "--out", str(out))) == f"1 entries in {out}.\n"
    assert json.loads(out.read_text())["action"] == "key.created"
    assert [json.loads(line)["action"] for line in said(foresell("audit", "list", "--json")).splitlines()] == [
        "key.created",
        "audit.exported",
    ]
    verified = said(foresell("audit", "verify"))
    assert verified.startswith("The trail is whole. Latest entry: 2:")
    latest = verified.split()[-1]
    said(foresell("audit", "verify", "--expect", latest))
    assert "written down" in str(foresell("audit", "verify", "--expect", "2:" + "0" * 64).exception)
    assert foresell("audit", "verify", "--expect", "nonsense").exit_code == 2
