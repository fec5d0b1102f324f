"""A file of arrays is made once and whole, or not at all; a damaged one is made again."""

import os
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from threading import Lock

import numpy as np
import pytest

from features import kept_arrays
from features.kept_arrays import Fleeting, Group, Kept, Making, find_or_make

WHOLE = Group(
    {"numbers": np.arange(5), "small": np.array([-1, 2], np.int8), "flags": np.array([True, False])},
    {"names": ["Oslo", "", "北京", "a\x1fb"]},
    {"told": [1, None, "x"], "since": 1.5},
)


def write(making: Making) -> None:
    making.group("one", lambda: WHOLE)
    making.group("two", lambda: Group({"bytes": np.arange(100, dtype=np.uint8), "none": np.empty(0, np.int32)}))


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return find_or_make(tmp_path / "run", "mark", write)


def path_of(tmp_path: Path) -> Path:
    (found,) = (tmp_path / "run").glob("*.memory")
    return found


def never(making: Making) -> None:
    raise AssertionError("is there already")


def test_what_was_made_is_found(kept):
    found = kept.find("one")
    for name, array in WHOLE.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array)
        assert found.arrays[name].dtype == array.dtype
    assert list(found.texts["names"]) == WHOLE.texts["names"]
    assert found.plain == WHOLE.plain


def test_bytes_are_read_from_where_they_lie(kept):
    found = kept.find("two")
    assert found.read["bytes"](3, 4) == bytes([3, 4, 5, 6])
    assert len(found.arrays["none"]) == 0


def test_what_is_not_in_the_file_is_made(kept):
    assert kept.find("three") is None
    assert kept.group("three", lambda: Group(plain=3)).plain == 3
    assert Fleeting().group("one", lambda: Group(plain=4)).plain == 4


def test_nobody_else_may_read_or_change_what_is_kept(tmp_path, kept):
    assert path_of(tmp_path).stat().st_mode & 0o777 == 0o600
    with pytest.raises(ValueError, match="read-only"):
        kept.find("one").arrays["numbers"][0] = 7


def test_a_file_that_is_there_is_not_made_again(tmp_path, kept):
    assert find_or_make(tmp_path / "run", "mark", never).find("one").plain == WHOLE.plain


def test_what_is_let_go_comes_back(kept):
    numbers = kept.find("one").arrays["numbers"]
    kept.let_go()
    assert numbers.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("damage", ["cut", "altered", "longer", "empty", "trailer"])
def test_a_damaged_file_is_made_again(tmp_path, kept, damage):
    path = path_of(tmp_path)
    held = path.read_bytes()
    broken = {
        "cut": held[:-9],
        "altered": held[:70] + bytes([held[70] ^ 1]) + held[71:],
        "longer": held + b"more",
        "empty": b"",
        "trailer": held[:-28] + b"\0" * 28,
    }[damage]
    path.unlink()
    path.write_bytes(broken)
    assert find_or_make(tmp_path / "run", "mark", write).find("one").plain == WHOLE.plain
    assert path.read_bytes() == held


def test_several_at_once_make_it_once(tmp_path):
    made, lock = [], Lock()

    def count(making: Making) -> None:
        with lock:
            made.append(1)
        write(making)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: find_or_make(tmp_path / "run", "mark", count), range(4)))
    assert len(made) == 1
    assert [kept.find("one").plain for kept in found] == [WHOLE.plain] * 4


def test_a_maker_that_fails_leaves_nothing(tmp_path):
    def fail(making: Making) -> None:
        making.put("one", WHOLE)
        raise KeyError("history")

    with pytest.raises(KeyError):
        find_or_make(tmp_path / "run", "mark", fail)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["making.lock"]


def test_where_the_home_cannot_be_written_it_lies_elsewhere(tmp_path):
    (tmp_path / "run").write_text("in the way")
    kept = find_or_make(tmp_path / "run" / "memory", "mark", write)
    assert kept.find("one").arrays["numbers"].tolist() == [0, 1, 2, 3, 4]
    assert kept.find("two").read["bytes"](0, 2) == bytes([0, 1])


def test_where_no_disk_has_room_it_lies_in_memory(tmp_path, monkeypatch):
    class Full(BytesIO):
        def write(self, data: object, /) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept_arrays.os, "fdopen", lambda *_: Full())
    monkeypatch.setattr(kept_arrays, "TemporaryFile", Full)
    monkeypatch.setattr(kept_arrays.os, "open", lambda *_: 0)
    kept = find_or_make(tmp_path / "run", "mark", write)
    assert kept.find("one").arrays["numbers"].tolist() == [0, 1, 2, 3, 4]
    assert kept.find("two").read["bytes"](0, 2) == bytes([0, 1])
    kept.let_go()


def test_earlier_files_are_swept_away_and_those_in_use_stay_readable(tmp_path):
    first = find_or_make(tmp_path / "run", "mark0", write)
    for number in range(1, 6):
        find_or_make(tmp_path / "run", f"mark{number}", write)
        os.utime(tmp_path / "run" / f"mark{number}.memory", (number, number))
    (tmp_path / "run" / "killed.1.part").write_bytes(b"half")
    find_or_make(tmp_path / "run", "last", write)
    left = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert "killed.1.part" not in left
    assert "last.memory" in left
    assert len([name for name in left if name.endswith(".memory")]) == kept_arrays.STAY
    assert first.find("one").arrays["numbers"].tolist() == [0, 1, 2, 3, 4]
