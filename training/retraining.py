"""What happens when a model is trained: learn, judge, store, and promote what the gate lets pass."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from features.errors import ForesellError, was_interrupted
from features.history import History
from training.bundle_file import ModelBundle, live_bundle, load_any
from training.candidate import Candidate, CannotTeach, Verdict
from training.gate import passes
from training.registry import Registry
from training.side_by_side import Beside, may_be_side_by_side

RECIPES: Mapping[str, tuple[str, str]] = {
    "win": ("training.recipe", "train_win"),
    "churn": ("training.churn.recipe", "train_churn"),
    "forecast": ("training.forecast.recipe", "train_forecast"),
}
"""Where each model's recipe stands, in the order in which they are trained: the forecast is made of wins."""
LONGEST = "forecast"


@dataclass(frozen=True)
class Wish:
    """How to train: windows to compare on, whether to promote or to put into the shadow, the search's budget."""

    folds: int = 3
    promote: bool = True
    shadow: bool = False
    search_seconds: float = 0.0
    search_trials: int | None = None
    side_by_side: bool = False
    """Whether `train_all` may teach two models at once."""


@dataclass(frozen=True)
class Trained:
    """A candidate that was stored, what the gate said, and what became of it."""

    candidate: Candidate
    version: str
    gate: Verdict
    state: str

    def facts(self) -> dict[str, object]:
        """What `train --json` says."""
        candidate, bundle = self.candidate, self.candidate.bundle
        cards: Mapping[str, Any] = getattr(candidate, "scorecards", {})
        return {
            **candidate.params(),
            "model": bundle.model,
            "version": self.version,
            "until": bundle.until.isoformat(),
            "serves": candidate.choice.name,
            "rung": candidate.choice.rung,
            "says": candidate.choice.says,
            "says_zh": candidate.choice.says_zh,
            "promoted": self.state == "promoted",
            "state": self.state,
            "gate": self.gate.says,
            "metrics": dict(candidate.metrics()),
            "scorecards": {name: card.metrics() for name, card in cards.items() if hasattr(card, "metrics")},
            "left_out": dict(candidate.left_out),
            "leaks": dict(candidate.leaks),
        }

    def lines(self) -> list[str]:
        """The same for the terminal."""
        candidate, bundle = self.candidate, self.candidate.bundle
        table = candidate.lines()
        leaks = [f"Left out, it would leak: {name}: {reason}" for name, reason in candidate.leaks.items()]
        return [
            *([*table, ""] if table else []),
            candidate.choice.says,
            *leaks,
            f"{bundle.model} version {self.version} ({candidate.choice.rung}), "
            f"until {bundle.until:%Y-%m-%d %H:%M} UTC: {self.state}. {self.gate.says}",
        ]


@dataclass
class Round:
    """One round over all models: what was trained, what the tables do not teach, what failed."""

    trained: list[Trained] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def train_one(
    model: str,
    history: History,
    registry: Registry,
    until: datetime,
    wish: Wish,
    clock: Callable[[], datetime],
    progress: Callable[[str], None] = lambda _: None,
    beside: Beside | None = None,
) -> Trained:
    """Train one model on what was on record before `until` (naive UTC) and store it; `clock` dates the promotion.

    `beside` is where it is being taught already. Raises what the recipe raises, CannotTeach where the tables do not
    teach the model, and RegistryAway.
    """
    module, name = RECIPES[model]
    found = None if beside is None else beside.candidate()
    if found is None:
        found = _taught(getattr(import_module(module), name), history, registry, until, wish, progress)
    candidate = cast(Candidate, found)
    champion, trouble = champion_of(registry.home, model)
    if trouble and _restored(registry, model):
        champion, trouble = champion_of(registry.home, model)
    gate = passes(candidate, champion)
    if trouble:
        gate = Verdict(gate.passed, f"{gate.says} The version that was live cannot answer any more: {trouble}")
    progress("logging to MLflow")
    version = registry.log(candidate, history, gate)
    champion, gate = _looked_at_again(registry, candidate, version, champion, gate)
    state = "logged, not promoted"
    if wish.shadow and champion is not None:
        registry.shadow(model, version, clock())
        state = "in the shadow of the live one"
    elif wish.promote and gate.passed:
        registry.promote(model, version, clock())
        state = "promoted"
    elif wish.promote:
        state = "refused"
    progress("")
    return Trained(candidate, version, gate, state)


def _taught(
    recipe: Callable[..., object],
    history: History,
    registry: Registry,
    until: datetime,
    wish: Wish,
    progress: Callable[[str], None],
) -> object:
    """The candidate; of the win model, with the settings that a search found where one was wished for."""
    sought = wish.search_seconds > 0 or wish.search_trials is not None
    if not sought or recipe.__name__ != "train_win":
        return recipe(history, until, wish.folds, progress)
    from training.search import search_for_win

    seconds = wish.search_seconds or None
    found = search_for_win(history, until, wish.folds, seconds, wish.search_trials, progress)
    with TemporaryDirectory() as name:
        (Path(name) / "search.json").write_text(found.to_json(), "utf-8")
        figures = {"usual_loss": found.usual_loss, "best_loss": found.best_loss, "tried": found.tried}
        known = {key: float(value) for key, value in figures.items() if value is not None}
        registry.log_run("win", f"search until {until:%Y-%m-%d}", Path(name), known)
    progress(found.says)
    return recipe(history, until, wish.folds, progress, trees=found.settings)


def train_all(
    history: History,
    registry: Registry,
    until: datetime,
    wish: Wish,
    clock: Callable[[], datetime],
    progress: Callable[[str], None] = lambda _: None,
) -> Round:
    """Train every model that the tables teach; what fails is named and does not keep the others from being trained."""
    found = Round()
    beside: dict[str, Beside] = {}
    if wish.side_by_side and may_be_side_by_side(history):
        # It takes as long as the two others together.
        beside[LONGEST] = Beside(RECIPES[LONGEST], history.home, until, wish.folds, _named(progress, LONGEST))
    try:
        for model in RECIPES:
            try:
                told = _named(progress, model)
                found.trained.append(train_one(model, history, registry, until, wish, clock, told, beside.get(model)))
            except CannotTeach as reason:
                found.left_out[model] = str(reason)
            except ForesellError as reason:
                found.failed[model] = str(reason)
            except Exception as failure:
                if was_interrupted(failure):
                    raise
                # A fault of ours in one model must not leave the others untrained through the night.
                found.failed[model] = f"{type(failure).__name__}: {failure}"
    finally:
        for each in beside.values():
            each.stop()
    return found


def _named(progress: Callable[[str], None], model: str) -> Callable[[str], None]:
    return lambda text: progress(f"{model}: {text}")


def _looked_at_again(
    registry: Registry, candidate: Candidate, version: str, champion: ModelBundle | None, gate: Verdict
) -> tuple[ModelBundle | None, Verdict]:
    """What is live, and what the gate says: anew where another training has promoted its own meanwhile."""
    model = candidate.bundle.model
    now_live, _ = champion_of(registry.home, model)
    if now_live is None or (champion is not None and now_live.version == champion.version):
        return champion, gate
    gate = passes(candidate, now_live)
    registry.note_gate(model, version, gate)
    return now_live, gate


def _restored(registry: Registry, model: str) -> bool:
    """Whether the live version's files could be fetched again: for a damaged copy the gate need not stand open."""
    try:
        return registry.restore(model)
    except ForesellError:
        return False


def champion_of(home: Path, model: str) -> tuple[ModelBundle | None, str]:
    """The live bundle, None where there is none that can be read; and why it cannot."""
    try:
        folder = live_bundle(home, model)
        return (None, "") if folder is None else (load_any(folder), "")
    except ForesellError as trouble:
        return None, str(trouble)
