"""One round over all models, with recipes of our own: what is trained, left out, refused, and fails."""

import sys
from dataclasses import dataclass, replace
from datetime import datetime
from types import SimpleNamespace

import pytest

from features.errors import ForesellError
from training import retraining
from training.bundle_file import live_bundle, load_any, shadow_bundle
from training.candidate import CannotTeach
from training.registry import Refused, Registry
from training.retraining import Wish, champion_of, train_all, train_one

NOW = datetime(2026, 11, 2)


class Broke(ForesellError):
    problem = "The {0} broke."
    fix = "mend it."


@dataclass
class Recipes:
    """Recipes by model; each is given or raises."""

    win: object
    churn: object
    forecast: object


def recipe(found: object):
    def train(history, until, folds, progress):
        progress("training")
        if isinstance(found, Exception):
            raise found
        return found

    return train


@pytest.fixture
def round_of(company, candidate, tmp_path, monkeypatch):
    """A round with these recipes; a candidate of the company where none is given."""

    def run(churn: object, forecast: object, win: object = None, wish: Wish = Wish()):  # noqa: B008
        module = SimpleNamespace(
            train_win=recipe(win or candidate), train_churn=recipe(churn), train_forecast=recipe(forecast)
        )
        monkeypatch.setitem(sys.modules, "told", module)
        names = {"win": "train_win", "churn": "train_churn", "forecast": "train_forecast"}
        monkeypatch.setattr(retraining, "RECIPES", {model: ("told", name) for model, name in names.items()})
        registry = Registry(tmp_path / "home")
        said: list[str] = []
        found = train_all(company.history, registry, company.end, wish, lambda: NOW, said.append)
        return found, registry, said

    return run


def test_what_the_tables_do_not_teach_is_left_out_and_what_fails_is_named(round_of):
    found, registry, said = round_of(CannotTeach("churn", "there are no orders"), Broke("clock"))

    assert [one.candidate.bundle.model for one in found.trained] == ["win"]
    assert found.trained[0].state == "promoted"
    assert "there are no orders" in found.left_out["churn"]
    assert found.failed == {"forecast": "The clock broke.\nTo fix: mend it."}
    assert live_bundle(registry.home, "win") is not None
    assert "win: training" in said


@dataclass
class Elsewhere:
    """A recipe taught in another process, without one."""

    found: object
    ended: bool = False

    def candidate(self) -> object:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    def stop(self) -> None:
        self.ended = True


@pytest.mark.parametrize("found", [Broke("clock"), CannotTeach("forecast", "no")])
def test_a_model_taught_beside_the_others_is_treated_as_one_taught_in_turn(round_of, monkeypatch, found):
    elsewhere, asked = Elsewhere(found), []
    monkeypatch.setattr(retraining, "may_be_side_by_side", lambda history: True)
    monkeypatch.setattr(retraining, "Beside", lambda *words: asked.append(words) or elsewhere)
    unasked = ZeroDivisionError("taught twice")
    here, _, _ = round_of(CannotTeach("churn", "no"), unasked, wish=Wish(side_by_side=True))
    alone, _, _ = round_of(CannotTeach("churn", "no"), found)

    assert asked[0][0] == ("told", "train_forecast")
    assert elsewhere.ended
    assert (here.failed, here.left_out) == (alone.failed, alone.left_out)
    assert len(here.trained) == 1


def test_a_process_that_died_leaves_its_model_to_this_one(round_of, monkeypatch):
    monkeypatch.setattr(retraining, "may_be_side_by_side", lambda history: True)
    monkeypatch.setattr(retraining, "Beside", lambda *words: Elsewhere(None))
    found, _, said = round_of(CannotTeach("churn", "no"), Broke("clock"), wish=Wish(side_by_side=True))

    assert "clock" in found.failed["forecast"]
    assert "forecast: training" in said


def test_a_fault_of_ours_in_one_model_leaves_the_others_trained(round_of):
    found, _, _ = round_of(ZeroDivisionError("by zero"), CannotTeach("forecast", "no"))

    assert found.failed == {"churn": "ZeroDivisionError: by zero"}
    assert len(found.trained) == 1


def test_a_second_round_on_the_same_data_is_promoted_as_equal_or_refused_by_the_figures(company, candidate, tmp_path):
    registry = Registry(tmp_path / "home")
    monkey = {"win": ("told", "train_win")}
    sys.modules["told"] = SimpleNamespace(train_win=recipe(candidate))  # type: ignore[assignment]
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(retraining, "RECIPES", monkey)
            first = train_one("win", company.history, registry, company.end, Wish(), lambda: NOW)
            older = replace(candidate, bundle=replace(candidate.bundle, until=datetime(2025, 1, 1)))
            sys.modules["told"].train_win = recipe(older)  # type: ignore[attr-defined]
            refused = train_one("win", company.history, registry, company.end, Wish(), lambda: NOW)
            shadow = train_one("win", company.history, registry, company.end, Wish(shadow=True), lambda: NOW)
            kept = train_one("win", company.history, registry, company.end, Wish(promote=False), lambda: NOW)
    finally:
        del sys.modules["told"]

    assert first.state == "promoted"
    assert refused.state == "refused"
    assert "has learned until" in refused.gate.says or "learned from nothing later" in refused.gate.says
    assert refused.facts()["promoted"] is False
    assert shadow.state == "in the shadow of the live one"
    assert kept.state == "logged, not promoted"
    live, beside = live_bundle(registry.home, "win"), shadow_bundle(registry.home, "win")
    assert live is not None
    assert beside is not None
    assert load_any(live).version == "1"
    assert load_any(beside).version == "3"
    assert {one.version: one.state for one in registry.versions("win")} == {
        "1": "champion",
        "2": "candidate",
        "3": "shadow",
        "4": "candidate",
    }


def test_a_live_version_that_cannot_answer_counts_as_none(tmp_path):
    folder = tmp_path / "champions" / "win" / "1-a"
    folder.mkdir(parents=True)
    (tmp_path / "champions" / "win.json").write_text('{"folder": "win/1-a"}', "utf-8")
    (folder / "bundle.json").write_text("{", "utf-8")

    champion, trouble = champion_of(tmp_path, "win")

    assert champion is None
    assert "cannot be read" in trouble
    assert champion_of(tmp_path, "churn") == (None, "")


def test_a_damaged_copy_of_the_live_version_is_fetched_again_before_the_gate_looks(company, candidate, tmp_path):
    """With nothing to hold it against, anything would pass."""
    registry = Registry(tmp_path / "home")
    registry.promote("win", registry.log(candidate, company.history), NOW)
    folder = live_bundle(registry.home, "win")
    assert folder is not None
    (folder / "bundle.json").write_text("{", "utf-8")
    older = replace(candidate, bundle=replace(candidate.bundle, until=datetime(2025, 1, 1)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "told", SimpleNamespace(train_win=recipe(older)))
        patch.setattr(retraining, "RECIPES", {"win": ("told", "train_win")})
        found = train_one("win", company.history, registry, company.end, Wish(), lambda: NOW)

    assert found.state == "refused"
    assert load_any(folder).version == "1"


def test_who_presses_ctrl_c_ends_the_round_and_not_one_model(round_of):
    with pytest.raises(RuntimeError, match="Query interrupted"):
        round_of(RuntimeError("Query interrupted"), CannotTeach("forecast", "no"))


def test_the_gate_looks_again_where_another_training_was_quicker(company, candidate, tmp_path):
    """Both began with nothing live; the later promotion must not be replaced by what has learned from less."""
    registry = Registry(tmp_path / "home")
    older = replace(candidate, bundle=replace(candidate.bundle, until=datetime(2025, 1, 1)))

    def slow(history, until, folds, progress):
        return older

    def log(self, one, history, gate=None):
        if self.versions("win") == []:
            self.promote("win", logged(self, candidate, history), NOW)
        return logged(self, one, history, gate)

    logged = Registry.log
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "told", SimpleNamespace(train_win=slow))
        patch.setattr(retraining, "RECIPES", {"win": ("told", "train_win")})
        patch.setattr(Registry, "log", log)
        found = train_one("win", company.history, registry, company.end, Wish(), lambda: NOW)

    assert found.state == "refused"
    assert registry.live_at("win", NOW) == "1"
    assert {one.version: one.gate for one in registry.versions("win")}["2"] == found.gate.says
    with pytest.raises(Refused):
        registry.promote("win", "2", NOW)
