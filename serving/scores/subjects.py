"""Which deal or customer is meant? From what a caller asked to what the model is asked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from features.contracts import ATTRIBUTE_PREFIX
from features.errors import ForesellError
from features.suggesting import MOST_FAULTS
from serving.champion import Records, Row
from serving.problems.documents import FieldProblem, place
from serving.problems.errors import CustomerNotActive, CustomerNotFound, DealNotFound, DealNotOpen
from serving.questions.asked import CustomerInEitherShape, DealInEitherShape
from serving.questions.records import ATTRIBUTES, Described, read_changes, read_customer_changes, read_record
from serving.shelf.one_deal import Told, Values
from serving.shelf.pairs import Bundled, Pair, moment_text

Form = Literal["known", "described", "what_if", "features"]
OF_CUSTOMER = "customer_"
EXPECTED = ("customer_id", "rep_id", "amount", "stage")
"""Fields of a record whose absence is worth a word."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A deal or customer to be scored, or the reason why it cannot be.

    `fields` describe it where it is `described`, or a known one with changes where it is `what_if`; `row` holds its
    features where those were sent, `told` the same in the order of the bundle's reader where nothing is unusual.
    `unused` are attributes the model does not look at, `absent` what was not given, `new` names that are not on
    record.
    """

    subject_id: str | None
    form: Form
    fields: Mapping[str, object] | None = None
    row: Row | None = None
    told: Values | None = None
    unused: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    error: ForesellError | None = None


class Reader:
    """Reads deals or customers asked about against one pair, as of one moment (naive UTC); gathers faults.

    `records` is the history as the caller may see it; it may be None where everyone is asked by features.
    """

    def __init__(self, pair: Pair, bundled: Bundled, records: Records | None, as_of: datetime) -> None:
        self._pair, self._bundled, self._given, self._as_of = pair, bundled, records, as_of
        self._features = bundled.reads
        self.faults: list[FieldProblem] = []
        self.faulty = 0

    @property
    def _records(self) -> Records:
        assert self._given is not None
        return self._given

    def read_deals(self, deals: Sequence[DealInEitherShape | Told], first: int) -> list[Subject]:
        """Subjects for these deals, of which the first has this number in the request."""
        return [self._deal(asked, number) for number, asked in enumerate(deals, first) if not self._gives_up()]

    def read_customers(self, customers: Sequence[CustomerInEitherShape], first: int) -> list[Subject]:
        """Subjects for these customers, of which the first has this number in the request."""
        return [self._customer(asked, number) for number, asked in enumerate(customers, first) if not self._gives_up()]

    def _gives_up(self) -> bool:
        """Whether so much is wrong that the rest need not be read: the request is refused as a whole."""
        return len(self.faults) >= MOST_FAULTS

    def _deal(self, asked: DealInEitherShape | Told, number: int) -> Subject:
        if isinstance(asked, Told):
            if asked.reader is not self._bundled.one_deal:
                # Meanwhile another model serves.
                return self._by_features(asked.deal_id, asked.row, ["deals", number, "features"])
            return Subject(asked.deal_id, "features", row=asked.row, told=asked.values)
        if asked.features is not None:
            return self._by_features(asked.deal_id, asked.features, ["deals", number, "features"])
        if asked.record is not None:
            return self._described(read_record(asked.record, self._pair.zone, self._as_of), number)
        assert asked.deal_id is not None
        error = self._not_scorable(asked.deal_id)
        if asked.changes is None:
            return Subject(asked.deal_id, "known", error=error)
        described = read_changes(asked.changes, self._pair.zone)
        self._keep_faults(described, ["deals", number, "changes"])
        fields = {**described.fields, "deal_id": asked.deal_id}
        unused = self._unused(described, ATTRIBUTE_PREFIX)
        return Subject(asked.deal_id, "what_if", fields, unused=unused, new=self._new(fields), error=error)

    def _customer(self, asked: CustomerInEitherShape, number: int) -> Subject:
        if asked.features is not None:
            return self._by_features(asked.customer_id, asked.features, ["customers", number, "features"])
        assert asked.customer_id is not None
        error = self._customer_not_scorable(asked.customer_id)
        if asked.changes is None:
            return Subject(asked.customer_id, "known", error=error)
        described = read_customer_changes(asked.changes, self._pair.zone)
        self._keep_faults(described, ["customers", number, "changes"])
        fields = {**described.fields, "customer_id": asked.customer_id}
        unused = self._unused(described, OF_CUSTOMER + ATTRIBUTE_PREFIX)
        return Subject(asked.customer_id, "what_if", fields, unused=unused, error=error)

    def _by_features(self, subject_id: str | None, features: Row, where: list[int | str]) -> Subject:
        faults, unused, absent = self._features.look(features)
        if faults:
            self.faulty += 1
            self.faults += [FieldProblem(field=place([*where, name]), message=said) for name, said in faults]
        return Subject(subject_id, "features", row=features, unused=unused, absent=absent)

    def _described(self, described: Described, number: int) -> Subject:
        self._keep_faults(described, ["deals", number, "record"])
        fields = dict(described.fields)
        deal_id = _text(fields.get("deal_id"))
        error = self._not_open(deal_id, fields.get("status"))
        absent: tuple[str, ...] = ()
        if deal_id is None or not self._records.has(deal_id):
            absent = tuple(name for name in EXPECTED if fields.get(name) is None)
        unused = self._unused(described, ATTRIBUTE_PREFIX)
        return Subject(deal_id, "described", fields, None, None, unused, absent, self._new(fields), error)

    def _not_scorable(self, deal_id: str) -> ForesellError | None:
        if not self._records.has(deal_id):
            return DealNotFound(deal_id)
        if not self._records.is_open(deal_id, self._as_of):
            return DealNotOpen(deal_id, moment_text(self._as_of))
        return None

    def _customer_not_scorable(self, customer_id: str) -> ForesellError | None:
        if not self._records.has_customer(customer_id):
            return CustomerNotFound(customer_id)
        if not self._records.is_active(customer_id, self._as_of):
            return CustomerNotActive(customer_id, moment_text(self._as_of))
        return None

    def _not_open(self, deal_id: str | None, status: object) -> ForesellError | None:
        """A record speaks for itself; where it does not say, what is on record counts."""
        if status == "open":
            return None
        if status is not None:
            return DealNotOpen(deal_id or "(without an id)", moment_text(self._as_of))
        if deal_id is not None and self._records.has(deal_id):
            return self._not_scorable(deal_id)
        return None

    def _keep_faults(self, described: Described, where: list[int | str]) -> None:
        self.faulty += bool(described.faults)
        self.faults += [
            FieldProblem(field=place([*where, fault.field] if fault.field else where), message=fault.message)
            for fault in described.faults
        ]

    def _unused(self, described: Described, prefix: str) -> tuple[str, ...]:
        """Attributes that the model does not look at: a misspelt one should not pass in silence."""
        given = _names(described.fields.get(ATTRIBUTES))
        return tuple(f"{ATTRIBUTES}.{name}" for name in given if prefix + name not in self._bundled.names)

    def _new(self, fields: Mapping[str, object]) -> tuple[str, ...]:
        """Whom a deal names that is not on record: normal, and worth a word."""
        found = []
        rep, customer = _text(fields.get("rep_id")), _text(fields.get("customer_id"))
        if rep is not None and rep not in self._records.staff().reps:
            found.append(f"rep_id {rep[:100]}")
        if customer is not None and not self._records.has_customer(customer):
            found.append(f"customer_id {customer[:100]}")
        return tuple(found)


def _names(attributes: object) -> Iterable[str]:
    return attributes.keys() if isinstance(attributes, dict) else ()


def _text(value: object) -> str | None:
    return None if value is None else str(value)
