"""Fewer files, the same answers; whole or not at all; readers that opened before go on."""

import hashlib
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from features.as_of import Moments, micros
from features.catalog import offered
from features.commands import app
from features.compaction import Compacted, compact
from features.contracts import TABLES
from features.history import Delivery, History
from features.ledger import SCHEMA
from features.table import build_table

AT, NO_GRACE, DAY = datetime(2030, 1, 1), timedelta(0), timedelta(days=1)
BEGIN = datetime(2024, 1, 1)
KEYS = {"deals": "deal_id", "customers": "customer_id", "activities": "activity_id", "orders": "order_id"}


class Deliveries:
    """Random deliveries of several tables: new rows, corrections, deletions, late rows, repeated ones."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.dice, self.folder = Random(seed), folder
        self.folder.mkdir()

    def some(self, count: int = 6) -> list[Delivery]:
        return [self._delivery(number) for number in range(count)]

    def _delivery(self, number: int) -> Delivery:
        taken = BEGIN + timedelta(days=10 * number + 10)
        tables = {table: rows for table in KEYS if (rows := self._rows(table, taken))}
        if self.dice.random() < 0.5:
            tables["deal_changes"] = self._changes(taken)
        files = {}
        for table, rows in tables.items():
            files[table] = self.folder / f"{number}-{table}.parquet"
            pq.write_table(typed(table, rows), files[table])
        complete = {}
        if "customers" in files and self.dice.random() < 0.5:
            complete["customers"] = files["customers"]
        return Delivery(files, {}, "Asia/Shanghai", "CNY", f"delivery {number}", taken, complete)

    def _rows(self, table: str, taken: datetime) -> list[dict]:
        dice, rows = self.dice, []
        for key in dice.sample([f"{table[0]}{n}" for n in range(9)], dice.randrange(6)):
            row: dict = {KEYS[table]: key}
            happened = BEGIN + timedelta(hours=dice.randrange(24 * 60))
            row["recorded_at"] = dice.choice([None, None, happened, taken, happened + timedelta(days=20)])
            if table == "deals":
                row |= {"status": "open", "created_at": happened, "source": dice.choice(["web", "fair", None])}
                row |= {"amount": dice.choice([1, 2.5, None]), "stage": dice.choice(["Lead", "Offer"])}
                row["attr_seats"] = dice.choice(["5", "6", None])
            elif table == "customers":
                row |= {"name": dice.choice(["x", "y"]), "created_at": happened}
            elif table == "activities":
                row |= {"type": dice.choice(["call", "email"]), "happened_at": happened}
                row["deal_id"] = dice.choice(["d1", "d2", None])
            else:
                row |= {"customer_id": dice.choice(["c1", "c2"]), "ordered_at": happened, "amount": dice.randrange(9)}
            if dice.random() < 0.25:
                row["deleted_at"] = dice.choice([happened, taken])
            rows.append(row)
        return rows

    def _changes(self, taken: datetime) -> list[dict]:
        dice = self.dice
        return [
            {"deal_id": f"d{n}", "field": "amount", "changed_at": taken - timedelta(hours=n), "new_value": str(n)}
            for n in dice.sample(range(9), 3)
        ]


def typed(table: str, rows: list[dict]) -> pa.Table:
    from features.contracts import STORED_AS, Kind

    columns = {}
    for name in dict.fromkeys(column for row in rows for column in row):
        found = TABLES[table].column(name)
        kind = STORED_AS[found.kind if found else Kind.TEXT]
        values = [row.get(name) for row in rows]
        if pa.types.is_decimal(kind):
            columns[name] = pa.array(values, pa.float64()).cast(kind)
        else:
            columns[name] = pa.array(values, kind)
    return pa.table(columns)


def answers(history: History) -> dict[str, object]:
    """All that can be asked of a history."""
    found: dict[str, object] = {"fingerprint": history.fingerprint, "tables": history.tables()}
    found["deliveries"] = [(e.origin, e.taken_at, dict(e.captured)) for e in history.entries]
    found["known"] = [history.known("deals", c) for c in (*TABLES["deals"].names, "seats")]
    with history.connect() as con:
        for table in TABLES:
            found[f"{table} columns"] = history.columns(table)
            found[table] = con.execute(f"SELECT * FROM ({history.sql_versions(table)}) ORDER BY ALL").fetchall()
        for week in range(-1, 14):
            until = BEGIN + timedelta(weeks=week)
            for table in KEYS:
                latest = con.execute(f"SELECT * FROM ({history.sql_latest(table, until)}) ORDER BY ALL").fetchall()
                found[f"{table} {until}"] = latest
    return found


def features_at(history: History) -> list:
    moments = Moments(
        np.array(["d1", "d2", "d3"] * 3, object), np.repeat([micros(BEGIN + 20 * n * DAY) for n in (1, 2, 3)], 3)
    )
    return build_table(offered(history).features, moments, history).to_pylist()


@pytest.mark.parametrize("seed", range(4))
def test_every_answer_is_the_same_before_and_after_and_goes_on_to_be(tmp_path, seed):
    plain, tidy = History(tmp_path / "plain"), History(tmp_path / "tidy")
    dice = Random(seed)
    for number, delivery in enumerate(Deliveries(seed, tmp_path / "files").some()):
        assert plain.append(delivery) == tidy.append(delivery)
        if dice.random() < 0.5:
            compact(tidy, AT + number * DAY, dice.choice([NO_GRACE, DAY]), piece_rows=dice.choice([3, 1000]))
    again = Deliveries(seed, tmp_path / "again").some()
    assert plain.append(again[-1]) == tidy.append(again[-1])

    compact(tidy, AT + 50 * DAY, NO_GRACE)

    assert answers(tidy) == answers(plain)
    assert answers(History.open(tmp_path / "tidy")) == answers(plain)
    assert len(tidy.log.files) < len(plain.log.files)


def test_features_are_the_same(story):
    for month in (2, 3, 4):
        story.deal("d1", created="2024-01-01", source=f"s{month}").changes_stage("Lead", on=f"2024-0{month}-01")
        story.activity(on=f"2024-0{month}-03", deal_id="d1").order("c1", on=f"2024-0{month}-05")
        story.import_now(f"2024-0{month}-10")
    before = features_at(story.history)
    done = compact(story.history, AT, NO_GRACE)

    assert features_at(story.history) == before
    assert set(done.tables) == {"deals", "deal_changes", "activities", "orders"}


def test_compacting_again_does_nothing(story):
    for name in ("a", "b"):
        story.deal("d1", source=name)
        story.import_now(f"2024-0{2 if name == 'a' else 3}-01")
    compact(story.history, AT, NO_GRACE)
    log = sorted(p.name for p in (story.home / "history" / "log").iterdir())

    assert compact(story.history, AT, NO_GRACE) == Compacted((), 1, 1, 0)
    assert sorted(p.name for p in (story.home / "history" / "log").iterdir()) == log == ["00000003.json"]


def test_rows_lie_sorted_in_files_of_a_bounded_size(story):
    for day in (9, 3, 7, 1):
        story.activity(on=f"2024-01-0{day}", deal_id=f"d{day % 2}").activity(on=f"2024-01-0{day}")
        story.import_now()
    compact(story.history, AT, NO_GRACE, piece_rows=3)

    tables = [pq.read_table(file, columns=["deal_id", "happened_at"]) for file in story.history.files("activities")]
    assert [t.num_rows for t in tables] == [3, 3, 2]
    rows = [(r["deal_id"] is None, r["deal_id"], r["happened_at"]) for t in tables for r in t.to_pylist()]
    assert rows == sorted(rows, key=lambda row: (row[0], row[1] or "", row[2]))
    assert [part.rows for part in story.history.log.parts["activities"]] == [3, 3, 2]


def test_readers_that_opened_before_go_on_until_the_grace_has_passed(story):
    for source in ("web", "fair"):
        story.deal("d1", source=source)
        story.import_now(f"2024-0{2 if source == 'web' else 3}-01")
    early = History.open(story.home)
    expected = answers(early)
    compact(story.history, AT, DAY)
    story.deal("d2")
    story.import_now()
    compact(story.history, AT + DAY / 2, DAY)

    assert answers(early) == expected
    assert compact(story.history, AT + 2 * DAY, DAY).swept > 0
    on_disk = {p.relative_to(early.folder).as_posix() for p in early.folder.glob("tables/*/*.parquet")}
    assert on_disk == story.history.log.files


KILLED = """
import os
from datetime import datetime, timedelta
from pathlib import Path
import features.compaction as compaction
from features.history import History
from features.ledger import Ledger
from features.storage import LocalStore
def die(*args, **kwargs):
    os.kill(os.getpid(), 9)
def after(owner, name, times=1):
    plain, left = getattr(owner, name), [times]
    def call(*args, **kwargs):
        found = plain(*args, **kwargs)
        left[0] -= 1
        if not left[0]:
            die()
        return found
    setattr(owner, name, call)
when = {when!r}
if when == "after one file":
    after(compaction, "seal")
if when == "before the entry":
    Ledger.commit = die
if when == "within the entry":
    os.link = die
if when == "after the entry":
    after(Ledger, "commit")
if when == "while sweeping":
    after(LocalStore, "remove", 2)
compaction.compact(History.open(Path({home!r})), datetime(2030, 1, 1), timedelta(0))
"""


@pytest.mark.skipif(os.name == "nt", reason="no kill -9 on Windows")
@pytest.mark.parametrize(
    "when", ["after one file", "before the entry", "within the entry", "after the entry", "while sweeping"]
)
def test_a_compaction_killed_at_any_moment_loses_nothing_and_the_next_one_finishes(tmp_path, when):
    history = History(tmp_path / "home")
    for delivery in Deliveries(3, tmp_path / "files").some(4):
        history.append(delivery)
    expected = answers(history)
    root = Path(__file__).resolve().parents[2]
    script = KILLED.format(when=when, home=str(tmp_path / "home"))

    died = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(root)}, check=False)

    assert died.returncode == -9
    assert answers(History.open(tmp_path / "home")) == expected
    again = History.open(tmp_path / "home")
    compact(again, AT, NO_GRACE)
    assert answers(again) == expected
    on_disk = {p.relative_to(again.folder).as_posix() for p in again.folder.glob("tables/*/*.parquet")}
    assert on_disk == again.log.files
    assert not list(again.folder.glob("*.tmp"))


def as_layout_1(home: Path) -> None:
    """Rewrite the log as the previous release wrote it: one file for each table, and nothing of deletions."""
    for path in (home / "history" / "log").iterdir():
        entry = json.loads(path.read_text("utf-8"))
        for new in ("captured", "sums", "tables"):
            del entry[new]
        old = {}
        for table, parts in entry["parts"].items():
            (part,) = parts
            file = home / "history" / part["file"]
            rows = pq.read_table(file)
            pq.write_table(rows.drop_columns(["deleted_at"]), file)
            part["sha256"] = hashlib.sha256(file.read_bytes()).hexdigest()
            old[table] = {key: part[key] for key in ("file", "rows", "sha256", "columns", "versions")}
        path.write_text(json.dumps(entry | {"parts": old, "schema": 1}), "utf-8")


@pytest.fixture
def old_home(story):
    for month, source in ((2, "web"), (3, "fair"), (4, "web")):
        story.deal("d1", source=source).changes_stage("Lead", on=f"2024-0{month}-01")
        story.activity(on=f"2024-0{month}-03", deal_id="d1")
        story.import_now(f"2024-0{month}-10")
    expected = answers(story.history)
    as_layout_1(story.home)
    expected["fingerprint"] = History.open(story.home).fingerprint
    return story, expected


def test_a_history_of_the_previous_release_reads_as_it_did(old_home):
    story, expected = old_home
    history = History.open(story.home)

    assert history.log.schema == 1
    assert answers(history) == expected


def test_a_history_of_the_previous_release_takes_deliveries_and_deletions(old_home):
    story, _ = old_home
    story._history = History.open(story.home)
    story.row("deals", deal_id="d1", deleted_at="2024-05-01")
    story.import_now("2024-05-02")

    with story.history.connect() as con:
        assert con.execute(f"SELECT count(*) FROM ({story.history.sql_latest('deals')})").fetchall() == [(0,)]


def test_an_upgrade_rewrites_it_and_changes_no_answer(old_home):
    story, expected = old_home
    history = History.open(story.home)
    compact(history, AT, DAY)

    assert history.log.schema == SCHEMA == History.open(story.home).log.schema
    assert answers(History.open(story.home)) == expected
    assert all("deleted_at" not in pq.read_schema(f).names for f in history.files("deals"))


def test_the_command_upgrades_once_and_says_so(old_home, monkeypatch):
    story, expected = old_home
    monkeypatch.setenv("FORESELL_HOME", str(story.home))

    first, second = (CliRunner().invoke(app, ["history", "upgrade"]).output for _ in range(2))

    assert "the history has layout 2 now; it had 1" in first
    assert "the history has layout 2 already" in second
    assert answers(History.open(story.home)) == expected
