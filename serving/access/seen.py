"""Which records exist for this caller? The one place where a reach is enforced.

What is not within reach does not exist: it is answered like an unknown id. A record or a what-if that names a rep,
a customer or a deal outside is refused, because the features of others would show in its reasons.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from features.definition import Entity
from features.evaluate import Values
from features.staff import Staff
from serving.access.reach import Reach, Visible, resolve
from serving.champion import Records
from serving.problems.access_errors import OutsideYourReach


def seen_by(records: Records, reach: Reach) -> Records:
    """The records as a caller with this reach may see them: the records themselves where nothing is hidden."""
    return records if reach.everything else RecordsSeen(records, resolve(reach, records.staff()))


class RecordsSeen:
    """Records of which only what is visible exists; the same questions as the records themselves."""

    def __init__(self, records: Records, visible: Visible) -> None:
        self._records, self.visible = records, visible

    @property
    def data_as_of(self) -> datetime | None:
        """The latest moment at which anything was recorded."""
        return self._records.data_as_of

    def staff(self) -> Staff:
        """Who sells: names of reps and teams are no secret within a company."""
        return self._records.staff()

    def has(self, deal_id: str) -> bool:
        """Whether the deal is on record and within reach."""
        return self._records.has(deal_id) and self.visible.rep(self._records.rep_of(deal_id))

    def has_customer(self, customer_id: str) -> bool:
        """Whether the customer is on record and within reach."""
        return self._records.has_customer(customer_id) and self.visible.any_of(
            self._records.reps_of_customer(customer_id)
        )

    def is_open(self, deal_id: str, as_of: datetime) -> bool:
        """Whether a deal within reach is open at the moment."""
        return self.has(deal_id) and self._records.is_open(deal_id, as_of)

    def is_active(self, customer_id: str, as_of: datetime) -> bool:
        """Whether a customer within reach is active at the moment."""
        return self.has_customer(customer_id) and self._records.is_active(customer_id, as_of)

    def record(self, deal_id: str) -> Mapping[str, object]:
        """The latest fields of a deal within reach. Raises OutsideYourReach."""
        self._must_have(self.has(deal_id), "deal_id", deal_id)
        return self._records.record(deal_id)

    def customer_record(self, customer_id: str) -> Mapping[str, object]:
        """The latest fields of a customer within reach. Raises OutsideYourReach."""
        self._must_have(self.has_customer(customer_id), "customer_id", customer_id)
        return self._records.customer_record(customer_id)

    def rep_of(self, deal_id: str) -> str | None:
        """Whose deal it is; None for a deal outside."""
        return self._records.rep_of(deal_id) if self.has(deal_id) else None

    def reps_of_customer(self, customer_id: str) -> frozenset[str]:
        """Whose customer it is; nobody's for one outside."""
        return self._records.reps_of_customer(customer_id) if self.has_customer(customer_id) else frozenset()

    def values(self, ids: Sequence[str], as_of: datetime, entity: Entity | None = None) -> Mapping[str, Values]:
        """The features of deals within reach, of customers where `entity` says so. Raises OutsideYourReach."""
        has, field = (self.has_customer, "customer_id") if entity == "customer" else (self.has, "deal_id")
        for one in ids:
            self._must_have(has(one), field, one)
        return self._records.values(ids, as_of, entity)

    def values_of_records(self, records: Sequence[Mapping[str, object]], as_of: datetime) -> Mapping[str, Values]:
        """The features of deals as described. Raises OutsideYourReach."""
        self.must_reach(records)
        return self._records.values_of_records(records, as_of)

    def values_of_customers(self, records: Sequence[Mapping[str, object]], as_of: datetime) -> Mapping[str, Values]:
        """The features of customers as described. Raises OutsideYourReach."""
        self.must_reach(records)
        return self._records.values_of_customers(records, as_of)

    def must_reach(self, described: Iterable[Mapping[str, object]]) -> None:
        """Raises OutsideYourReach where a description names a deal, customer or rep on record that is not seen.

        Ids that are on record nowhere are new ones and hide nothing.
        """
        for fields in described:
            deal_id, customer_id, rep_id = (_text(fields.get(name)) for name in ("deal_id", "customer_id", "rep_id"))
            if deal_id is not None:
                self._must_have(self.has(deal_id) or not self._records.has(deal_id), "deal_id", deal_id)
            if customer_id is not None:
                known = self._records.has_customer(customer_id)
                self._must_have(not known or self.has_customer(customer_id), "customer_id", customer_id)
            if rep_id is not None:
                self._must_have(self.visible.rep(rep_id), "rep_id", rep_id)

    @staticmethod
    def _must_have(seen: bool, field: str, value: str) -> None:
        if not seen:
            raise OutsideYourReach(field, value[:100])


def _text(value: object) -> str | None:
    return None if value is None else str(value)
