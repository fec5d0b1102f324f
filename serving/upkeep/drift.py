"""Do the live models still fit what comes in? Watched every night; the latest report is kept as JSON."""

import json
from pathlib import Path

from serving.jobs.job import JobContext

MODELS = ("win", "churn", "forecast")


def watch_models(context: JobContext) -> str:
    """Watch every live model and keep the report beside the service's other files; say what was found.

    A model that cannot be watched does not keep the others from it. Raises NoHistory.
    """
    from features.errors import ForesellError
    from features.history import History
    from training.bundle_file import is_pointed_at
    from training.drift.watch import watch_home

    live = [model for model in MODELS if is_pointed_at(context.home, model)]
    if not live:
        return "No model is live: nothing was watched."
    history = History.existing(context.home)
    facts: list[dict[str, object]] = []
    troubles: dict[str, str] = {}
    for model in live:
        try:
            facts += [one.facts() for one in watch_home(context.home, history, model, None, None, context.now)]
        except ForesellError as trouble:
            troubles[model] = str(trouble)
    keep_report(context.home, {"as_of": context.now.isoformat(), "models": facts, "not_watched": troubles})
    return _said(facts, troubles)


def keep_report(home: Path, report: dict[str, object]) -> None:
    """Put the report in the place of the one before, whole."""
    place = report_file(home)
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_suffix(".tmp")
    draft.write_text(json.dumps(report, ensure_ascii=False, indent=1), "utf-8")
    draft.replace(place)


def latest_report(home: Path) -> dict[str, object] | None:
    """The latest report, None before the first: `as_of`, `models` as `foresell drift --json` says, `not_watched`."""
    try:
        found: dict[str, object] = json.loads(report_file(home).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return found


def report_file(home: Path) -> Path:
    """Where the latest report lies."""
    return home / "run" / "drift" / "latest.json"


def _said(facts: list[dict[str, object]], troubles: dict[str, str]) -> str:
    alarms = [str(one["model"]) for one in facts if one["alarm"]]
    said = [f"Watched {', '.join(str(one['model']) for one in facts)}."] if facts else []
    said.append(f"Alarm: {', '.join(alarms)}." if alarms else "No alarm.")
    said += [f"{model} could not be watched: {why}" for model, why in troubles.items()]
    return " ".join(said)
