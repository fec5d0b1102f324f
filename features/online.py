"""Features of one deal now, or of a thousand: the streams in memory, read by the same kernel."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from features.as_of import DAY, Moments, micros
from features.definition import Feature
from features.evaluate import OWNERS, Category, Evaluation, Floats, Values
from features.history import History
from features.kernel import MISSING
from features.lookups import read_places, read_rates
from features.needs import columns_of, needs_of
from features.overlay import BESIDE, Overlay, Record
from features.span import last_recorded
from features.table import compute, streams_for
from features.verbs import Count, Latest, Verb

FAR = datetime(9999, 1, 1)


class Memory:
    """The streams a model's features need, in memory, for one history.

    `data_as_of` is the latest moment before `not_after` at which anything was recorded (naive UTC). Raises
    NotInHistory where the history does not give a feature.
    """

    def __init__(self, history: History, features: tuple[Feature, ...], not_after: datetime = FAR) -> None:
        self.history = history
        self.features = features
        wanted = columns_of(features)
        for verb in (*OWNERS.values(), Latest("states", "status")):
            for need in needs_of(verb):
                wanted[need.stream] = wanted.get(need.stream, frozenset()) | need.columns
        for stream in wanted.keys() & BESIDE.keys():
            wanted[stream] |= BESIDE[stream]
        self._streams = streams_for(features, history, wanted)
        self.data_as_of = last_recorded(history, not_after)
        self._rates = read_rates(history)
        self._places = read_places(history)
        self._created = self._streams.index("creations", "deal")
        self.values([str(name) for name in list(self._created.ids[:1])], datetime(2000, 1, 1))

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
        overlay = Overlay(self._streams, records, micros(as_of), self._rates, self._places)
        ids = np.array(overlay.ids, object)
        evaluation = _NewAmongOthers(overlay, Moments(ids, np.full(len(ids), micros(as_of))))
        return {feature.name: evaluation.value(feature.verb) for feature in self.features}


class _NewAmongOthers(Evaluation):
    """Counts a new record among the deals of its customer, its seller, its product and everyone."""

    def __init__(self, overlay: Overlay, moments: Moments) -> None:
        super().__init__(overlay, moments)
        self._born = overlay.born

    def value(self, verb: Verb) -> Values:
        """One verb's value at each moment."""
        if verb in self._values or not (isinstance(verb, Count) and verb.stream == "creations" and verb.of != "deal"):
            return super().value(verb)
        among = self._born != MISSING
        if verb.within_days is not None:
            among &= self._born >= self.moments.at - round(verb.within_days * DAY)
        if verb.of != "everyone":
            owner = self.value(OWNERS[verb.of])
            assert isinstance(owner, Category)
            among &= owner.codes >= 0
        self._values[verb] = np.asarray(self.numbers_on_record(verb) + among, np.float64)
        return self._values[verb]

    def numbers_on_record(self, verb: Verb) -> Floats:
        """A count without the new records."""
        found = super().value(verb)
        assert not isinstance(found, Category)
        return found
