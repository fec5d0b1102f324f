import hashlib
import json
import pickle
from dataclasses import replace

import pytest

from features.history import History
from features.ledger import SCHEMA, Entry, HistoryDamaged, HistoryTooNew, Ledger, Part


@pytest.fixture
def told(story):
    """Three deliveries, in a folder with its log."""
    for deal in ("a", "b", "c"):
        story.deal(deal, attributes={"名称": "值"})
        story.import_now()
    return story


@pytest.fixture
def log(told):
    return told.home / "history" / "log"


def test_what_is_committed_is_read_back(tmp_path):
    part = Part("tables/deals/1.parquet", 3, "abc", ("deal_id", "attr_名称"), True)
    file = tmp_path / part.file
    file.parent.mkdir(parents=True)
    file.write_bytes(b"")
    entry = Entry(
        1,
        "exports",
        "2024-01-01T00:00:00",
        "Asia/Shanghai",
        "CNY",
        {"deals": {"x": "current"}},
        {"deals": (part,)},
        {"stage": 2},
        ("abc",),
        ("deals",),
    )
    ledger = Ledger(tmp_path)

    ledger.commit(entry)
    bare = replace(entry, number=2, parts={}, sums=(), tables=())
    ledger.commit(bare)

    assert ledger.entries() == (entry, bare)
    assert list(tmp_path.glob("*.tmp")) == []


def test_a_number_is_given_once(tmp_path):
    entry = Entry(1, "exports", "2024-01-01T00:00:00", "UTC", "CNY", {})
    ledger = Ledger(tmp_path)
    ledger.commit(entry)

    with pytest.raises(FileExistsError):
        ledger.commit(replace(entry, origin="another"))
    assert ledger.entries() == (entry,)
    assert list(tmp_path.glob("*.tmp")) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'"text"', b'{"schema": 1}', b'{"schema": "one", "parts": {}}', b"\xff\xfe\x00",
     b'{"schema": 1, "parts": []}', b'{"schema": 1, "parts": {"deals": {"file": "x"}}}',
     b'{"schema": 1, "parts": {}, "surprise": 1}'],
)  # fmt: skip
def test_a_damaged_entry_is_a_named_error(told, log, content):
    (log / "00000002.json").write_bytes(content)

    with pytest.raises(
        HistoryDamaged, match=r"damaged: 00000002.json cannot be read(.|\n)*restore the folder from a backup"
    ) as error:
        History.open(told.home)
    assert str(pickle.loads(pickle.dumps(error.value))) == str(error.value)


@pytest.mark.parametrize("lost", [1, 2])
def test_a_lost_entry_is_a_named_error(told, log, lost):
    (log / f"{lost:08d}.json").unlink()

    with pytest.raises(HistoryDamaged, match=f"delivery {lost} is missing from the log"):
        History.open(told.home)


def test_a_lost_file_is_a_named_error(told):
    part = told.history.entries[1].parts["deals"][0]
    (told.home / "history" / part.file).unlink()

    with pytest.raises(HistoryDamaged, match=f"{part.file} is missing"):
        History.open(told.home)


def test_a_history_of_a_later_release_is_refused(told, log):
    entry = json.loads((log / "00000003.json").read_text("utf-8"))
    (log / "00000003.json").write_text(json.dumps({**entry, "schema": SCHEMA + 1, "colour": "blue"}), "utf-8")

    with pytest.raises(HistoryTooNew, match=rf"has layout {SCHEMA + 1}; this release reads layouts up to {SCHEMA}"):
        History.open(told.home)


def test_leftovers_of_a_killed_import_are_swept_by_the_next_one_and_nothing_else(told):
    folder = told.home / "history"
    orphan = folder / "tables" / "deals" / "00000004-abcdef12.parquet"
    orphan.write_bytes(b"half a file")
    draft = folder / "entry-1234.tmp"
    draft.write_text("{")
    foreign = folder / "README.txt"
    foreign.write_text("keep me")
    assert len(History.open(told.home).entries) == 3
    assert orphan.exists()

    told.deal("d")
    told.import_now()

    assert not orphan.exists()
    assert not draft.exists()
    assert foreign.exists()
    with told.history.connect() as con:
        deals = con.execute(f"SELECT deal_id FROM ({told.history.sql_latest('deals')}) ORDER BY 1").fetchall()
    assert deals == [("a",), ("b",), ("c",), ("d",)]


def test_each_file_is_named_with_its_hash_and_rows(told):
    for entry in told.history.entries:
        (part,) = entry.parts["deals"]
        content = (told.home / "history" / part.file).read_bytes()
        assert part.sha256 == hashlib.sha256(content).hexdigest()
        assert part.rows == 1


def test_the_log_can_be_read_by_people(told, log):
    entry = json.loads((log / "00000001.json").read_text("utf-8"))

    assert entry["origin"] == "a story"
    assert entry["taken_at"] == "2029-12-31T16:00:00.000000"
    assert "attr_名称" in entry["parts"]["deals"][0]["columns"]
    assert "名称" in (log / "00000001.json").read_text("utf-8")
