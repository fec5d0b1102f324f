"""What is the answer to this request? The service's one way to a score, from the question to its JSON."""

from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from anyio import CapacityLimiter

from serving.answers import DealOnRecord, DealScore
from serving.errors import DealNotFound, ModelKnowsTheFuture, RecordNotAccepted
from serving.language import Language
from serving.occasion import Occasion, occasion
from serving.pieces import run_at_once, run_in_pieces
from serving.problems import problem_of
from serving.questions import DealAsked, DealsAsked
from serving.record_json import record_in_json
from serving.scoring import answer_together, score_subjects
from serving.shelf import Shelf
from serving.subjects import Reader, Subject

T = TypeVar("T")


class ScoreBook:
    """Scores for callers. `clock` gives the present as naive UTC; `serve --as-of` hands in one that stands still."""

    def __init__(
        self,
        shelf: Shelf,
        clock: Callable[[], datetime],
        stale_after: timedelta,
        piece_rows: int,
        large_calls_at_once: int,
    ) -> None:
        self._shelf, self._clock = shelf, clock
        self._stale_after, self._piece_rows = stale_after, piece_rows
        self._large_calls = CapacityLimiter(large_calls_at_once)

    async def answer(self, asked: DealsAsked, language: Language) -> bytes:
        """The answer to a request as JSON (`DealScores`).

        Raises what `Shelf.pair` and `occasion` raise, and RecordNotAccepted; then nothing was scored.
        """
        asked_when = occasion(self._shelf.pair(), asked, language, self._clock(), self._stale_after)
        work = self._score(asked_when, asked.deals)
        if len(asked.deals) <= self._piece_rows:
            return await run_at_once(work)
        return await run_in_pieces(work, self._large_calls)

    def deal(self, deal_id: str, language: Language) -> DealOnRecord:
        """A deal on record and its score now. Raises DealNotFound and what `Shelf.pair` raises."""
        pair = self._shelf.pair()
        if not pair.records.has(deal_id):
            raise DealNotFound(deal_id)
        now = self._clock()
        is_open = pair.records.is_open(deal_id, now)
        found = DealOnRecord(deal_id=deal_id, open=is_open, record=record_in_json(pair.records.record(deal_id)))
        if is_open:
            asked = DealsAsked(deals=[DealAsked(deal_id=deal_id)])
            try:
                asked_when = occasion(pair, asked, language, now, self._stale_after)
            except ModelKnowsTheFuture as refusal:
                found.error = problem_of(refusal)
            else:
                found.score = score_subjects(asked_when, [Subject(deal_id, "known")])[0]
        return found

    def _score(self, asked_when: Occasion, deals: Sequence[DealAsked]) -> Generator[None, None, bytes]:
        """All of a request; yields between pieces."""
        reader, subjects = Reader(asked_when.pair, asked_when.as_of), list[Subject]()
        for first, part in _parts(deals, self._piece_rows):
            subjects += reader.read(part, first)
            yield
        if reader.faults:
            raise RecordNotAccepted(reader.faulty, tuple(reader.faults))
        scores: list[DealScore] = []
        for _, some in _parts(subjects, self._piece_rows):
            scores += score_subjects(asked_when, some)
            yield
        return answer_together(asked_when, scores).model_dump_json().encode()


def _parts(rows: Sequence[T], size: int) -> Iterator[tuple[int, Sequence[T]]]:
    for first in range(0, len(rows), size):
        yield first, rows[first : first + size]
