"""What is the answer to this request? The service's one way to a score, from the question to its JSON."""

from asyncio import sleep
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Protocol, TypeVar, cast

from anyio import CapacityLimiter, to_thread

from features.as_of import parse_moment
from features.errors import ForesellError
from serving.access.reach import ALL, Reach
from serving.access.seen import seen_by
from serving.champion import Model, Records
from serving.language import Language
from serving.moments import written
from serving.problems.errors import RecordNotAccepted
from serving.questions.asked import AskedOfAll
from serving.scores.occasion import Occasion, Occasions, occasion, recorded_before
from serving.scores.one_state import holding, in_one_state
from serving.scores.pieces import run_here, run_in_pieces
from serving.scores.scoring import Scored, score_customers, score_deals, told_of_deal
from serving.scores.subjects import Reader, Subject
from serving.scores.written import WRITE, CustomerScores, DealScores, together
from serving.shelf.one_deal import Told, values_of
from serving.shelf.pairs import Pair
from serving.shelf.shelf import Shelf
from serving.telemetry.metrics import Metrics, NoMetrics
from serving.telemetry.tracing import step

T = TypeVar("T")
SMALL = 8
"""So many are scored on the event loop itself: a trip to a thread takes longer."""
LOOK_AGAIN = 0.02
"""Seconds between two looks whether the history is in memory, while a service starts."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, how far he sees, and in which request."""

    actor: str = "nobody"
    reach: Reach = ALL
    request_id: str = ""


@dataclass(frozen=True)
class Done:
    """A call that was answered: when it was asked, its answer, and what was scored, part by part."""

    asked: Occasion
    answer: bytes
    parts: list[tuple[Sequence[Subject], Scored[Any]]]


class Follower(Protocol):
    """Takes accepted events into the memory (`serving.events.follower`)."""

    @property
    def behind(self) -> int:
        """How many accepted events are known of that are not in memory."""

    async def catch_up(self) -> bool:
        """Return when everything accepted before the call is in memory; False where that cannot be had now."""

    def present(self, now: datetime) -> datetime:
        """The moment scores are as of: now, or just after the latest event in memory."""


class Log(Protocol):
    """Keeps what was served for later (`serving.score_log.queue`)."""

    def put(
        self,
        asked: Occasion,
        model: Model,
        actor: str,
        request_id: str,
        subjects: Sequence[Subject],
        scored: Scored[Any],
        first: int = 0,
    ) -> None:
        """Take the scores of a piece of a request. Never waits, never raises."""


class ScoreBook:
    """Scores for callers. `clock` gives the present as naive UTC; `serve --as-of` hands in one that stands still."""

    def __init__(
        self,
        shelf: Shelf,
        clock: Callable[[], datetime],
        stale_after: timedelta,
        piece_rows: int,
        large_calls_at_once: int,
        *,
        follower: Follower | None = None,
        log: Log | None = None,
        metrics: Metrics | None = None,
        first_load_wait: timedelta = timedelta(0),
    ) -> None:
        self._shelf, self._clock = shelf, clock
        self._stale_after, self._piece_rows = stale_after, piece_rows
        self._large_calls = CapacityLimiter(large_calls_at_once)
        self._follower, self._log, self._metrics = follower, log, metrics or NoMetrics()
        self._occasions = Occasions()
        self._load_until = monotonic() + first_load_wait.total_seconds()

    async def answer(
        self,
        model: Model,
        asked: AskedOfAll,
        subjects: Sequence[Any],
        language: Language,
        asker: Asker = Asker(),
        decode: Callable[[Any], Any] | None = None,
    ) -> bytes:
        """The answer to a request as JSON: `DealScores` of the win model, `CustomerScores` of the churn model.

        `subjects` are the deals or customers asked about, in either shape, or what `decode` makes them of. Raises what
        `Shelf.pair` and `occasion` raise, RecordNotAccepted, OutsideYourReach and what `decode` raises; then nothing
        was scored.
        """
        large = len(subjects) > SMALL
        if decode is not None:
            reading = self._decode(model, asked, subjects, decode)
            subjects = await run_in_pieces(reading, self._large_calls) if large else run_here(reading)
        pair, behind, by_id = self._shelf.pair(model), cast(int | None, 0), False
        if any(not isinstance(one, Told) and one.features is None for one in subjects):
            pair, behind = await self._with_records(model, pair)
            by_id = True
        now = self._clock()
        present = self._follower.present(now) if by_id and self._follower is not None else now
        if asked.as_of is not None:
            await to_thread.run_sync(self._look_back, pair, asked.as_of)

        def begin() -> Generator[None, None, Done]:
            records = self._seen(pair, asker.reach) if by_id else None
            when = occasion(pair, asked, language, now, self._stale_after, records, behind=behind, present=present)
            return self._score(when, model, subjects)

        async def in_pieces() -> Done:
            return await run_in_pieces(begin(), self._large_calls)

        with step("score", model=model, subjects=len(subjects)):
            if large:
                done = await in_one_state(pair.records if by_id else None, in_pieces, _judged_by)
            else:
                with holding(pair.records if by_id else None):
                    done = run_here(begin())
        first = 0
        for some, scored in done.parts:
            self._note(done.asked, model, asker, some, scored, first)
            first += len(some)
        return done.answer

    @staticmethod
    def _look_back(pair: Pair, as_of: str) -> None:
        """In a thread: have at hand what was recorded before a moment in the past."""
        # A moment that cannot be read is the occasion's to say.
        with suppress(ForesellError, OverflowError, ValueError):
            recorded_before(pair, parse_moment(as_of, str(pair.zone)))

    def at_once(self, body: bytes, language: Language, asker: Asker) -> bytes | None:
        """The answer of the win model to a plain request about one deal by features; None for all others.

        The same bytes as those of `answer`, which says what else there is to be said. Never waits, never raises.
        """
        try:
            pair = self._shelf.pair("win")
            now = self._clock()
            bundled = pair.at(now)
            reader = bundled.one_deal
            if reader is None or (asked := reader.read(body)) is None:
                return None
            values, most = values_of(asked), asked.reasons
            when = self._occasions.now(pair, bundled, asked, language, now, self._stale_after)
            row = reader.row(values)
            given = reader.score(values, row, when.days, language, most)
            if given is None or given.note:
                return None
            subject = Subject(asked.deals[0].deal_id, "features", row=row)
            scored = told_of_deal(when, subject, given, row)
            answer = _together(when, "win", [WRITE(scored.answers)])
        except (ForesellError, OverflowError, ValueError):
            return None
        self._note(when, "win", asker, (subject,), scored, 0)
        return answer

    async def _with_records(self, model: Model, pair: Pair) -> tuple[Pair, int | None]:
        """The pair with its history, and how many accepted events are not in it, None where that could not be asked.

        Waits a while as the service starts.
        """
        while pair.records is None and self._shelf.loading and monotonic() < self._load_until:
            await sleep(LOOK_AGAIN)
            pair = self._shelf.pair(model)
        behind: int | None = 0
        if self._follower is not None and not await self._follower.catch_up():
            behind = self._follower.behind or None
        return self._shelf.pair(model), behind

    def _seen(self, pair: Pair, reach: Reach) -> Records:
        if pair.records is None:
            raise self._shelf.without_records()
        return seen_by(pair.records, reach)

    def _decode(
        self, model: Model, asked: AskedOfAll, subjects: Sequence[Any], decode: Callable[[Any], Any]
    ) -> Generator[None, None, list[Any]]:
        reader = None
        if model == "win" and len(subjects) > 1:
            pair = self._shelf.pair(model)
            reader = (pair.followed or pair.trained).one_deal if asked.as_of is None else pair.trained.one_deal
        found: list[Any] = []
        for _, some in _parts(subjects, self._piece_rows):
            if reader is None:
                found += [decode(one) for one in some]
            else:
                found += [decode(one) if (told := reader.read_deal(one)) is None else told for one in some]
            yield
        return found

    def _score(self, asked: Occasion, model: Model, subjects: Sequence[Any]) -> Generator[None, None, Done]:
        """All of a request; yields between pieces."""
        reader = Reader(asked.pair, asked.bundled, asked.records, asked.as_of)
        read = reader.read_deals if model == "win" else reader.read_customers
        meant: list[Subject] = []
        for first, part in _parts(subjects, self._piece_rows):
            meant += read(part, first)
            yield
        if reader.faults:
            what = "deals" if model == "win" else "customers"
            raise RecordNotAccepted(reader.faulty, what, tuple(reader.faults))
        pieces: list[bytes] = []
        parts: list[tuple[Sequence[Subject], Scored[Any]]] = []
        for _, some in _parts(meant, self._piece_rows):
            scored: Scored[Any] = score_deals(asked, some) if model == "win" else score_customers(asked, some)
            pieces.append(WRITE(scored.answers))
            parts.append((some, scored))
            yield
        return Done(asked, _together(asked, model, pieces), parts)

    def _note(
        self, asked: Occasion, model: Model, asker: Asker, subjects: Sequence[Subject], scored: Scored[Any], first: int
    ) -> None:
        """Count and log what was served."""
        if len(subjects) == 1:
            self._metrics.scores(model, subjects[0].form, 1)
        else:
            for form in {subject.form for subject in subjects}:
                self._metrics.scores(model, form, sum(subject.form == form for subject in subjects))
        if self._log is not None:
            self._log.put(asked, model, asker.actor, asker.request_id, subjects, scored, first)


def _judged_by(done: Done) -> datetime:
    """What is told of a moment before this one changes the answer; where rows are looked at as they last were, all."""
    only_ids = all(subject.form in ("known", "features") for some, _ in done.parts for subject in some)
    return done.asked.as_of if only_ids else datetime.max


def _together(asked: Occasion, model: Model, pieces: Sequence[bytes]) -> bytes:
    """The answers with what is true of all of them."""
    pair, champion, source = asked.pair, asked.bundled.champion, asked.source
    scores, times = together(pieces), (source.scored_at, source.data_as_of, source.level_as_of, source.stale)
    version, rung, fingerprint = champion.version, champion.rung, asked.bundled.fingerprint
    currency, as_of = pair.currency, written(asked.as_of)
    if model == "win":
        base_rate = cast(Any, champion).base_rate
        return WRITE(DealScores(scores, champion.model, version, rung, fingerprint, base_rate, currency, as_of, *times))
    return WRITE(CustomerScores(scores, champion.model, version, rung, fingerprint, currency, as_of, *times))


def _parts(rows: Sequence[T], size: int) -> Iterator[tuple[int, Sequence[T]]]:
    for first in range(0, len(rows), size):
        yield first, rows[first : first + size]
