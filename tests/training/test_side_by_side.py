"""Recipes followed in another process: what comes back, what is told meanwhile, and what becomes of failures."""

import os
import sys

import pytest

from training import side_by_side
from training.candidate import CannotTeach
from training.side_by_side import Beside, may_be_side_by_side

RECIPES = """
import os
from training.recipe import NoDeals

def taught(history, until, folds, progress):
    progress("choosing features")
    return {"files": len(history.files("deals")), "until": until, "folds": folds, "closure": lambda: os.getpid()}

def refused(history, until, folds, progress):
    raise NoDeals(until.date())

def helped(history, until, folds, progress):
    from joblib import Parallel, delayed
    return Parallel(n_jobs=2)(delayed(abs)(number) for number in (-1, -2))

def gone(history, until, folds, progress):
    os._exit(3)
"""


@pytest.fixture
def begun(company, tmp_path, monkeypatch):
    """A recipe of our own, begun in another process, and what it told."""
    (tmp_path / "own_recipes.py").write_text(RECIPES, "utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    said: list[str] = []

    def begin(name: str) -> tuple[Beside, list[str]]:
        return Beside(("own_recipes", name), company.home, company.end, 2, said.append), said

    return begin


def test_what_was_taught_elsewhere_comes_back_with_what_was_told(begun, company):
    beside, said = begun("taught")
    found = beside.candidate()

    assert found["files"] == len(company.history.files("deals")) > 0
    assert (found["until"], found["folds"]) == (company.end, 2)
    assert found["closure"]() == os.getpid()
    assert said == ["choosing features"]


def test_what_a_recipe_raises_there_is_raised_here(begun, company):
    beside, _ = begun("refused")

    with pytest.raises(CannotTeach, match=str(company.end.date())):
        beside.candidate()


def test_helpers_of_the_other_process_end_with_it(begun):
    beside, _ = begun("helped")

    assert beside.candidate() == [1, 2]  # waits for the process, which waits for its helpers
    assert beside._process.exitcode == 0


def test_a_process_that_dies_leaves_nothing(begun):
    beside, _ = begun("gone")

    assert beside.candidate() is None
    beside.stop()


def test_only_a_small_history_on_two_processors_is_held_twice(company, monkeypatch):
    monkeypatch.setattr(side_by_side, "processors", lambda: 2)
    assert may_be_side_by_side(company.history)
    monkeypatch.setattr(side_by_side, "MOST_BYTES", 1000)
    assert not may_be_side_by_side(company.history)
    monkeypatch.undo()
    monkeypatch.setattr(side_by_side, "processors", lambda: 1)
    assert not may_be_side_by_side(company.history)
