"""The shape of every table we read. Checked at the door (`features.importing`); nobody checks again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

import pyarrow as pa


class Kind(StrEnum):
    """What a column holds, and so how its text is read and how it is stored."""

    ID = "id"
    TEXT = "text"
    CHOICE = "choice"
    MOMENT = "moment"
    DAY = "day"
    MONEY = "money"
    NUMBER = "number"
    INTEGER = "integer"
    SHARE = "share"
    FLAG = "flag"


class Known(StrEnum):
    """When the value in a file became true, which decides whether a model may look at it."""

    AT_CREATION = "at_creation"
    TRACKED = "tracked"
    AT_CLOSE = "at_close"
    CURRENT = "current"


# Money keeps four decimals in 64 bits: exact sums, equal on every engine.
STORED_AS: Mapping[Kind, pa.DataType] = MappingProxyType(
    {
        Kind.ID: pa.string(),
        Kind.TEXT: pa.string(),
        Kind.CHOICE: pa.string(),
        Kind.MOMENT: pa.timestamp("us"),
        Kind.DAY: pa.date32(),
        Kind.MONEY: pa.decimal128(18, 4),
        Kind.NUMBER: pa.float64(),
        Kind.INTEGER: pa.int64(),
        Kind.SHARE: pa.float64(),
        Kind.FLAG: pa.bool_(),
    }
)


@dataclass(frozen=True)
class Column:
    """One column: its name, what it holds, whether a row can do without it."""

    name: str
    kind: Kind
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table of a history.

    `happened` names the column with the row's own time; without `recorded_at` the row counts from
    then, and from ever where there is none. `known_from` names columns that became true later than
    their row, and the column that says when.
    """

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    happened: str | None = None
    known_from: Mapping[str, str] = field(default_factory=dict)

    def column(self, name: str) -> Column | None:
        """The column of this name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)


STATUSES = ("open", "won", "lost")
ACTIVITY_TYPES = ("call", "email", "meeting", "visit", "chat", "note", "task", "web")
TRACKABLE = ("stage", "amount", "expected_close_on", "rep_id", "forecast_category")
"""Fields of a deal that count as tracked when `deal_changes` has them, else as current."""

RECORDED = Column("recorded_at", Kind.MOMENT)
DELETED = Column("deleted_at", Kind.MOMENT)
"""When the row was deleted in the source; such a row needs its key alone."""

SNAPSHOT = "snapshot"
"""The `origin` of changes that an import found itself, by comparing a deal with what was on record."""


def _columns(text: str, **choices: tuple[str, ...]) -> tuple[Column, ...]:
    """Columns from lines of `kind: name, name!` where `!` marks a required one."""
    columns = []
    for line in text.strip().splitlines():
        kind, names = line.split(":")
        for word in names.split(","):
            name = word.strip().rstrip("!")
            columns.append(Column(name, Kind(kind.strip()), "!" in word, choices.get(name, ())))
    return (*columns, RECORDED, DELETED)


_ALL = (
    Table(
        "deals",
        "One row per deal, as the CRM last described it.",
        ("deal_id",),
        _columns(
            """
            id: deal_id!, customer_id, rep_id, product_id
            text: pipeline, stage
            choice: status!
            moment: created_at!, closed_at
            day: expected_close_on
            money: amount
            text: currency, source
            choice: type
            text: lost_reason
            share: crm_probability
            text: forecast_category
            """,
            status=STATUSES,
            type=("new", "renewal", "upsell"),
        ),
        happened="created_at",
        known_from={"closed_at": "closed_at", "lost_reason": "closed_at", "status": "closed_at"},
    ),
    Table(
        "deal_changes",
        "One row per change of a deal's field: what it was, what it became, when. "
        "`origin` is `snapshot` where an import found the change itself.",
        ("deal_id", "field", "changed_at"),
        _columns(
            """
            id: deal_id!
            text: field!
            moment: changed_at!
            text: old_value, new_value!, changed_by, origin
            """
        ),
        happened="changed_at",
    ),
    Table(
        "stages",
        "The stages of each pipeline, in their order.",
        ("pipeline", "stage"),
        _columns(
            """
            text: pipeline!, stage!
            integer: position!
            share: default_probability
            choice: status!
            """,
            status=STATUSES,
        ),
    ),
    Table(
        "customers",
        "One row per customer or account. `merged_into` names the customer that a double entry now belongs to.",
        ("customer_id",),
        _columns(
            """
            id: customer_id!
            text: name, industry, segment, size
            number: annual_revenue
            text: region, country, city
            id: parent_id, merged_into
            text: source
            moment: created_at
            text: tier
            """
        ),
        happened="created_at",
    ),
    Table(
        "contacts",
        "People at customers.",
        ("contact_id",),
        _columns(
            """
            id: contact_id!, customer_id
            text: role
            flag: is_decision_maker
            moment: created_at
            """
        ),
        happened="created_at",
    ),
    Table(
        "activities",
        "Calls, mails, meetings and visits, made or received.",
        ("activity_id",),
        _columns(
            """
            id: activity_id!, deal_id, customer_id, contact_id, rep_id
            choice: type!, direction
            moment: happened_at!
            number: duration_minutes
            text: outcome
            """,
            type=ACTIVITY_TYPES,
            direction=("inbound", "outbound", "internal"),
        ),
        happened="happened_at",
    ),
    Table(
        "orders",
        "Order lines; lines of one order share their `group_id`. Returns have a negative quantity.",
        ("order_id",),
        _columns(
            """
            id: order_id!, customer_id!, deal_id, rep_id, product_id
            moment: ordered_at!
            money: amount!
            text: currency
            number: quantity
            id: group_id
            """
        ),
        happened="ordered_at",
    ),
    Table(
        "subscriptions",
        "Contracts that run and renew.",
        ("subscription_id",),
        _columns(
            """
            id: subscription_id!, customer_id!, product_id
            day: started_on!, ends_on, cancelled_on
            money: recurring_amount
            text: currency
            integer: interval_months
            """
        ),
        happened="started_on",
        known_from={"cancelled_on": "cancelled_on"},
    ),
    Table(
        "tickets",
        "Complaints, questions and feedback.",
        ("ticket_id",),
        _columns(
            """
            id: ticket_id!, customer_id!
            moment: opened_at!, closed_at
            choice: kind
            text: severity
            number: satisfaction
            """,
            kind=("complaint", "question", "feedback"),
        ),
        happened="opened_at",
        known_from={"closed_at": "closed_at"},
    ),
    Table(
        "products",
        "What is sold, and its list price.",
        ("product_id",),
        _columns(
            """
            id: product_id!
            text: name, family
            money: list_price
            text: currency
            """
        ),
    ),
    Table(
        "reps",
        "Sellers.",
        ("rep_id",),
        _columns(
            """
            id: rep_id!
            text: name
            id: team_id, manager_id
            text: region
            day: hired_on, left_on
            number: weekly_hours
            """
        ),
        happened="hired_on",
        known_from={"left_on": "left_on"},
    ),
    Table(
        "teams",
        "Teams of sellers, as a tree.",
        ("team_id",),
        _columns(
            """
            id: team_id!
            text: name
            id: parent_team_id
            text: region
            """
        ),
    ),
    Table(
        "quotas",
        "What was asked of a seller, a team or the company in a period.",
        ("owner_type", "owner_id", "period"),
        _columns(
            """
            choice: owner_type!
            id: owner_id!
            text: period!
            money: amount!
            text: currency
            """,
            owner_type=("rep", "team", "company"),
        ),
    ),
    Table(
        "fx_rates",
        "Rates to the base currency by day.",
        ("currency", "valid_on"),
        _columns(
            """
            text: currency!
            day: valid_on!
            number: rate!
            """
        ),
        happened="valid_on",
    ),
)

TABLES: Mapping[str, Table] = MappingProxyType({table.name: table for table in _ALL})

ATTRIBUTE_PREFIX = "attr_"
"""Columns beyond the contract are stored under their name with this prefix, as text."""


def default_known(table: str, column: str, tracked: frozenset[str] = frozenset()) -> Known:
    """When a contract column's value became true if the mapping does not say.

    `tracked` are the deal fields that `deal_changes` has.
    """
    if table == "deals" and column in TRACKABLE:
        return Known.TRACKED if column in tracked else Known.CURRENT
    if column in TABLES[table].known_from:
        return Known.AT_CLOSE
    return Known.AT_CREATION
