"""From a table of features in a file to a table of scores in a file, whatever the number of rows.

Batches are read one after the other, scored on all processors and written in their order; only a few are in memory at
a time. The model is brought up to date for each moment of the table, as `predict` does.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.as_of import micros
from features.history import History
from training.bundle import Bundle
from training.bundle_file import ModelBundle
from training.churn.bundle import ChurnBundle
from training.predict import check_time, followed
from training.reasons import Language
from training.table_scoring.feature_columns import FeatureColumns
from training.table_scoring.local_days import EPOCH
from training.table_scoring.reading import FeatureTable, Rows
from training.table_scoring.scorers import ChurnScorer, WinScorer
from training.table_scoring.writing import rows_into
from training.win_curve import WinCurve

Ints = NDArray[np.int64]
AHEAD = 2
"""Batches, beside those in work, that are read before they are needed."""
MOST_MOMENTS = 4
"""Moments of which what is brought up to date is kept; tables are sorted by moment."""


class Scorer(Protocol):
    """Makes a table of answers from features."""

    def table(self, ids: pa.Array, at: Ints, columns: FeatureColumns, zone: ZoneInfo) -> pa.Table:
        """One row for each."""
        ...


@dataclass(frozen=True)
class Asked:
    """What is asked of each row. `as_of` (naive UTC) holds for all rows; None reads the table's own moments."""

    horizons: Sequence[float]
    most: int = 0
    language: Language = "en"
    as_of: datetime | None = None


def score_file(
    table: FeatureTable, bundle: ModelBundle, history: History | None, asked: Asked, out: Path, jobs: int
) -> tuple[int, list[str]]:
    """Write the scores of a table; return how many rows there are, and what must be known of all answers.

    Without a history levels and seasons stay those of the training. Raises what `FeatureTable.rows` raises,
    ModelKnowsTheFuture, HorizonTooLong, NotWritable.
    """
    zone = ZoneInfo(history.timezone or "UTC") if history is not None else ZoneInfo("UTC")
    # Where one moment holds for all rows, nothing has to be right about those that the table tells.
    table = replace(table, tells_moments=table.tells_moments and asked.as_of is None)
    scorers = _Scorers(bundle, history, asked)
    count = 0
    with rows_into(out) as write, ThreadPoolExecutor(max(jobs, 1)) as pool:
        waiting: deque[Future[pa.Table]] = deque()
        for scorer, rows, at in scorers.parts(table.rows()):
            waiting.append(pool.submit(scorer.table, rows.ids, at, rows.columns, zone))
            if len(waiting) > jobs + AHEAD:
                done = waiting.popleft().result()
                count += done.num_rows
                write(done)
        if not waiting and not count:
            nobody = Rows(pa.array([], pa.string()), None, FeatureColumns({}, 0))
            write(scorers.at(bundle.until).table(nobody.ids, np.empty(0, np.int64), nobody.columns, zone))
        while waiting:
            done = waiting.popleft().result()
            count += done.num_rows
            write(done)
    return count, list(scorers.notes)


class _Scorers:
    """A scorer for each moment, the bundle brought up to date for it."""

    def __init__(self, bundle: ModelBundle, history: History | None, asked: Asked) -> None:
        self.bundle, self.history, self.asked = bundle, history, asked
        self._made: OrderedDict[datetime | None, Scorer] = OrderedDict()
        estimate = bundle.estimate if isinstance(bundle, Bundle) else None
        level = estimate.curve.level if isinstance(estimate, WinCurve) else None
        self._moving = isinstance(bundle, ChurnBundle) or (history is not None and level is not None)
        self.notes: dict[str, None] = {}

    def parts(self, batches: Iterator[Rows]) -> Iterator[tuple[Scorer, Rows, Ints]]:
        """The batches, cut where the moment changes if the answers do."""
        fixed = self.asked.as_of
        for rows in batches:
            if rows.at is None:
                moment = fixed or self.bundle.until
                yield self.at(moment), rows, np.full(len(rows.columns), micros(moment))
                continue
            if not self._moving:
                if len(rows.at):
                    yield self.at(_moment(rows.at.min())), rows, rows.at
                continue
            ends = [*(np.flatnonzero(np.diff(rows.at)) + 1).tolist(), len(rows.at)] if len(rows.at) else []
            start = 0
            for end in ends:
                part = Rows(rows.ids.slice(start, end - start), None, rows.columns.part(start, end))
                yield self.at(_moment(rows.at[start])), part, rows.at[start:end]
                start = end

    def at(self, moment: datetime) -> Scorer:
        """The scorer of a moment (naive UTC). Raises ModelKnowsTheFuture."""
        check_time(self.bundle, moment)
        known = moment if self._moving else None
        found = self._made.get(known)
        if found is None:
            found = self._made[known] = self._make(moment)
            if len(self._made) > MOST_MOMENTS:
                self._made.popitem(last=False)
        return found

    def _make(self, moment: datetime) -> Scorer:
        asked, bundle = self.asked, self.bundle
        told = (asked.horizons, asked.most, asked.language)
        if isinstance(bundle, ChurnBundle):
            if self.history is not None:
                from training.churn.refreshing import brought_up_to_date

                bundle = brought_up_to_date(self.history, bundle, moment)
            self.notes |= dict.fromkeys(bundle.notes_of(asked.horizons, asked.language))
            return ChurnScorer(bundle, moment, *told)
        assert isinstance(bundle, Bundle)
        return WinScorer(bundle if self.history is None else followed(self.history, bundle, moment), *told)


def _moment(at: np.int64) -> datetime:
    return EPOCH + timedelta(microseconds=int(at))
