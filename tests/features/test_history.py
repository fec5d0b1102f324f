import os
import subprocess
import sys
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.contracts import TABLES, Known
from features.history import Counts, CurrencyChanged, Delivery, History, HistoryNotWritten, NoHistory

TAKEN = datetime(2024, 6, 1)


def rows(history: History, sql: str) -> list[tuple]:
    with history.connect() as con:
        return con.execute(sql).fetchall()


def files_under(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_opening_a_history_that_is_not_there_makes_nothing(tmp_path):
    history = History.open(tmp_path / "home")

    assert (history.tables(), history.timezone, history.currency) == ((), None, None)
    assert not (tmp_path / "home").exists()
    with pytest.raises(NoHistory, match="import one: foresell import"):
        History.existing(tmp_path / "home")


@pytest.mark.parametrize("table", TABLES)
def test_a_table_that_was_never_given_reads_as_an_empty_one(story, table):
    story.order("c1", on="2024-01-01")

    assert len(rows(story.history, story.history.sql_versions(table))) == (table == "orders")
    assert len(rows(story.history, story.history.sql_latest(table))) == (table == "orders")
    with story.history.connect() as con:
        names = [row[0] for row in con.execute(f"DESCRIBE {story.history.sql_versions(table)}").fetchall()]
    own = [column for column in TABLES[table].names if column != "deleted_at"]
    assert names == [*own, "version_at", "retired_at", "version", "deleted_at"]


def test_the_same_delivery_again_changes_nothing(story):
    def tell() -> None:
        story.deal("d1", amount=5, attributes={"region": "north"}).changes_stage("Lead", on="2024-03-01")
        story.deal("d1").activity(on="2024-03-02").activity(on="2024-09-01", recorded="2024-02-01")
        story.order("c1", on="2024-03-03", order_id="o1").rep("r1", hired_on="2020-01-01").product("p1", name="P")
        story.rate("USD", "2024-01-01", 7)

    tell()
    story.import_now("2024-06-01")
    before, entries = files_under(story.home), len(story.history.entries)
    story._deals.clear()
    story._numbers.clear()
    tell()
    again = story.import_now("2024-07-01")

    assert all(count.new == count.changed == 0 for count in again.values())
    assert {table: count.same for table, count in again.items()} == {
        "deals": 1, "deal_changes": 2, "activities": 2, "orders": 1, "products": 1, "reps": 1, "fx_rates": 1,
    }  # fmt: skip
    assert len(story.history.entries) == len(History.open(story.home).entries) == entries
    assert {k: v for k, v in files_under(story.home).items() if k in before} == before


def test_an_entry_in_the_calendar_put_right_and_delivered_again_changes_nothing(story):
    for minutes, taken in ((30, "2024-01-02"), (60, "2024-01-03"), (60, "2024-01-04"), (60, "2024-01-05")):
        story.activity(on="2024-09-01", activity_id="a1", duration_minutes=minutes)
        counts = story.import_now(taken)["activities"]

    assert counts == Counts(new=0, changed=0, same=1)
    assert rows(story.history, f"SELECT duration_minutes FROM ({story.history.sql_latest('activities')})") == [(60.0,)]


def test_the_order_of_rows_in_an_export_does_not_matter(story):
    for deal in ("a", "b", "c"):
        story.deal(deal, source="web")
    story.import_now("2024-06-01")
    for deal in ("c", "a", "b"):
        story.row("deals", deal_id=deal, status="open", created_at="2024-01-01", source="web")

    assert story.import_now("2024-07-01")["deals"] == Counts(new=0, changed=0, same=3)


def test_counts_tell_new_changed_and_same_apart(story):
    story.deal("a", source="web")
    story.deal("b", source="web")
    assert story.import_now("2024-06-01") == {"deals": Counts(new=2, changed=0, same=0)}
    story.deal("a", source="web")
    story.deal("b", source="fair")
    story.deal("c", source="fair")

    assert story.import_now("2024-07-01") == {"deals": Counts(new=1, changed=1, same=1)}


def test_the_fingerprint_changes_with_what_is_delivered_and_only_then(story):
    story.deal("a")
    first = story.history.fingerprint
    story.deal("a", source="web")
    second = story.history.fingerprint
    story.deal("a", source="web")

    assert first != second == story.history.fingerprint == History.open(story.home).fingerprint


def test_an_open_history_does_not_see_later_deliveries(story):
    story.deal("a")
    early = History.open(story.history.home)
    story.deal("b")
    story.import_now()

    assert rows(early, f"SELECT deal_id FROM ({early.sql_latest('deals')})") == [("a",)]
    now = History.open(story.home)
    assert rows(now, f"SELECT deal_id FROM ({now.sql_latest('deals')}) ORDER BY 1") == [("a",), ("b",)]


def test_a_delivery_in_another_currency_is_refused_and_leaves_no_trace(story):
    story.deal("a")
    story.import_now()
    before = files_under(story.home)
    story.currency = "EUR"
    story.deal("b")

    with pytest.raises(CurrencyChanged, match="keeps money in CNY, this delivery says EUR"):
        story.import_now()
    assert files_under(story.home) == before


def test_what_the_mapping_declares_stands_until_declared_otherwise(story):
    story.declares("deals", amount=Known.AT_CLOSE, region=Known.AT_CREATION)
    story.row(
        "deals", deal_id="a", status="open", created_at="2024-01-01", amount=5, attributes={"region": "x", "zip": "1"}
    )
    known = story.history.known
    assert known("deals", "amount") is Known.AT_CLOSE
    assert known("deals", "region") is Known.AT_CREATION
    assert known("deals", "zip") is Known.CURRENT
    assert known("deals", "stage") is Known.CURRENT
    assert known("deals", "closed_at") is Known.AT_CLOSE
    assert known("deals", "source") is Known.AT_CREATION

    story.known = {"deals": {"region": Known.CURRENT}}
    story.deal("a").changes_stage("Lead", on="2024-02-01")
    assert story.history.known("deals", "amount") is Known.AT_CLOSE
    assert story.history.known("deals", "region") is Known.CURRENT
    assert story.history.known("deals", "stage") is Known.TRACKED


def test_a_declaration_alone_is_kept_once(story):
    story.deal("a", attributes={"region": "x"})
    story.import_now()
    story.declares("deals", region=Known.AT_CREATION)
    story.import_now()
    story.import_now()

    assert len(story.history.entries) == 2
    assert History.open(story.home).known("deals", "region") is Known.AT_CREATION


def test_tables_columns_and_attributes_are_those_ever_given(story):
    story.order("c1", on="2024-01-01")
    story.deal("a", attributes={"zeta": "1", "a b": "2", 'quo"te': "3"})
    story.import_now()
    story.deal("b", source="web")
    story.import_now()

    assert story.history.tables() == ("deals", "orders")
    assert set(story.history.columns("deals")) == {
        "deal_id", "status", "created_at", "source", "attr_zeta", "attr_a b", 'attr_quo"te',
    }  # fmt: skip
    assert story.history.attributes("deals") == ("a b", 'quo"te', "zeta")
    assert story.history.columns("tickets") == ()


def test_a_table_without_rows_is_no_table(story, tmp_path):
    empty = pa.table({"ticket_id": pa.array([], pa.string()), "customer_id": pa.array([], pa.string())})
    pq.write_table(empty, tmp_path / "tickets.parquet")
    story.deal("a")
    delivery = Delivery({"tickets": tmp_path / "tickets.parquet"}, {}, "Asia/Shanghai", "CNY", "test", TAKEN)

    assert story.history.append(delivery) == {"tickets": Counts(0, 0, 0)}
    assert story.history.tables() == ("deals",)
    assert story.history.append(delivery) == {"tickets": Counts(0, 0, 0)}


def test_a_delivery_that_cannot_be_written_leaves_the_history_as_it_was(story):
    story.deal("a")
    story.import_now()
    entries = History.open(story.home).entries
    (story.home / "history" / "tables" / "orders").write_text("a file where a folder should be")
    story.deal("b")
    story.order("c1", on="2024-01-01")

    with pytest.raises(HistoryNotWritten, match="the history is as it was"):
        story.import_now()

    assert story._history.entries == History.open(story.home).entries == entries
    (story.home / "history" / "tables" / "orders").unlink()
    assert story.import_now() == {"deals": Counts(1, 0, 0), "orders": Counts(1, 0, 0)}


def append_some(home: Path, folder: Path, name: str, times: int) -> None:
    """What one of several processes does: deliver deals of its own, one after the other."""
    history = History.open(home)
    for number in range(times):
        file = folder / f"{name}-{number}.parquet"
        created = pa.array([datetime(2024, 1, 1)], pa.timestamp("us"))
        pq.write_table(pa.table({"deal_id": [f"{name}{number}"], "status": ["open"], "created_at": created}), file)
        history.append(Delivery({"deals": file}, {}, "Asia/Shanghai", "CNY", name, TAKEN))


def test_two_processes_delivering_at_once_lose_nothing_and_a_reader_sees_whole_deliveries(tmp_path):
    home, times = tmp_path / "home", 6
    spawn = get_context("spawn")
    writers = [spawn.Process(target=append_some, args=(home, tmp_path, name, times)) for name in ("x", "y")]
    for writer in writers:
        writer.start()
    seen = []
    while any(writer.is_alive() for writer in writers):
        history = History.open(home)
        seen.append((len(history.entries), len(rows(history, history.sql_latest("deals")))))
    for writer in writers:
        writer.join()

    assert [writer.exitcode for writer in writers] == [0, 0]
    assert all(entries == deals for entries, deals in seen)
    history = History.open(home)
    expected = sorted(f"{name}{number}" for name in ("x", "y") for number in range(times))
    assert [
        row[0] for row in rows(history, f"SELECT deal_id FROM ({history.sql_latest('deals')}) ORDER BY 1")
    ] == expected
    assert [entry.number for entry in history.entries] == list(range(1, 2 * times + 1))


KILLED = """
import os
from datetime import datetime
from pathlib import Path
from features.history import Delivery, History
from features.ledger import Ledger
def die(*args, **kwargs):
    os._exit(9)
if {when!r} == "before the entry is linked":
    os.link = die
if {when!r} == "after the files are written":
    Ledger.commit = die
if {when!r} == "after the entry is linked":
    commit = Ledger.commit
    def commit_and_die(self, entry):
        commit(self, entry)
        os._exit(9)
    Ledger.commit = commit_and_die
delivery = Delivery({{"deals": Path({file!r})}}, {{}}, "Asia/Shanghai", "CNY", "test", datetime(2024, 6, 1))
History.open(Path({home!r})).append(delivery)
"""


@pytest.mark.parametrize(
    ("when", "arrived"),
    [("after the files are written", 0), ("before the entry is linked", 0), ("after the entry is linked", 2)],
)
def test_a_process_killed_leaves_all_or_nothing_and_the_next_one_finishes(story, tmp_path, when, arrived):
    story.deal("kept")
    story.import_now()
    file = tmp_path / "deals.parquet"
    created = pa.array([datetime(2024, 1, 1)] * 2, pa.timestamp("us"))
    pq.write_table(pa.table({"deal_id": ["a", "b"], "status": ["open"] * 2, "created_at": created}), file)
    script = KILLED.format(when=when, file=str(file), home=str(story.home))
    root = Path(__file__).resolve().parents[2]

    died = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(root)}, check=False)

    assert died.returncode == 9
    history = History.open(story.home)
    assert len(rows(history, history.sql_latest("deals"))) == 1 + arrived
    counts = history.append(Delivery({"deals": file}, {}, "Asia/Shanghai", "CNY", "test", TAKEN))["deals"]
    assert counts == Counts(new=2 - arrived, changed=0, same=arrived)
    assert not list(history.folder.glob("*.tmp"))


def test_the_latest_rows_as_on_record_before_a_moment(story):
    story.deal("a", source="web").activity(on="2024-03-05")
    story.product("p1", name="old name")
    story.import_now("2024-02-01")
    story.deal("a", source="fair")
    story.product("p1", name="new name")
    story.import_now("2024-03-01")
    history = story.history

    def seen(table: str, column: str, until: datetime | None) -> list[object]:
        return [row[0] for row in rows(history, f"SELECT {column} FROM ({history.sql_latest(table, until)})")]

    assert seen("deals", "source", datetime(2023, 12, 31)) == []
    assert seen("deals", "source", datetime(2024, 2, 20)) == ["web"]
    assert seen("deals", "source", datetime(2024, 2, 29, 16)) == ["web"]  # the very moment of the later export
    assert seen("deals", "source", datetime(2024, 3, 1)) == ["fair"]
    assert seen("deals", "source", None) == ["fair"]
    assert seen("products", "name", datetime(1990, 1, 1)) == ["old name"]
    assert seen("products", "name", None) == ["new name"]
    assert seen("activities", "type", datetime(2024, 3, 1)) == []
