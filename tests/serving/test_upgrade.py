"""Does a home that the previous release left open with this one, with all that is in it? And does the way back lead?"""

import hashlib
import json
import shutil
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from features.history import History
from features.open_deals import open_deals
from training.bundle_file import live_bundle, load_any, seal, unseal, write

LAYOUT_0001 = """
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO alembic_version VALUES ('0001');
CREATE TABLE api_keys (
    key_id VARCHAR(8) NOT NULL,
    name VARCHAR(200) NOT NULL,
    scopes VARCHAR(200) NOT NULL,
    secret_hash VARCHAR(200) NOT NULL,
    created_at DATETIME NOT NULL,
    expires_at DATETIME,
    revoked_at DATETIME,
    CONSTRAINT pk_api_keys PRIMARY KEY (key_id)
);
"""
"""The database as release 0.1.0 made it."""

SECRET = "s" * 43
OLD, EARLIER = "2026-11-01 08:00:00.000000", "2026-11-02 08:00:00.000000"
KEYS = {
    "scorekey": ("score read", None, None),
    "everykey": ("score ingest read plan admin", None, None),
    "pastkeys": ("score read", EARLIER, None),
    "shutkeys": ("score read", None, EARLIER),
}
"""Scopes, when it expires, when it was revoked."""
NEW_PLACES = ("run", "served", "prepared")
"""Folders of the home that the previous release did not know."""


def hash_of(secret: str) -> str:
    salt = b"0123456789abcdef"
    return f"scrypt$16384$8$1${salt.hex()}${hashlib.scrypt(secret.encode(), salt=salt, n=16384, r=8, p=1).hex()[:64]}"


@dataclass(frozen=True)
class Left:
    """What the previous release left: the home, its rows of keys, and its files with what is in them."""

    home: Path
    keys: list[tuple[object, ...]]
    files: dict[str, str]
    as_of: datetime

    @property
    def moment(self) -> str:
        return f"{self.as_of.isoformat()}Z"


def files_in(home: Path) -> dict[str, str]:
    """The checksum of every file but databases and locks."""
    found = (one for one in home.rglob("*") if one.is_file() and ".db" not in one.name and ".lock" not in one.name)
    return {str(one.relative_to(home)): hashlib.sha256(one.read_bytes()).hexdigest() for one in found}


def rows_of(home: Path, columns: str = "*") -> list[tuple[object, ...]]:
    with sqlite3.connect(home / "foresell.db") as con:
        return con.execute(f"SELECT {columns} FROM api_keys ORDER BY key_id").fetchall()


@pytest.fixture
def left(prepared, tmp_path) -> Left:
    home = tmp_path / "home"
    shutil.copytree(prepared[0], home, ignore=shutil.ignore_patterns("foresell.db*", "*.versions.json", *NEW_PLACES))
    con = sqlite3.connect(home / "foresell.db")
    con.executescript(LAYOUT_0001)
    rows = [(key, f"the {key}", scopes, hash_of(SECRET), OLD, *ends) for key, (scopes, *ends) in KEYS.items()]
    con.executemany("INSERT INTO api_keys VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    con.commit()
    con.close()
    as_of = load_any(live_bundle(home, "win")).until  # type: ignore[arg-type]
    return Left(home, rows_of(home), files_in(home), as_of)


def test_all_that_the_previous_release_left_goes_on_and_the_way_back_keeps_the_keys(left, serve, command):
    process = serve("--as-of", left.moment, home=str(left.home), jobs="false").wait_until_ready()
    deals = open_deals(History.existing(left.home), left.as_of).ids.tolist()[:5]
    answers = {
        key: httpx.post(
            f"{process.address}/v1/scores/deals",
            json={"deals": [{"deal_id": deal} for deal in deals]},
            headers={"Authorization": f"Bearer fsl_{key}_{SECRET}"},
            timeout=30,
        )
        for key in KEYS
    }
    every = {"Authorization": f"Bearer fsl_everykey_{SECRET}"}
    listed, models, event, customer = (
        httpx.request(method, process.address + path, json=body, headers=every, timeout=30)
        for method, path, body in (
            ("GET", "/v1/keys", None),
            ("GET", "/v1/models", None),
            ("POST", "/v1/events", {"events": [{"id": "1", "table": "customers", "row": {"customer_id": "C-new"}}]}),
            ("POST", "/v1/scores/customers", {"customers": [{"customer_id": "C0000001"}]}),
        )
    )
    process.stop()

    statuses = {key: answer.status_code for key, answer in answers.items()}
    assert statuses == {"scorekey": 200, "everykey": 200, "pastkeys": 401, "shutkeys": 401}
    scores = answers["scorekey"].json()["scores"]
    assert [one["error"] for one in scores] == [None] * 5
    assert all(0 < one["low"] <= one["probability"] <= one["high"] < 1 for one in scores)
    assert [(one["key_id"], one["reach"]) for one in listed.json()["keys"]] == [(key, "all") for key in sorted(KEYS)]
    assert {one["model"]: one["version"] for one in models.json()["models"]} == {"win": "1", "churn": "1"}
    assert (event.status_code, customer.status_code) == (202, 200), (event.text, customer.text)
    kept = files_in(left.home)
    assert {name: kept.get(name) for name in left.files} == left.files, "nothing is removed or rewritten"

    back = ("--home", left.home, "store", "downgrade", "0001")
    refused, folded, done = command(*back), command("--home", left.home, "jobs", "run", "fold"), command(*back)

    assert (refused.status, folded.status, done.status) == (1, 0, 0), (refused.err, folded.err, done.err)
    assert "To fix: write them into the history first: foresell jobs run fold" in refused.err
    assert rows_of(left.home) == left.keys
    with sqlite3.connect(left.home / "foresell.db") as con:
        tables = {name for (name,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables == {"alembic_version", "api_keys"}


def test_a_model_of_features_that_this_release_computes_otherwise_says_what_to_do(left, serve, command):
    folder = live_bundle(left.home, "win")
    assert folder is not None
    document = unseal(folder)
    write(folder, seal({**document, "fingerprint": "0123456789ab"}))
    process = serve("--as-of", left.moment, home=str(left.home), jobs="false", first_load_wait="00:00:10")
    headers = {"Authorization": f"Bearer fsl_scorekey_{SECRET}"}
    with httpx.Client(
        base_url=process.address, headers=headers, timeout=30, transport=httpx.HTTPTransport(retries=9)
    ) as ask:
        while (ready := ask.get("/readyz").json())["troubles"] == []:
            pass
        refused = ask.post("/v1/scores/deals", json={"deals": [{"features": {"deal_age_days": 1}}]})
        customers = {"customers": [{"customer_id": "C0000001"}]}
        while (other := ask.post("/v1/scores/customers", json=customers)).status_code == 503:
            assert other.json()["type"].endswith("still-loading"), other.text
    process.stop()

    assert refused.status_code == 503
    for told in (refused.json(), ready["troubles"][0]):
        assert "train" in told["fix"], told
    assert other.status_code == 200, "the other model answers"
    said = command("--home", left.home, "predict", "win", "--as-of", left.moment, "--out", left.home / "out.csv")
    assert said.status == 1
    assert "To fix: train" in said.err
    assert json.loads((left.home / "champions" / "win.json").read_text())["version"] == "1"
