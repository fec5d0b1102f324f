"""When do accepted events become part of the history? A job writes them there, some thousands in one delivery."""

from features.errors import ForesellError
from features.fold_marks import Mark
from features.folding import fold
from features.history import History
from serving.events.feed import PAGE, TURN, Reach, events_after, stamp_of
from serving.events.settling import as_told, keep_folded, settle
from serving.jobs.job import JobContext
from serving.store.event_tables import EventFeed

PIECE = 20_000
"""Events of one delivery."""


def fold_accepted(context: JobContext, piece: int = PIECE) -> str:
    """Write every accepted event into the history; say how many. May be cut off at any moment and run again.

    Raises StoreAway, HistoryNotWritten and what opening the history raises.
    """
    history = History.open(context.home)
    now = settle(context.store, history)
    folded = refused = 0
    entry: int | None = None
    while now.waiting:
        before = now
        entry, count, aside = _fold_piece(context, history, now, piece)
        folded, refused = folded + count, refused + aside
        now = settle(context.store, history)
        if now.folded <= before.folded:
            raise FoldingStands(before.folded)
        context.say(f"{now.waiting:,} events wait")
    if not folded:
        return "Nothing waited."
    said = f"Wrote {folded:,} events into the history, up to its entry {entry}."
    return f"{said} {refused:,} were set aside: the log says why." if refused else said


class FoldingStands(ForesellError):
    problem = "Folding does not get beyond the event {0}: the database was changed meanwhile."
    fix = "nothing is needed, it is tried again; if it comes back, look into the service's log."


def _fold_piece(context: JobContext, history: History, now: Reach, piece: int) -> tuple[int | None, int, int]:
    """Fold the next events; the entry, how many they are, and how many the history did not take."""
    pages = events_after(context.store, now.folded, now.last, min(piece, PAGE))
    events = [one for page, _ in zip(pages, range(-(-piece // PAGE)), strict=False) for one in page]
    if not events:
        raise FoldingStands(now.folded)
    told, refused = as_told(events)
    mark = Mark(now.name, events[-1].position, stamp_of(events[-1]))
    done = fold(history, told, mark, context.now)
    with context.store.writing(TURN) as session:
        feed = session.get(EventFeed, 1)
        if feed is not None and feed.name == now.name and feed.folded == now.folded:
            keep_folded(session, feed, mark, done.entry, refused, context.now)
    return done.entry, len(events), len(refused)
