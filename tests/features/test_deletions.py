"""A row told to be deleted ends; it is never known before that was recorded, and what was known before stays."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.history import Counts, Delivery, History


def versions(history: History, table: str, column: str) -> list[tuple]:
    """Each version: a column, from when, until when, and when it was ended by a deletion (UTC days)."""
    with history.connect() as con:
        days = ", ".join(f"strftime({c}, '%m-%d')" for c in ("version_at", "retired_at", "deleted_at"))
        sql = f"SELECT {column}, {days} FROM ({history.sql_versions(table)}) ORDER BY 1, version"
        return con.execute(sql).fetchall()


def seen(history: History, table: str, until: str | None, column: str = "1") -> list:
    moment = datetime.fromisoformat(until) if until else None
    with history.connect() as con:
        found = con.execute(f"SELECT {column} FROM ({history.sql_latest(table, moment)}) ORDER BY 1").fetchall()
    return [row[0] for row in found]


@pytest.fixture
def utc(another_story):
    return another_story("UTC")


@pytest.fixture
def told(utc):
    """A deal and a product on record since the export of February."""
    utc.deal("a", created="2024-01-05", source="web")
    utc.product("p", name="P")
    utc.import_now("2024-02-01")
    return utc


def test_a_deletion_that_says_when_it_was_recorded_counts_from_then(told):
    told.row("deals", deal_id="a", deleted_at="2024-02-10", recorded="2024-02-12")
    assert told.import_now("2024-03-01") == {"deals": Counts(0, 0, 0, deleted=1)}

    assert versions(told.history, "deals", "source") == [("web", "01-05", "02-12", "02-12")]
    assert seen(told.history, "deals", "2024-02-12", "source") == ["web"]
    assert seen(told.history, "deals", "2024-02-13") == seen(told.history, "deals", None) == []


def test_a_deletion_that_does_not_counts_from_the_export(told):
    told.row("deals", deal_id="a", deleted_at="2024-02-10")
    told.import_now("2024-03-01")

    assert versions(told.history, "deals", "source") == [("web", "01-05", "03-01", "03-01")]


def test_a_recording_before_the_deletion_speaks_of_the_row_and_not_of_the_deletion(told):
    told.row("deals", deal_id="a", deleted_at="2024-02-10", recorded="2024-01-05")
    told.import_now("2024-03-01")

    assert versions(told.history, "deals", "source") == [("web", "01-05", "03-01", "03-01")]


def test_a_deletion_to_come_counts_from_its_own_time(told):
    told.row("deals", deal_id="a", deleted_at="2024-05-10")
    told.import_now("2024-03-01")

    assert versions(told.history, "deals", "source") == [("web", "01-05", "05-10", "05-10")]


def test_a_row_from_ever_can_be_deleted(told):
    told.row("products", product_id="p", deleted_at="2024-02-10")
    told.import_now("2024-03-01")

    assert versions(told.history, "products", "name") == [("P", None, "03-01", "03-01")]
    assert seen(told.history, "products", "1990-01-01", "name") == ["P"]
    assert seen(told.history, "products", None) == []


def test_the_same_deletion_again_changes_nothing(told):
    for taken in ("2024-03-01", "2024-04-01"):
        told.row("deals", deal_id="a", deleted_at="2024-02-10")
        counts = told.import_now(taken)

    assert counts == {"deals": Counts(0, 0, 1)}
    assert len(told.history.entries) == 2


def test_what_was_never_on_record_cannot_be_deleted(told):
    told.row("deals", deal_id="b", deleted_at="2024-02-10")
    told.row("deals", deal_id="b", deleted_at="2024-02-11", recorded="2024-02-12")
    told.row("deals", deal_id="a", deleted_at="2023-01-01", recorded="2024-01-02")

    assert told.import_now("2024-03-01") == {"deals": Counts(0, 0, 3)}
    assert versions(told.history, "deals", "source") == [("web", "01-05", None, None)]


def test_a_deleted_row_that_comes_again_is_a_new_version_with_all_that_was_known_of_it(told):
    told.row("deals", deal_id="a", deleted_at="2024-02-10")
    told.import_now("2024-03-01")
    told.row("deals", deal_id="a", status="open", created_at="2024-01-05")

    assert told.import_now("2024-04-01") == {"deals": Counts(0, 1, 0)}
    assert versions(told.history, "deals", "source") == [
        ("web", "01-05", "03-01", "03-01"),
        ("web", "04-01", None, None),
    ]
    assert seen(told.history, "deals", "2024-03-15") == []
    assert seen(told.history, "deals", "2024-02-15") == seen(told.history, "deals", "2024-04-15") == [1]


def test_a_row_and_its_deletion_in_one_delivery(utc):
    utc.row("deals", deal_id="a", status="open", created_at="2024-01-05", source="web", recorded="2024-01-06")
    utc.row("deals", deal_id="a", deleted_at="2024-02-10", recorded="2024-02-10")
    utc.row("deals", deal_id="a", status="open", created_at="2024-01-05", source="fair", recorded="2024-02-20")

    first = utc.import_now("2024-03-01")
    assert first == {"deals": Counts(1, 1, 0, deleted=1)}
    stood = [("fair", "02-20", None, None), ("web", "01-06", "02-10", "02-10")]
    assert versions(utc.history, "deals", "source") == stood
    utc.row("deals", deal_id="a", status="open", created_at="2024-01-05", source="web", recorded="2024-01-06")
    utc.row("deals", deal_id="a", deleted_at="2024-02-10", recorded="2024-02-10")
    utc.row("deals", deal_id="a", status="open", created_at="2024-01-05", source="fair", recorded="2024-02-20")
    assert utc.import_now("2024-04-01") == {"deals": Counts(0, 0, 3)}
    assert versions(utc.history, "deals", "source") == stood


def test_a_row_recorded_before_its_deletion_and_told_later_finds_its_place(told):
    told.row("deals", deal_id="a", deleted_at="2024-02-20", recorded="2024-02-20")
    told.import_now("2024-03-01")
    told.row("deals", deal_id="a", status="open", created_at="2024-01-05", source="fair", recorded="2024-02-10")
    told.import_now("2024-03-02")

    assert versions(told.history, "deals", "source") == [
        ("fair", "02-10", "02-20", "02-20"),
        ("web", "01-05", "02-10", None),
    ]


def test_of_two_rows_of_one_time_the_later_one_stands(told):
    told.row("deals", deal_id="a", status="open", created_at="2024-01-05", source="fair", recorded="2024-02-10")
    told.import_now("2024-03-01")
    told.row("deals", deal_id="a", deleted_at="2024-02-10", recorded="2024-02-10")
    told.import_now("2024-03-02")

    assert seen(told.history, "deals", "2024-02-10", "source") == ["web"]
    assert seen(told.history, "deals", "2024-02-11") == []


def test_two_products_of_one_key_in_one_delivery_are_one_row(utc):
    utc.product("p", name="first")
    utc.product("p", name="second")
    utc.import_now("2024-02-01")

    assert seen(utc.history, "products", None, "name") == ["second"]
    assert seen(utc.history, "products", "2000-01-01", "name") == ["second"]


def test_a_table_without_deletions_has_the_column_and_nothing_in_it(told):
    with told.history.connect() as con:
        for table in ("deals", "tickets"):
            types = dict(r[:2] for r in con.execute(f"DESCRIBE {told.history.sql_versions(table)}").fetchall())
            assert types["deleted_at"] == "TIMESTAMP"
    assert versions(told.history, "deals", "source") == [("web", "01-05", None, None)]
    assert "deleted_at" not in told.history.columns("deals")


class Exports:
    """Complete exports of one table, written as the door would deliver them."""

    def __init__(self, story, folder) -> None:
        self.story, self.folder = story, folder

    def deliver(self, taken: str, *rows: dict, also: tuple[str, ...] = (), complete: bool = True) -> Counts:
        file, keys = self.folder / f"{taken}.parquet", self.folder / f"{taken}-keys.parquet"
        pq.write_table(self.story._typed("customers", [dict(r) for r in rows]), file)
        pq.write_table(pa.table({"customer_id": pa.array([r["customer_id"] for r in rows] + [*also])}), keys)
        delivery = Delivery({"customers": file}, {}, "UTC", "CNY", "export", datetime.fromisoformat(taken))
        delivery = replace(delivery, complete={"customers": keys} if complete else {})
        return self.story._history.append(delivery)["customers"]


@pytest.fixture
def exports(utc, tmp_path):
    return Exports(utc, tmp_path)


A, B = ({"customer_id": c, "name": c, "created_at": "2024-01-01"} for c in "ab")


def test_rows_missing_from_a_complete_export_are_deleted(exports):
    assert exports.deliver("2024-02-01", A, B) == Counts(2, 0, 0)
    assert exports.deliver("2024-03-01", A) == Counts(0, 0, 1, deleted=1)
    assert exports.deliver("2024-04-01", A) == Counts(0, 0, 1)

    history = exports.story.history
    assert versions(history, "customers", "name") == [("a", "01-01", None, None), ("b", "01-01", "03-01", "03-01")]
    assert exports.deliver("2024-05-01", A, B) == Counts(0, 1, 1)
    assert seen(history, "customers", None, "name") == ["a", "b"]


def test_rows_missing_from_any_other_export_stay(exports):
    exports.deliver("2024-02-01", A, B)

    assert exports.deliver("2024-03-01", A, complete=False) == Counts(0, 0, 1)


def test_a_rejected_row_of_a_complete_export_is_not_deleted(exports):
    exports.deliver("2024-02-01", A, B)

    assert exports.deliver("2024-03-01", A, also=("b",)) == Counts(0, 0, 1)


def test_a_dated_row_that_is_there_again_comes_back_though_its_recording_is_old(exports):
    dated = B | {"recorded_at": "2024-01-02"}
    exports.deliver("2024-02-01", A, dated)
    exports.deliver("2024-03-01", A)

    assert exports.deliver("2024-04-01", A, dated) == Counts(0, 1, 1)
    history = exports.story.history
    stood = [("a", "01-01", None, None), ("b", "01-02", "03-01", "03-01"), ("b", "04-01", None, None)]
    assert versions(history, "customers", "name") == stood
    assert exports.deliver("2024-05-01", A, dated) == Counts(0, 0, 2)


def test_an_older_complete_export_cannot_say_what_is_gone(exports):
    exports.deliver("2024-02-01", A)
    exports.deliver("2024-04-01", A, B)

    assert exports.deliver("2024-03-01", A).deleted == 0
    assert seen(exports.story.history, "customers", None, "name") == ["a", "b"]


def test_an_entry_for_a_day_to_come_that_is_taken_out_again_was_never_there(exports):
    exports.deliver("2024-02-01", A, B | {"created_at": "2024-09-01"})
    exports.deliver("2024-03-01", A)

    assert versions(exports.story.history, "customers", "name")[1] == ("b", "09-01", "09-01", "09-01")
    assert seen(exports.story.history, "customers", "2024-12-01", "name") == ["a"]


@pytest.mark.parametrize("seed", range(4))
def test_what_was_on_record_at_a_past_moment_stays_so_whatever_comes_later(exports, seed):
    """Twelve exports with corrections and deletions: each moment is asked right away and again at the end."""
    dice = Random(seed)
    history = exports.story._history
    answers: dict[datetime, list[tuple]] = {}

    def ask(moment: datetime) -> list[tuple]:
        with history.connect() as con:
            sql = f"SELECT * FROM ({history.sql_latest('customers', moment)}) ORDER BY ALL"
            return con.execute(sql).fetchall()

    alive: dict[str, dict] = {}
    for number in range(12):
        taken = datetime(2024, 1, 1) + timedelta(weeks=number)
        for key in dice.sample(sorted(alive), len(alive) // 3):
            alive.pop(key)
        for key in dice.sample([f"c{n}" for n in range(12)], 4):
            since = taken - timedelta(days=dice.randrange(1, 6))
            row = {"customer_id": key, "name": dice.choice(["x", "y", None]), "created_at": str(since)}
            if key in alive:
                row["created_at"] = alive[key]["created_at"]
            alive[key] = row
        gone = {"customer_id": "c0", "deleted_at": str(taken)}
        rows = [row for key, row in alive.items() if key != "c0"] + [gone]
        exports.deliver(str(taken), *rows, complete=dice.random() < 0.7)
        alive.pop("c0", None)
        answers |= {moment: ask(moment) for moment in (taken, taken + timedelta(seconds=1))}

    assert {moment: ask(moment) for moment in answers} == answers
    assert any(answers.values())
