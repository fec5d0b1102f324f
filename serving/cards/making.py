"""When are cards made and scored anew, and by what? A job that looks often and works where something changed."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from features.errors import ForesellError
from features.fold_marks import mark_of
from features.history import History
from serving.cards.keeping import ONLY, make_cards, position_of
from serving.cards.scoring import score_cards, versions_text
from serving.moments import in_utc
from serving.store.opening import Store
from serving.store.score_tables import CardsMade

SCORING = ("win", "churn")
MOST_EVENTS = 2_000
"""So many events in the history that no list has followed, and all cards are made anew."""


def wanted(store: Store, home: Path, now: datetime, nightly: time) -> str | None:
    """Why the cards should be made or scored now; None where they are as good as they can be. Cheap.

    `nightly` is the time of day, in the history's zone, from which a day's scores are due.
    """
    history = History.open(home)
    if not history.entries:
        return None
    with store.session() as session:
        made = session.get(CardsMade, ONLY)
        if made is None:
            return "there are none yet"
        held = (made.log_number, made.scored_as_of, made.versions)
        behind = position_of(session, history) - made.position
    if held[0] < history.log.number and _is_news(history, held[0]):
        return "the history grew"
    if behind > MOST_EVENTS:
        return "many events came"
    versions = live_versions(home)
    if versions and held[2] != versions:
        return "another version is live"
    if versions and (held[1] is None or held[1] < _last_night(now, ZoneInfo(history.timezone or "UTC"), nightly)):
        return "a new day began"
    return None


def make(store: Store, home: Path, now: datetime, say: Callable[[str], None]) -> str:
    """Make the cards from the history and score them; what was done, in words."""
    history = History.existing(home)
    written = make_cards(store, history, now)
    with store.session() as session:
        position = position_of(session, history)
    scored = score_cards(store, home, history, now, position, say)
    done = (
        f"cards: {written.added:,} new, {written.changed:,} changed, {written.removed:,} gone; "
        f"scored: {scored.deals:,} deals, {scored.customers:,} customers ({versions_text(scored.versions)}), "
        f"{scored.kept:,} moved, {scored.logged:,} kept for outcomes"
    )
    return "; ".join([done, *(f"{model}: {why}" for model, why in scored.troubles.items())])


def live_versions(home: Path) -> str:
    """The versions that answer now, as text; empty where nothing is live."""
    from training.bundle_file import live_bundle, version_in

    found = {}
    for model in SCORING:
        try:
            folder = live_bundle(home, model)
        except ForesellError:  # said by the shelf and when the model is asked
            continue
        if folder is not None:
            found[model] = version_in(folder)
    return versions_text(found)


def _is_news(history: History, seen: int) -> bool:
    """Whether anything but folded events was added: those are followed. But no memory has events of a new table."""
    told = [(entry, set(entry.tables or entry.parts)) for entry in history.entries]
    known = set[str]().union(*(tables for entry, tables in told if entry.number <= seen))
    return any(entry.number > seen and (mark_of(entry) is None or not tables <= known) for entry, tables in told)


def _last_night(now: datetime, zone: ZoneInfo, nightly: time) -> datetime:
    """The latest moment at which a night's scores were due (naive UTC)."""
    local = in_utc(now).astimezone(zone)
    due = datetime.combine(local.date(), nightly, zone)
    if due > local:
        due = datetime.combine(local.date() - timedelta(days=1), nightly, zone)
    return due.astimezone(UTC).replace(tzinfo=None)
