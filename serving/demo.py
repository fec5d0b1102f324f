"""From nothing to a served score: invents a company, imports it, trains, and asks the service for a score."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from features.errors import ForesellError
from features.history import History

ORIGIN = "demo"
DAYS = 730
DEMO_FOLDS = 1
"""One window to compare on: enough to see a verdict, and a newcomer waits less."""


class HomeTaken(ForesellError):
    problem = "{0} already keeps a history that is not the demo's."
    fix = "give the demo a folder of its own: foresell --home DIR demo."


class NotTrained(ForesellError):
    problem = "The {0} model could not be trained: {1}"
    fix = "see what the history holds (foresell check) and train again: foresell train {0}."


@dataclass(frozen=True)
class Demo:
    """What the demo prepared. `as_of` is naive UTC: the end of the invented history."""

    as_of: datetime
    key: str
    deal_id: str
    says: str
    version: str


def prepare(home: Path, deals: int, seed: int, today: date, now: datetime, progress: Callable[[str], None]) -> Demo:
    """Invent, import, train and make a key; a demo prepared before is taken as it is. Raises HomeTaken."""
    from serving.access.keys import create_key
    from serving.settings import ServingSettings
    from serving.store.opening import open_store
    from training.bundle import Bundle, live_bundle

    history = History.open(home)
    if history.entries and history.entries[0].origin != ORIGIN:
        raise HomeTaken(home)
    if history.entries:
        progress(f"taking the demo that was prepared before; delete {home} to invent another")
    else:
        _invent(home, deals, seed, today, now, progress)
        history = History.existing(home)
    as_of = datetime.fromisoformat(history.entries[0].taken_at)
    live = live_bundle(home, "win")
    if live is None:
        _train(home, history, as_of, now, progress)
        live = live_bundle(home, "win")
    assert live is not None
    bundle = Bundle.load(live)
    store = open_store(ServingSettings(home=home).store_address)
    try:
        key = create_key(store, "demo", ["score", "read"], None, now)
    finally:
        store.close()
    return Demo(as_of, key, _some_deal(history, as_of), str(bundle.meta["says"]), bundle.version)


def _invent(home: Path, deals: int, seed: int, today: date, now: datetime, progress: Callable[[str], None]) -> None:
    from features.importing import import_folder
    from simulation.company import CompanySettings
    from simulation.writing import write_company

    company = CompanySettings(deals=deals, seed=seed, start=today - timedelta(days=DAYS), days=DAYS)
    progress(f"inventing a company with {deals:,} deals")
    folder = home / ORIGIN
    write_company(company, folder)
    end = datetime.combine(company.end, datetime.min.time(), ZoneInfo(company.timezone))
    progress("importing its history")
    import_folder(folder, home, folder / "mapping.yaml", end.astimezone(UTC).replace(tzinfo=None), progress)


def _train(home: Path, history: History, as_of: datetime, now: datetime, progress: Callable[[str], None]) -> None:
    """Every model that the tables teach; what fails is said. Raises NotTrained where there is no win model then."""
    from training.registry import Registry
    from training.retraining import Wish, train_all

    found = train_all(history, Registry(home), as_of, Wish(folds=DEMO_FOLDS, side_by_side=True), lambda: now, progress)
    for model, why in found.failed.items():
        progress(f"the {model} model could not be trained: {why}")
    if "win" in found.failed:
        raise NotTrained("win", found.failed["win"])


def _some_deal(history: History, as_of: datetime) -> str:
    """An open deal with something to say: the one with most activities."""
    from features.open_deals import open_deals

    ids = open_deals(history, as_of).ids.tolist()
    with history.connect() as con:
        found = con.execute(
            f"SELECT deal_id FROM ({history.sql_latest('activities')}) WHERE deal_id IN (SELECT unnest(?)) "
            "GROUP BY deal_id ORDER BY count(*) DESC, deal_id LIMIT 1",
            [ids],
        ).fetchone()
    return str(found[0]) if found else str(ids[0])


def request_text(demo: Demo, address: str) -> str:
    """The curl line that asks for a score."""
    body = json.dumps({"deals": [{"deal_id": demo.deal_id}]})
    return (
        f"curl -s {address}/v1/scores/deals -H 'Authorization: Bearer {demo.key}' "
        f"-H 'Content-Type: application/json' -d '{body}'"
    )


def ask_when_ready(demo: Demo, address: str, say: Callable[[str], None], patience: float = 60.0) -> threading.Thread:
    """In the background: wait until the service is ready, ask it for one score, and say what to try."""

    def ask() -> None:
        body = json.dumps({"deals": [{"deal_id": demo.deal_id}]}).encode()
        headers = {"Authorization": f"Bearer {demo.key}", "Content-Type": "application/json"}
        end = time.monotonic() + patience
        while time.monotonic() < end:
            try:
                urllib.request.urlopen(f"{address}/readyz", timeout=2).close()
                request = urllib.request.Request(f"{address}/v1/scores/deals", body, headers)
                with urllib.request.urlopen(request, timeout=10) as answer:
                    say(_told(json.load(answer), demo, address))
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        say(f"The service did not become ready at {address} within {patience:.0f} seconds.")

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    return thread


def _told(answer: dict[str, object], demo: Demo, address: str) -> str:
    scores = answer.get("scores") or answer.get("deals")
    assert isinstance(scores, list)
    first = scores[0]
    chance = "not known" if first["probability"] is None else f"{first['probability']:.0%}"
    interval = "" if first["low"] is None else f" (80 % interval {first['low']:.0%} to {first['high']:.0%})"
    reasons = "\n".join(f"    {reason['effect']:+.2f}  {reason['text']}" for reason in first["reasons"])
    return (
        f"\nDeal {demo.deal_id}: chance to win {chance}{interval}, by win model version {demo.version}\n{reasons}\n\n"
        f"{demo.says}\n\n"
        f"Open   {address}/docs          what can be asked\n"
        "Scores need the key, as in this line; try:\n\n"
        f"{request_text(demo, address)}\n\n"
        "Stop with Ctrl-C. foresell demo starts again from what is there."
    )
