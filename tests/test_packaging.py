"""What a wheel holds: the floors, their data, the licence, and nothing else. Built offline with hatchling."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = ("features", "training", "serving", "simulation")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_every_module_of_the_floors_is_in_it(wheel: zipfile.ZipFile) -> None:
    modules = {str(path.relative_to(ROOT).as_posix()) for floor in FLOORS for path in (ROOT / floor).rglob("*.py")}

    assert modules <= set(wheel.namelist())


def test_nothing_else_is_in_it(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == set(FLOORS)


def test_migrations_and_type_marks_are_in_it(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())

    assert any(name.startswith("serving/store/migrations/versions/") for name in names)
    assert {f"{floor}/py.typed" for floor in FLOORS} <= names


def test_the_licence_and_the_command_are_in_it(wheel: zipfile.ZipFile) -> None:
    about = next(name for name in wheel.namelist() if name.endswith("/METADATA"))
    info = about.rsplit("/", 1)[0]
    said = wheel.read(about).decode()

    assert f"{info}/licenses/LICENSE" in wheel.namelist()
    assert "License-Expression: Apache-2.0" in said
    assert "foresell = serving.cli:main" in wheel.read(f"{info}/entry_points.txt").decode()
    assert "Requires-Python: <3.14,>=3.11" in said
