"""How does each part of the service stand? Cheap enough to be asked every second by several load balancers."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from anyio import to_thread
from sqlalchemy.exc import SQLAlchemyError

from features.errors import ForesellError
from serving.champion import MODELS
from serving.events.feed import oldest_waiting, reach
from serving.events.follower import Follower
from serving.moments import in_utc_if_known
from serving.problems.documents import problem_of
from serving.problems.errors import NoChampion
from serving.score_log.queue import ScoreLog
from serving.scores.answers import Part, Readiness, Trouble
from serving.settings import ServingSettings
from serving.shelf.pairs import Standing
from serving.shelf.shelf import Shelf
from serving.store.opening import Store
from serving.telemetry.request_log import FACTS, LOGGER

ASK_STORE_EVERY = 2.0
"""Seconds for which it is believed that the database answers, or does not."""

REFUSED_LATELY = 10.0
"""Seconds for which it is said that the database answers but refused a write; the service's own jobs try again soon."""

MOST_WAIT = 1.0
"""Seconds that an answer of the database is waited for; a probe must not hang with it."""

log = logging.getLogger(LOGGER)


@dataclass(frozen=True)
class StoreSeen:
    """Whether the database answered, and how many accepted events the history has not yet."""

    answers: bool
    waiting: int | None = None
    refused: str | None = None
    """Why a transaction failed lately though the database answers: a full disk, a read-only one, a lock."""

    unknown: int = 0
    """Accepted events that scores of this process do not know yet."""

    unknown_since: datetime | None = None
    """When the oldest of them came."""

    last: int = 0
    """The position of the latest accepted event."""

    behind: bool = False
    """Whether events are unknown that were accepted at the look before this one."""


class StoreLook:
    """Looks after the database for all who ask. `tick` counts seconds."""

    def __init__(self, store: Store, follower: Follower | None = None, tick: Callable[[], float] = monotonic) -> None:
        self._store, self._follower, self._tick = store, follower, tick
        self._seen, self._seen_at = StoreSeen(False), float("-inf")
        self._asking: asyncio.Future[StoreSeen] | None = None

    async def look(self) -> StoreSeen:
        """What was seen a moment ago, or what the database says now."""
        if self._tick() - self._seen_at < ASK_STORE_EVERY:
            return self._seen
        if self._asking is None or self._asking.done():
            self._asking = asyncio.ensure_future(to_thread.run_sync(self._ask))
        await asyncio.wait([self._asking], timeout=MOST_WAIT)
        return self._asking.result() if self._asking.done() else StoreSeen(False)

    def _ask(self) -> StoreSeen:
        before = self._seen
        try:
            with self._store.session() as session:
                now = reach(session)
                known = None if self._follower is None else self._follower.position
                unknown = 0 if known is None else max(now.last - known, 0)
                since = oldest_waiting(session, known) if known is not None and unknown else None
            refused = self._store.refused_within(REFUSED_LATELY)
            late = known is not None and known < before.last
            found = StoreSeen(True, now.waiting, refused, unknown, since, now.last, late)
        except (SQLAlchemyError, ForesellError, OSError) as failure:
            found = StoreSeen(False)
            if before.answers:
                said = f"{type(failure).__name__}: {failure}".splitlines()[0]
                log.warning("the database does not answer", extra={FACTS: {"problem": said}})
        self._seen, self._seen_at = found, self._tick()
        return found


class Parts:
    """Says how each part stands."""

    def __init__(
        self,
        settings: ServingSettings,
        shelf: Shelf,
        follower: Follower,
        score_log: ScoreLog,
        store_look: StoreLook,
        clock: Callable[[], datetime],
    ) -> None:
        self._settings, self._shelf, self._follower = settings, shelf, follower
        self._score_log, self._store_look, self._clock = score_log, store_look, clock

    async def readiness(self) -> Readiness:
        """How the service stands. It is ready as long as something can be scored, whatever else is in trouble."""
        standing, seen = self._shelf.standing, await self._store_look.look()
        pair = standing.pair
        data_as_of = None if pair is None or pair.records is None else pair.records.data_as_of
        problems = [problem_of(trouble) for trouble in standing.troubles]
        return Readiness(
            ready=pair is not None,
            model_version=pair.champion.version if pair else None,
            data_as_of=in_utc_if_known(data_as_of),
            troubles=[Trouble(type=one.type, detail=one.detail, fix=one.fix) for one in problems],
            parts=[
                *_models(standing),
                self._history(data_as_of, pair is not None),
                _store(seen),
                self._events(seen),
                self._log_of_scores(),
            ],
        )

    def _history(self, data_as_of: datetime | None, loaded: bool) -> Part:
        if not loaded:
            state = "loading" if self._shelf.loading else "missing"
            return Part(part="history", state=state, detail="Not in memory; troubles say why.")
        if data_as_of is None:
            return Part(part="history", state="ok", detail="In memory; no row says when it was recorded.")
        old = self._clock() - data_as_of > self._settings.stale_after
        said = f"Recorded up to {data_as_of.isoformat(timespec='seconds')}Z."
        return Part(part="history", state="stale" if old else "ok", detail=said)

    def _events(self, seen: StoreSeen) -> Part:
        if not self._follower.current or not seen.answers:
            said = "The database could not be asked: scores by id may not know the latest events."
            return Part(part="events", state="behind", detail=said)
        written = f"{seen.waiting or 0} wait to be written to the history."
        if self._follower.position is None and self._shelf.standing.pair is None:
            said = f"No history is in memory yet that could be told events; {written}"
            return Part(part="events", state="loading", detail=said)
        if seen.unknown and seen.unknown_since is not None:
            since = seen.unknown_since.isoformat(timespec="seconds")
            said = f"{seen.unknown:,} accepted events are not known to scores yet, the oldest since {since}Z; {written}"
            return Part(part="events", state="behind" if seen.behind else "ok", detail=said)
        return Part(part="events", state="ok", detail=f"All accepted events are known to scores; {written}")

    def _log_of_scores(self) -> Part:
        counts = getattr(self._score_log, "counts", None)
        if counts is None:
            return Part(part="score_log", state="absent", detail="Served scores are not kept.")
        state = "losing" if counts.lost else "ok"
        said = f"{counts.taken} scores taken, {counts.written} written, {counts.lost} lost by this worker."
        return Part(part="score_log", state=state, detail=said)


def _models(standing: Standing) -> Iterator[Part]:
    for model in MODELS:
        pair, why = standing.pairs.get(model), standing.lacking.get(model)
        if pair is not None:
            shadow = "" if pair.shadow is None else f", shadow {pair.shadow.champion.version}"
            said = f"Version {pair.champion.version}{shadow}."
            state = "ok" if pair.records is not None else "features-only"
            if why is not None:
                state, said = "earlier-version", f"{said} The one that was promoted cannot be loaded; troubles say why."
            yield Part(part=model, state=state, detail=said)
        elif why is None:
            yield Part(part=model, state="loading", detail="Not loaded yet.")
        else:
            state = "absent" if isinstance(why, NoChampion) else "missing"
            yield Part(part=model, state=state, detail=problem_of(why).detail)


def _store(seen: StoreSeen) -> Part:
    if seen.refused is not None:
        said = f"The database answers, but refused a call a moment ago: {seen.refused}. Scores work, writes may not."
        return Part(part="store", state="refusing", detail=said)
    if seen.answers:
        return Part(part="store", state="ok", detail="The database answers.")
    said = "The database does not answer: keys checked lately and scores still work, writes do not."
    return Part(part="store", state="away", detail=said)
