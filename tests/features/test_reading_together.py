"""Hundreds of rows that change the past, told in one go: the features are those of a history with these rows."""

import random
import shutil
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from features.contracts import DELETED
from features.fold_marks import Mark
from features.folding import Told, fold
from features.history import History
from features.importing import import_folder
from features.online import Memory
from features.reading_together import Together
from simulation.company import CompanySettings
from simulation.writing import write_company
from tests.features.memory_and_batch import Row, computed, differing, features_of, told

SETTINGS = CompanySettings(deals=120)
END = datetime.combine(SETTINGS.end, time())
Late = tuple[str, Row, datetime]
NEVER_DELETED = ("deal_changes", "tickets", "customers", "contacts", "subscriptions")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("late")
    write_company(SETTINGS, folder / "files")
    import_folder(folder / "files", folder / "home", folder / "files" / "mapping.yaml", END)
    return folder / "home"


def rows_of(history: History, table: str) -> list[Row]:
    columns = [column for column in history.columns(table) if column != "recorded_at"]
    with history.connect() as con:
        sql = f"SELECT {', '.join(columns)} FROM ({history.sql_latest(table)}) ORDER BY ALL"
        return [dict(zip(columns, row, strict=True)) for row in con.execute(sql).fetchall()]


def late_rows(history: History, number: int, chance: random.Random) -> list[Late]:
    """Rows of every table, most of them recorded long before the latest that is on record, and some of them twice."""
    rows = {table: rows_of(history, table) for table in history.tables()}
    found: list[Late] = []
    for place in range(number):
        at = END - timedelta(days=chance.randrange(1, 500), seconds=place)
        deal, other = chance.choice(rows["deals"]), chance.choice(rows["deals"])
        whose = {"deal_id": deal["deal_id"], "customer_id": other["customer_id"], "rep_id": other["rep_id"]}
        kind = place % 12
        if kind in (0, 1):
            field, value = chance.choice([("stage", "Proposal"), ("amount", "777"), ("rep_id", str(other["rep_id"]))])
            change: Row = {"deal_id": deal["deal_id"], "field": field, "changed_at": at, "new_value": value}
            found.append(("deal_changes", change, at))
        elif kind in (2, 3):
            happened = {"activity_id": f"late-{place}", "type": "call", "happened_at": at, "direction": "inbound"}
            found.append(("activities", {**whose, **happened}, at))
        elif kind == 4:
            found.append(("activities", {**chance.choice(rows["activities"]), "outcome": "corrected"}, at))
        elif kind == 5:
            found.append(("tickets", {**chance.choice(rows["tickets"]), "kind": "question"}, at))
        elif kind == 6:
            found.append(("orders", {**chance.choice(rows["orders"]), "quantity": 5.0}, at))
        elif kind == 7:
            found.append(("deals", {**deal, "source": "late"}, at))
        elif kind == 8:
            found.append(("customers", {**chance.choice(rows["customers"]), "segment": "late"}, at))
        elif kind == 9:
            found.append(("contacts", {**chance.choice(rows["contacts"]), "is_decision_maker": True}, at))
        elif kind == 10:
            gone = chance.choice([("orders", "order_id"), ("activities", "activity_id"), ("deals", "deal_id")])
            key = chance.choice(rows[gone[0]])[gone[1]]
            found.append((gone[0], {gone[1]: key, DELETED.name: at}, at))
        else:
            found.append(("subscriptions", {**chance.choice(rows["subscriptions"]), "cancelled_on": at.date()}, at))
    return found + chance.sample(found, number // 10)


def test_hundreds_of_late_rows_are_what_a_history_with_them_says(home, tmp_path, monkeypatch):
    chance = random.Random(11)
    shutil.copytree(home, tmp_path / "home")
    history = History.existing(tmp_path / "home")
    late = late_rows(history, 300, chance)
    memory = Memory(History.existing(home), features_of(history))
    customers = [str(row["customer_id"]) for row in rows_of(history, "customers")]
    deals = [str(row["deal_id"]) for row in rows_of(history, "deals")]
    told(memory, deals[:40], END, "deal")  # some was looked at before, and is kept
    reads: list[int] = []
    read = Together.read
    monkeypatch.setattr(Together, "read", lambda self, waiting: (reads.append(len(waiting)), read(self, waiting))[1])

    news = memory.absorb_all(late)

    assert len(reads) == 1  # all that had to be read, in one go
    assert reads[0] > 150
    folded = fold(history, [Told(*row) for row in late], Mark("m", 1, "s"), END).news
    # A deletion that came before its row is kept, and is no news yet.
    assert {table: folded[table] for table in NEVER_DELETED} == counted(late, news)
    for at in (END, END - timedelta(days=120)):
        for entity, ids in (("deal", deals), ("customer", customers)):
            expected = computed(history, memory.features, [(name, at) for name in ids], entity)
            for name, one, other in zip(ids, told(memory, ids, at, entity), expected, strict=True):
                assert differing(one, other) == {}, (entity, name, at)
    assert memory.absorb_all(late) == [False] * len(late)


def counted(late: list[Late], news: list[bool]) -> dict[str, int]:
    found: dict[str, int] = {}
    for (table, _, _), new in zip(late, news, strict=True):
        if new and table in NEVER_DELETED:
            found[table] = found.get(table, 0) + 1
    return found


def test_a_row_that_cannot_be_read_does_not_keep_the_others(home, monkeypatch):
    history = History.existing(home)
    memory = Memory(history, features_of(history))
    read = Together.read

    def stumbles(self, waiting):
        if any(one.row.get("new_value") == "broken" for one in waiting):
            raise ValueError("broken")
        return read(self, waiting)

    monkeypatch.setattr(Together, "read", stumbles)
    deal = str(rows_of(history, "deals")[0]["deal_id"])
    at = END - timedelta(days=4000)
    rows = [
        ("deal_changes", {"deal_id": deal, "field": "stage", "changed_at": at + timedelta(n), "new_value": value}, at)
        for n, value in enumerate(["Proposal", "broken", "Demo"], -3)
    ]
    failed: list[int] = []

    assert memory.absorb_all(rows, lambda place, failure: failed.append(place)) == [True, False, True]
    assert failed == [1]
