"""A folder is a home by what is kept in it; who only reads does not begin one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from features.home import KEPT, NoHome, make_private, require_home


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights otherwise")
def test_a_new_home_is_its_owners_alone_and_an_old_one_is_left_as_it_is(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir(mode=0o755)
    make_private(old)
    make_private(tmp_path / "deep" / "new")

    assert oct(old.stat().st_mode & 0o777) == "0o755"
    assert oct((tmp_path / "deep" / "new").stat().st_mode & 0o777) == "0o700"


def test_an_empty_folder_may_become_one(tmp_path: Path) -> None:
    assert require_home(tmp_path) == tmp_path


@pytest.mark.parametrize("kept", KEPT)
def test_whatever_is_kept_there_makes_it_one(tmp_path: Path, kept: str) -> None:
    (tmp_path / kept).mkdir()

    assert require_home(tmp_path) == tmp_path


def test_what_is_none_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "photos" / "of the sea").mkdir(parents=True)
    for place, why in (("file", "it is a file"), ("photos", "nothing of Foresell"), ("typo", "no such folder")):
        with pytest.raises(NoHome, match=why):
            require_home(tmp_path / place)


COMMANDS = (
    "models list", "keys list", "users list", "secrets list", "audit list", "audit verify", "jobs list", "store show",
    "served export --out x.csv", "backup --out x.tar", "check", "history show deals",
)  # fmt: skip

PROGRAM = f"""
import io, sys
from contextlib import redirect_stderr, redirect_stdout, suppress
from serving.cli import main
for words in {COMMANDS!r}:
    sys.argv = ["foresell", "--home", "typo", *words.split()]
    said = io.StringIO()
    with suppress(SystemExit), redirect_stderr(said), redirect_stdout(said):
        main()
    print(words, "|", " ".join(said.getvalue().split()))
"""


def test_no_reading_command_begins_a_home(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True)
    lines = done.stdout.splitlines()

    assert len(lines) == len(COMMANDS), done.stderr
    for line in lines:
        assert "Error: typo is not a home" in line or "There is no history at typo" in line, line
        assert "To fix:" in line, line
    assert list(tmp_path.iterdir()) == []
