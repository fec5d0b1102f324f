"""Is every served score kept for later, without a caller waiting for it?

A score goes into a bounded queue; a thread asks the champion's shadow about the same values and writes both to Parquet.
Where the queue is full or the disk refuses, scores are lost and counted; the answer never suffers.
"""

import logging
import os
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from threading import Event, Lock, Thread
from time import time_ns
from typing import Any, NamedTuple, cast

from serving.champion import ChurnChampion, Model, Row, WinChampion
from serving.score_log.counts import Counting
from serving.score_log.parts import COLUMNS, counts_folder, write_part
from serving.scores.occasion import Occasion
from serving.scores.scoring import Scored
from serving.scores.subjects import Subject
from serving.shelf.pairs import Bundled
from serving.telemetry.metrics import Metrics, NoMetrics
from serving.telemetry.request_log import FACTS, LOGGER

log = logging.getLogger(LOGGER)
ENOUGH = 5_000
"""Scores after which a part is written at once."""
MOST_OF_PART = 20_000
"""Scores after which a part is ended, but for the rest of a piece: so much is lost at most where a part is refused."""
WITH_ROW = 10
"""A score that keeps its values for a shadow takes so much room of the queue."""
NAME = "score_log"


class Served(NamedTuple):
    """The scores of one piece of a request. Each: subject, form, place, the answer's numbers, the row for a shadow."""

    asked: Occasion
    model: Model
    actor: str
    request_id: str
    scores: tuple[tuple[str | None, str, int, Any, Row | None], ...]

    @property
    def room(self) -> int:
        """What it takes of the queue."""
        return len(self.scores) * (1 if self.asked.pair.shadow is None else WITH_ROW)


class _Numbers(NamedTuple):
    """What is kept of an answer: its reasons would fill the queue."""

    kind: str | None
    probability: float | None
    low: float | None
    high: float | None
    by_days: Mapping[float, float]
    amount: float | None

    @staticmethod
    def of(score: Any) -> "_Numbers":
        """Those of a win or churn model's answer."""
        kind = getattr(score, "kind", None)
        amount = score.amount if kind is None else score.value_at_risk
        return _Numbers(kind, score.probability, score.low, score.high, score.by_days, amount)


class ScoreLog:
    """The queue and its thread. At most `most` scores wait; they are written after `every` or when there are many."""

    def __init__(self, home: Path, most: int, every: timedelta, metrics: Metrics | None = None) -> None:
        self._home, self._most, self._every = home, most, every.total_seconds()
        self._metrics = metrics or NoMetrics()
        self._waiting: deque[Served] = deque()
        self._room = self._scores = 0
        self._name = f"{time_ns() // 1_000_000}-{os.getpid()}"
        self._parts = 0
        self._refused: str | None = None
        self._shadows_failed: set[str] = set()
        self.counts = Counting(counts_folder(home), self._name)
        self._counting = Lock()
        self._wake, self._stop = Event(), Event()
        self._thread = Thread(target=self._keep_writing, name="score-log", daemon=True)

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
        """Take the scores of a piece of a request, of which the first has this number. Never waits, never raises."""
        keep_rows = asked.pair.shadow is not None
        scores = tuple(
            (subject.subject_id, subject.form, place, _Numbers.of(given), row if keep_rows else None)
            for place, (subject, given, row) in enumerate(zip(subjects, scored.given, scored.rows, strict=True), first)
            if given is not None
        )
        if not scores:
            return
        counts = self.counts
        served = Served(asked, model, actor, request_id, scores)
        # Small requests come from the event loop, pieces of large ones from threads.
        with self._counting:
            taken = self._room + served.room <= self._most
            if taken:
                counts.taken += len(scores)
                self._room += served.room
                self._scores += len(scores)
                self._waiting.append(served)
            else:
                counts.lost += len(scores)
            counts.keep()
        if not taken:
            self._metrics.lost(NAME, len(scores))
        elif self._scores >= ENOUGH or self._room >= self._most // 4:
            self._wake.set()

    def start(self) -> None:
        """Begin to write."""
        self._metrics.when_asked(lambda: self._metrics.queue(NAME, len(self._waiting)))
        self._thread.start()

    def close(self) -> None:
        """Write what waits, and stop."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self.write()
        self.counts.close()

    def write(self) -> None:
        """Write what waits now."""
        while self._waiting:
            some, count = self._some()
            self._parts += 1
            try:
                name = f"{self._name}-{self._parts:06d}"
                write_part(self._home, name, some[0].asked.scored_at, self._columns(some))
                with self._counting:
                    self.counts.written += count
                    self.counts.keep()
                self.counts.keep_for_good()
                self._refused = None
            except Exception as failure:
                # Whatever it was, what is not kept is counted.
                self._lose(count, f"{type(failure).__name__}: {failure}")

    def _some(self) -> tuple[list[Served], int]:
        """The oldest of what waits, as much as one part takes, and how many scores that are."""
        some: list[Served] = []
        count = 0
        with self._counting:
            while self._waiting and count < MOST_OF_PART:
                some.append(self._waiting.popleft())
                count += len(some[-1].scores)
            self._room -= sum(served.room for served in some)
            self._scores -= count
        return some, count

    def _lose(self, count: int, why: str) -> None:
        with self._counting:
            self.counts.lost += count
            # They were taken, and are now lost: each is counted once.
            self.counts.taken -= count
            self.counts.keep()
        self._metrics.lost(NAME, count)
        if why != self._refused:
            log.warning("served scores could not be written", extra={FACTS: {"scores": count, "problem": why}})
        self._refused = why

    def _columns(self, some: Sequence[Served]) -> dict[str, list[object]]:
        columns: dict[str, list[object]] = {name: [] for name in COLUMNS}
        for served in some:
            asked = served.asked
            for subject, form, place, numbers, row in served.scores:
                _add(columns, served, asked.bundled, "champion", (subject, form, place), numbers)
                if row is not None and asked.pair.shadow is not None:
                    said = self._shadow(served, asked.pair.shadow, row)
                    if said is not None:
                        _add(columns, served, asked.pair.shadow, "shadow", (subject, form, place), said)
        return columns

    def _shadow(self, served: Served, shadow: Bundled, row: Row) -> _Numbers | None:
        """The shadow's answer to the same values; its failure is counted and hurts nobody."""
        asked, champion = served.asked, shadow.champion
        try:
            # A shadow that learned from what came later has nothing to say of this moment.
            if asked.as_of < champion.until:
                return None
            if served.model == "win":
                return _Numbers.of(cast(WinChampion, champion).answer(row, asked.days, asked.language, 0))
            return _Numbers.of(cast(ChurnChampion, champion).answer(row, asked.days, asked.language, 0, asked.as_of))
        except Exception as failure:
            self.counts.shadow_failed += 1
            if champion.version not in self._shadows_failed:
                self._shadows_failed.add(champion.version)
                facts = {"model": champion.model, "version": champion.version, "problem": repr(failure)[:200]}
                log.warning("the shadow could not answer", extra={FACTS: facts})
            return None

    def _keep_writing(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(self._every)
            self._wake.clear()
            try:
                self.write()
            except Exception:
                log.exception("served scores could not be written")


def _add(
    columns: dict[str, list[object]],
    served: Served,
    bundled: Bundled,
    role: str,
    subject: tuple[str | None, str, int],
    numbers: _Numbers,
) -> None:
    """One row of a part."""
    asked, champion = served.asked, bundled.champion
    named: dict[str, object] = {
        "scored_at": asked.scored_at,
        "as_of": asked.as_of,
        "data_as_of": asked.data_as_of,
        "level_as_of": bundled.level_as_of,
        "model": served.model,
        "version": champion.version,
        "role": role,
        "rung": champion.rung,
        "fingerprint": bundled.fingerprint,
        "subject": subject[0],
        "kind": numbers.kind,
        "form": subject[1],
        "actor": served.actor,
        "request_id": served.request_id,
        "place": subject[2],
        "probability": numbers.probability,
        "low": numbers.low,
        "high": numbers.high,
        "amount": numbers.amount,
        "horizons": list(numbers.by_days),
        "chances": list(numbers.by_days.values()),
    }
    for name, column in columns.items():
        column.append(named[name])
