"""What lies in the folder that a process of ours is started in is not run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from features.own_process import command_of, others_started_safely

NAMES = ("json", "pickle", "struct", "typing", "logging", "site", "sitecustomize", "numpy", "features", "serving")
MARK = "was-run"


@pytest.fixture
def poisoned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of modules that leave a mark when they are run, and processes begin in it."""
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / MARK)!r}, 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    for name in ("PYTHONSAFEPATH", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_what_was_set_before_stays_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    for before in (None, "yes"):
        monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
        if before is not None:
            monkeypatch.setenv("PYTHONSAFEPATH", before)
        with others_started_safely():
            assert os.environ["PYTHONSAFEPATH"] == "1"
        assert os.environ.get("PYTHONSAFEPATH") == before


def ended(command: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def test_python_would_run_them(poisoned: Path) -> None:
    ended([sys.executable, "-c", "import json"])

    assert (poisoned / MARK).exists()


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("serving.jobs.__main__", "foresell jobs run"),
        ("serving.running.worker", "foresell serve --workers"),
        ("features.memory_making", "JSONDecodeError"),
    ],
)
def test_processes_of_ours_do_not(poisoned: Path, module: str, says: str) -> None:
    done = ended(command_of(module))

    assert done.returncode == 1
    assert says in done.stderr
    assert not (poisoned / MARK).exists()


BESIDE = """
import typer
from features.doors import run
app = typer.Typer()
@app.command()
def teach() -> None:
    from multiprocessing import get_context
    process = get_context("spawn").Process(target=print, args=("taught",))
    process.start()
    process.join()
if __name__ == "__main__":
    run(app)
"""


def test_processes_that_a_library_starts_for_a_command_do_not(poisoned: Path) -> None:
    script = poisoned / "bin" / "foresell"
    script.parent.mkdir()
    script.write_text(BESIDE)

    done = ended([sys.executable, str(script)])

    assert (done.returncode, done.stdout) == (0, "taught\n"), done.stderr
    assert not (poisoned / MARK).exists()
