"""The notebooks run from top to bottom on a small company, import and never define, and are kept without output."""

import ast
import json
from pathlib import Path

import matplotlib as mpl
import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = {
    "look_at_a_history",
    "one_deal_explained",
    "add_a_feature_and_see_if_it_helps",
    "backtest_against_rivals",
    "what_a_quota_would_have_done",
}


def _code(notebook: Path) -> list[str]:
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def test_there_are_notebooks() -> None:
    assert {path.stem for path in NOTEBOOKS} == NAMES


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(
    notebook: Path, home: Path, trained: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each cell is run as Jupyter would, the value of its last expression shown."""
    monkeypatch.setenv("FORESELL_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    mpl.use("Agg")
    names: dict[str, object] = {"__name__": "__main__"}
    shown = []
    for number, source in enumerate(_code(notebook), 1):
        cell = ast.parse(source, f"{notebook.name}, cell {number}")
        last = cell.body.pop() if isinstance(cell.body[-1], ast.Expr) else None
        exec(compile(cell, f"{notebook.name}, cell {number}", "exec"), names)
        if isinstance(last, ast.Expr):
            shown.append(repr(eval(compile(ast.Expression(last.value), notebook.name, "eval"), names)))

    assert len(shown) > 3
    assert all(text.strip() for text in shown)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_defines_nothing_and_keeps_no_output(notebook: Path) -> None:
    for source in _code(notebook):
        nodes = list(ast.walk(ast.parse(source)))
        assert not [node for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda)]
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
