"""Machine code is kept as Python keeps its byte code, and made again wherever it cannot be trusted."""

import os
import sys
from pathlib import Path

import pytest

from training.machine_code.kept import kept


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """Byte code, and what is kept beside it, goes under a folder of its own."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.bin*"))


CPU = ["cpu"]


def never() -> bytes:
    raise AssertionError("made again")


def test_what_was_made_once_is_read(folder):
    assert kept("loop", ["source", 1], CPU, lambda: b"code") == b"code"
    assert len(files(folder)) == 1
    assert kept("loop", ["source", 1], CPU, never) == b"code"


def test_what_is_kept_under_another_name_stays(folder):
    kept("loop", ["source"], CPU, lambda: b"code")
    kept("other", ["source"], CPU, lambda: b"other code")

    assert kept("loop", ["source"], CPU, never) == b"code"
    assert kept("other", ["source"], CPU, never) == b"other code"


def test_of_another_source_it_is_made_anew_and_the_old_goes(folder):
    kept("loop", ["source"], CPU, lambda: b"old")

    assert kept("loop", ["other source"], CPU, lambda: b"new") == b"new"
    assert len(files(folder)) == 1
    assert kept("loop", ["source"], CPU, lambda: b"again") == b"again"


def test_what_another_processor_keeps_in_the_same_folder_stays(folder):
    kept("loop", ["source"], CPU, lambda: b"mine")
    kept("loop", ["source"], ["other cpu"], lambda: b"its own")
    kept("loop", ["newer source"], ["other cpu"], lambda: b"its newer one")

    assert len(files(folder)) == 2
    assert kept("loop", ["source"], CPU, never) == b"mine"
    assert kept("loop", ["newer source"], ["other cpu"], never) == b"its newer one"


def test_the_setting_says_where(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("FORESELL_MACHINE_CODE", str(tmp_path / "apart"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    kept("loop", ["source"], CPU, lambda: b"code")

    assert [path.parent for path in files(folder)] == [tmp_path / "apart"]
    assert kept("loop", ["source"], CPU, never) == b"code"


def of_another_user(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    monkeypatch.setattr("training.machine_code.kept.ROOT", mine + 2)


def behind_a_link(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.rename(place.with_name("elsewhere"))
    place.symlink_to(place.with_name("elsewhere"))


def no_file(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.unlink()
    place.mkdir()


def of_another_name(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept("other", ["other source"], CPU, lambda: b"other code")
    (other,) = place.parent.glob("other.*.bin")
    other.rename(place)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="owners are told otherwise here")
@pytest.mark.parametrize(
    "happens",
    [
        lambda place, _: place.chmod(0o664),
        lambda place, _: place.chmod(0o646),
        of_another_user,
        behind_a_link,
        no_file,
        of_another_name,
    ],
    ids=["group writes", "all write", "another's", "a link", "no file", "of something else"],
)
def test_what_others_may_have_written_is_never_run(folder, monkeypatch, happens):
    kept("loop", ["source"], CPU, lambda: b"code")
    (place,) = files(folder)
    happens(place, monkeypatch)

    assert kept("loop", ["source"], CPU, lambda: b"made again") == b"made again"


@pytest.mark.parametrize(
    "damage", [lambda code: code[:-1], lambda code: code[:5], lambda code: b"", lambda c: c + b"!"]
)
def test_what_is_cut_short_or_altered_is_made_again(folder, damage):
    kept("loop", ["source"], CPU, lambda: b"some code")
    (place,) = files(folder)
    place.write_bytes(damage(place.read_bytes()))

    assert kept("loop", ["source"], CPU, lambda: b"made again") == b"made again"
    assert kept("loop", ["source"], CPU, never) == b"made again"


def test_where_python_writes_no_byte_code_nothing_is_written(folder, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    assert kept("loop", ["source"], CPU, lambda: b"code") == b"code"
    assert files(folder) == []


def test_where_nothing_can_be_written_it_is_made_each_time(folder, monkeypatch):
    blocked = folder / "a file"
    blocked.write_text("and no folder")
    monkeypatch.setattr(sys, "pycache_prefix", str(blocked))

    assert kept("loop", ["source"], CPU, lambda: b"code") == b"code"
    assert kept("loop", ["source"], CPU, lambda: b"code again") == b"code again"
