"""Features of one deal now, or of a thousand: the streams in memory, read by the same kernel."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from features.as_of import Moments, micros
from features.definition import Feature
from features.engines.local import LocalStreams
from features.evaluate import OWNERS, Category, Evaluation, Values
from features.history import History
from features.needs import columns_of, needs_of
from features.overlay import Overlay, Record
from features.span import last_recorded
from features.stream_sql import latest_rates
from features.table import compute
from features.verbs import Latest

FAR = datetime(9999, 1, 1)

class Memory:
    """The streams a model's features need, in memory, for one history.

    `data_as_of` is the latest moment before `not_after` at which anything was recorded (naive UTC).
    """

    def __init__(self, history: History, features: tuple[Feature, ...], not_after: datetime = FAR) -> None:
        self.history = history
        self.features = features
        wanted = columns_of(features)
        for verb in (*OWNERS.values(), Latest("states", "status")):
            for need in needs_of(verb):
                wanted[need.stream] = wanted.get(need.stream, frozenset()) | need.columns
        self._streams = LocalStreams(history, wanted)
        self.data_as_of = last_recorded(history, not_after)
        self._rates = latest_rates(history)
        self._created = self._streams.index("creations", "deal")
        self.values(self._created.ids[:1].to_pylist(), datetime(2000, 1, 1))

    def has(self, deal_id: str) -> bool:
        """Whether the deal is on record at all."""
        return bool(self._created.codes_of(np.array([deal_id], object))[0] >= 0)

    def is_open(self, deal_id: str, as_of: datetime) -> bool:
        """Whether the deal was on record and open just before a moment (naive UTC)."""
        moment = Moments(np.array([deal_id], object), np.array([micros(as_of)]))
        code = self._created.codes_of(np.array([deal_id], object))[0]
        if code < 0 or self._created.known[self._created.starts[code]] >= moment.at[0]:
            return False
        status = Evaluation(self._streams, moment).value(Latest("states", "status"))
        assert isinstance(status, Category)
        return status.texts()[0] in (None, "open")

    def values(self, deal_ids: Sequence[str], as_of: datetime) -> dict[str, Values]:
        """The features of deals on record, at a moment (naive UTC)."""
        ids = np.array(list(deal_ids), object)
        return compute(self.features, self._streams, Moments(ids, np.full(len(ids), micros(as_of))))

    def record(self, deal_id: str) -> dict[str, object]:
        """The deal's fields as last recorded, those never given left out; empty for an unknown deal."""
        sql = f"SELECT * FROM ({self.history.sql_latest('deals')}) WHERE deal_id = ?"
        with self.history.connect() as con:
            found = con.execute(sql, [deal_id])
            names = [column[0] for column in found.description or ()]
            row = found.fetchone()
        return {} if row is None else {k: v for k, v in zip(names, row, strict=True) if v is not None}

    def values_of_records(self, records: Sequence[Record], as_of: datetime) -> dict[str, Values]:
        """The features of deals as these records tell them, at a moment (naive UTC).

        A record has the contract's deal fields by name and `attributes`. With the `deal_id` of a deal on
        record its fields count as changed just now; any other record is a new deal, created at its
        `created_at` or just now.
        """
        overlay = Overlay(self._streams, self._created, records, micros(as_of), self._rates)
        ids = np.array(overlay.ids, object)
        return compute(self.features, overlay, Moments(ids, np.full(len(ids), micros(as_of))))
