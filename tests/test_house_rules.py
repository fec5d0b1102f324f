"""Rules nobody has to remember: this file does."""

import ast
import subprocess
import sys
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

from features.errors import ForesellError

ROOT = Path(__file__).resolve().parents[1]
FLOORS = tuple(
    name for name in ("features", "training", "serving", "simulation", "connectors") if (ROOT / name).is_dir()
)
FILES = sorted(path.relative_to(ROOT) for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "base", "core", "stuff", "tools", "shared"}
MOST_LINES = 400
MAY_READ_THE_CLOCK = {"features/doors.py", "serving/present.py"}
SCORE_PATH = (
    "features.table",
    "features.online",
    "serving.scores.scorebook",
    "serving.shelf.shelf",
    "serving.scores.answers",
)


def modules() -> Iterator[str]:
    """Every module of ours, by name. The scripts of the database's migrations are run by Alembic alone."""
    for floor in FLOORS:
        yield floor
        package = import_module(floor)
        for found in walk_packages(package.__path__, f"{floor}."):
            if ".migrations" not in found.name and not found.name.endswith("__main__"):
                yield found.name


def every_error() -> list[type[ForesellError]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what MLflow says of its own type hints
        for name in modules():
            import_module(name)

    def below(error: type[ForesellError]) -> Iterator[type[ForesellError]]:
        for child in error.__subclasses__():
            yield child
            yield from below(child)

    return sorted(
        {e for e in below(ForesellError) if e.__module__.split(".")[0] in FLOORS}, key=lambda e: e.__qualname__
    )


def run(code: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Python of its own, without leaving byte code behind."""
    command = [sys.executable, "-B", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_floors_import_only_what_lies_below_them(capfd):
    from importlinter.application.use_cases import SUCCESS
    from importlinter.cli import lint_imports

    result = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)

    assert result == SUCCESS or result == 0, capfd.readouterr().out


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_is_named_after_something_and_fits_in_a_head(path):
    assert not {*path.parts[:-1], path.stem} & NAMELESS
    assert len((ROOT / path).read_text("utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", [p for p in FILES if (ROOT / p).stat().st_size], ids=str)
def test_a_file_opens_with_what_it_answers_and_types_its_functions(path):
    tree = ast.parse((ROOT / path).read_text("utf-8"))

    assert ast.get_docstring(tree), "no docstring at the top"
    untyped = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if node.returns is None
        or any(a.annotation is None for a in (*node.args.args, *node.args.kwonlyargs) if a.arg not in ("self", "cls"))
    ]
    assert untyped == []


@pytest.mark.parametrize("path", FILES, ids=str)
def test_no_logic_reads_the_clock_below_the_doors(path):
    """Time is an argument: the doors (commands, the service, a log of requests) are where it is read."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    reads = [
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ("now", "utcnow", "today")
        and isinstance(node.value, ast.Name)
        and node.value.id in ("datetime", "date")
    ]
    assert not reads or path.as_posix() in MAY_READ_THE_CLOCK, reads


def test_every_error_has_a_problem_and_a_way_out_of_its_own():
    errors = every_error()
    assert len(errors) > 20

    for error in errors:
        family = [f for f in error.__mro__ if f is not ForesellError and issubclass(f, ForesellError)]
        problem = next((vars(f)["problem"] for f in family if "problem" in vars(f)), "")
        fix = next((vars(f)["fix"] for f in family if "fix" in vars(f)), "")
        parents = any(child.__module__.split(".")[0] in FLOORS for child in error.__subclasses__())
        assert parents or (problem not in ("", "{0}") and fix not in ("", "{1}")), error.__qualname__


@pytest.mark.parametrize("module", SCORE_PATH)
def test_the_way_to_a_score_loads_neither_pandas_nor_mlflow(module):
    heavy = ("pandas", "mlflow", "sklearn", "matplotlib")
    result = run(f"import {module}\nprint([name for name in {heavy!r} if name in sys.modules])")

    assert (result.stdout.strip(), result.stderr) == ("[]", "")


def test_importing_every_module_makes_no_file(tmp_path):
    names = [name for name in modules() if name != "serving.store.migrations.env"]
    code = f"from importlib import import_module\nfor name in {names!r}: import_module(name)"

    result = run(code, folder=tmp_path)

    assert result.returncode == 0, result.stderr
    assert list(tmp_path.rglob("*")) == []
