"""Which deal is meant? From what a caller asked to what the model is asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from features.contracts import ATTRIBUTE_PREFIX
from features.errors import ForesellError
from serving.errors import DealNotFound, DealNotOpen
from serving.problems import FieldProblem, place
from serving.questions import DealAsked
from serving.records import ATTRIBUTES, Described, read_changes, read_record
from serving.shelf import Pair

Form = Literal["known", "described", "what_if"]


@dataclass(frozen=True)
class Subject:
    """A deal to be scored, or the reason why it cannot be.

    `fields` describe it where it is `described`, or a known deal with changes where it is `what_if`.
    """

    deal_id: str | None
    form: Form
    fields: dict[str, object] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    error: ForesellError | None = None


class Reader:
    """Reads deals asked about against one pair, as of one moment (naive UTC); gathers what cannot be read."""

    def __init__(self, pair: Pair, as_of: datetime) -> None:
        self._pair, self._as_of = pair, as_of
        self._used = {feature.name for feature in pair.champion.features}
        self.faults: list[FieldProblem] = []
        self.faulty = 0

    def read(self, deals: Sequence[DealAsked], first: int) -> list[Subject]:
        """Subjects for these deals, of which the first has this number in the request."""
        return [self._read(asked, number) for number, asked in enumerate(deals, first)]

    def _read(self, asked: DealAsked, number: int) -> Subject:
        if asked.record is not None:
            return self._described(read_record(asked.record, self._pair.zone, self._as_of), number)
        assert asked.deal_id is not None
        error = self._not_scorable(asked.deal_id)
        if asked.changes is None:
            return Subject(asked.deal_id, "known", error=error)
        described = read_changes(asked.changes, self._pair.zone)
        self._keep_faults(described, number, "changes")
        fields = {**described.fields, "deal_id": asked.deal_id}
        return Subject(asked.deal_id, "what_if", fields, self._unused(described), error)

    def _described(self, described: Described, number: int) -> Subject:
        self._keep_faults(described, number, "record")
        fields = dict(described.fields)
        deal_id = fields.get("deal_id")
        error = self._not_open(None if deal_id is None else str(deal_id), fields.get("status"))
        return Subject(None if deal_id is None else str(deal_id), "described", fields, self._unused(described), error)

    def _not_scorable(self, deal_id: str) -> ForesellError | None:
        if not self._pair.records.has(deal_id):
            return DealNotFound(deal_id)
        if not self._pair.records.is_open(deal_id, self._as_of):
            return DealNotOpen(deal_id, _plain(self._as_of))
        return None

    def _not_open(self, deal_id: str | None, status: object) -> ForesellError | None:
        """A record speaks for itself; where it does not say, what is on record counts."""
        if status == "open":
            return None
        if status is not None:
            return DealNotOpen(deal_id or "(without an id)", _plain(self._as_of))
        if deal_id is not None and self._pair.records.has(deal_id):
            return self._not_scorable(deal_id)
        return None

    def _keep_faults(self, described: Described, number: int, part: str) -> None:
        where: list[int | str] = ["deals", number, part]
        self.faulty += bool(described.faults)
        self.faults += [
            FieldProblem(field=place([*where, fault.field] if fault.field else where), message=fault.message)
            for fault in described.faults
        ]

    def _unused(self, described: Described) -> tuple[str, ...]:
        """Attributes that the model does not look at: a misspelt one should not pass in silence."""
        given = _names(described.fields.get(ATTRIBUTES))
        return tuple(name for name in given if ATTRIBUTE_PREFIX + name not in self._used)


def _names(attributes: object) -> Iterable[str]:
    return attributes.keys() if isinstance(attributes, dict) else ()


def _plain(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds") + "Z"
