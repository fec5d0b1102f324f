"""A history may lie at an address: the same answers as in a folder, through fsspec."""

from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.compaction import compact
from features.history import Counts, Delivery, History, HistoryNotWritten
from features.ledger import HistoryDamaged, Ledger
from features.storage import AddressStore, LocalStore, MissingStorage, UnknownAddress, open_store
from features.verifying import verify

fsspec = pytest.importorskip("fsspec", reason="the extra 'storage' is not installed")
TAKEN = datetime(2024, 6, 1)


@pytest.fixture(params=["memory", "dir", "local without exclusive files"])
def store(request, tmp_path):
    """An address of each kind."""
    if request.param == "memory":
        return open_store(tmp_path / "home", f"memory://{uuid4().hex}/sales")
    local = fsspec.filesystem("file", auto_mkdir=True)
    if request.param == "dir":
        from fsspec.implementations.dirfs import DirFileSystem

        return AddressStore(DirFileSystem(str(tmp_path), local), "far/away", tmp_path / "home")

    class Plain(type(local)):
        protocol = "plain"

        def open(self, path, mode="rb", **options):
            if "x" in mode:
                raise ValueError("no exclusive files here")
            return super().open(path, mode, **options)

    return AddressStore(Plain(auto_mkdir=True), str(tmp_path / "far"), tmp_path / "home")


def deliver(history: History, folder: Path, taken: datetime, **columns: list) -> Counts:
    file = folder / f"{uuid4().hex}.parquet"
    rows = len(columns["deal_id"])
    columns = {"status": ["open"] * rows, "created_at": [datetime(2024, 1, 1)] * rows} | columns
    pq.write_table(
        pa.table({c: pa.array(v, pa.timestamp("us")) if c.endswith("_at") else v for c, v in columns.items()}), file
    )
    return history.append(Delivery({"deals": file}, {}, "UTC", "CNY", "far", taken))["deals"]


def sources(history: History, until: datetime | None = None) -> list[tuple]:
    with history.connect() as con:
        return con.execute(f"SELECT deal_id, source FROM ({history.sql_latest('deals', until)}) ORDER BY 1").fetchall()


def test_a_history_at_an_address_takes_deliveries_and_is_read_as_of_any_moment(store, tmp_path):
    home = tmp_path / "home"
    assert deliver(History(home, store), tmp_path, TAKEN, deal_id=["a", "b"], source=["web", "web"]) == Counts(2, 0, 0)
    later = TAKEN + timedelta(days=30)
    history = History(home, store)
    assert deliver(history, tmp_path, later, deal_id=["a", "b"], source=["fair", "web"]) == Counts(0, 1, 1)
    gone = TAKEN + timedelta(days=60)
    deliver(history, tmp_path, gone, deal_id=["b"], deleted_at=[gone])

    again = History(home, store)
    assert sources(again) == [("a", "fair")]
    assert sources(again, TAKEN + timedelta(days=1)) == [("a", "web"), ("b", "web")]
    assert not (home / "history").exists()
    assert verify(store).damages == ()


def test_a_history_at_an_address_can_be_compacted(store, tmp_path):
    history = History(tmp_path / "home", store)
    for number in range(4):
        deliver(history, tmp_path, TAKEN + timedelta(days=number), deal_id=["a"], source=[str(number)])
    early, expected = History(tmp_path / "home", store), sources(history)
    compact(history, TAKEN + timedelta(days=9), timedelta(days=1))
    assert sources(early) == sources(History(tmp_path / "home", store)) == expected
    done = compact(history, TAKEN + timedelta(days=19), timedelta(days=1))

    assert done.swept > 0
    assert set(store.sizes()) == history.log.files
    assert sources(history, TAKEN + timedelta(days=2)) == [("a", "1")]


def test_a_number_is_given_once(store):
    store.create("log/00000001.json", b"first")

    with pytest.raises(FileExistsError):
        store.create("log/00000001.json", b"second")
    assert store.read("log/00000001.json") == b"first"
    assert store.names("log") == ["00000001.json"]


def test_a_delivery_that_a_writer_elsewhere_came_before_is_compared_anew(store, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    ours, theirs = History(tmp_path / "home", store), History(elsewhere, AddressStore(store.fs, store.root, elsewhere))
    plain, came = Ledger.commit, []

    def commit(ledger, entry):
        if not came:
            came.append(1)
            deliver(theirs, tmp_path, TAKEN, deal_id=["a", "z"], source=["web", "web"])
        plain(ledger, entry)

    monkeypatch.setattr(Ledger, "commit", commit)
    counts = deliver(ours, tmp_path, TAKEN, deal_id=["a", "b"], source=["web", "web"])

    assert counts == Counts(1, 0, 1)
    assert [row[0] for row in sources(History(tmp_path / "home", store))] == ["a", "b", "z"]
    assert len(ours.entries) == 2


def test_writers_elsewhere_that_never_pause_end_in_a_named_error(store, tmp_path, monkeypatch):
    def taken(*_: object) -> None:
        raise FileExistsError

    monkeypatch.setattr(Ledger, "commit", taken)

    with pytest.raises(HistoryNotWritten, match="Writers on other machines kept adding"):
        deliver(History(tmp_path / "home", store), tmp_path, TAKEN, deal_id=["a"], source=["web"])


def test_a_lost_file_is_a_named_error(store, tmp_path):
    history = History(tmp_path / "home", store)
    deliver(history, tmp_path, TAKEN, deal_id=["a"], source=["web"])
    (file,) = history.log.files
    store.remove(file)
    store.remove(file)

    with pytest.raises(HistoryDamaged, match=f"{file} is missing"):
        History(tmp_path / "home", store)


@pytest.mark.parametrize("where", ["memory://{}", "file://{}/far", "{}/plain"])
def test_the_setting_says_where_the_history_lies_and_the_door_needs_nothing_else(door, monkeypatch, tmp_path, where):
    place = where.format(uuid4().hex if where.startswith("memory") else tmp_path)
    monkeypatch.setenv("FORESELL_HISTORY", place)
    door.file("customers.csv", "customer_id,name\nc1,C\n")
    door.deals("d1,open,2024-01-01,,10,c1,Lead", header="deal_id,status,created_at,closed_at,amount,customer_id,stage")
    door.file("stages.csv", "pipeline,stage,position,status\nsales,Lead,1,open\n")
    door.imports("2024-02-01")
    (door.export / "customers.csv").unlink()
    (door.export / "stages.csv").unlink()
    door.file(
        "deals.csv",
        "deal_id,status,created_at,customer_id,stage\nd2,open,2024-01-01,c9,Lead\nd3,open,2024-01-01,c1,No\n",
    )
    report = door.imports("2024-03-01")

    assert any("'c9' x1 (nearest 'c1')" in note for note in report.notes)
    assert [table.rejected for table in report.tables] == [1]
    assert not (door.home / "history").exists()
    history = History.open(door.home)
    assert [row[0] for row in sources_of(history)] == ["d1", "d2"]
    assert isinstance(history.store, LocalStore) == (not where.startswith("memory"))


def sources_of(history: History) -> list[tuple]:
    with history.connect() as con:
        return con.execute(f"SELECT deal_id FROM ({history.sql_latest('deals')}) ORDER BY 1").fetchall()


def test_an_address_of_no_kind_is_a_named_error(tmp_path):
    with pytest.raises(UnknownAddress, match="not an address where a history can be kept"):
        open_store(tmp_path, "carrier-pigeon://loft/7")


def test_a_missing_package_is_a_named_error(tmp_path, monkeypatch):
    import features.storage

    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named '{name}'", name=name)

    monkeypatch.setattr(features.storage, "import_module", missing)

    with pytest.raises(MissingStorage, match="pip install 'foresell"):
        open_store(tmp_path, "s3://bucket/sales")


def test_leftovers_of_a_killed_writer_go_with_the_next_compaction(store, tmp_path):
    history = History(tmp_path / "home", store)
    deliver(history, tmp_path, TAKEN, deal_id=["a"], source=["web"])
    draft = store.draft("tables/deals/x.parquet")
    draft.write_bytes(b"half a file")
    store.keep("tables/deals/x.parquet", draft)
    left = store.draft("tables/deals/y.parquet")
    left.write_bytes(b"half a file")
    compact(history, TAKEN, timedelta(0))

    assert set(store.sizes()) == history.log.files
    assert not left.exists()
