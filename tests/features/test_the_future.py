"""Whatever happens after a moment, in whatever order it is told, no feature at that moment may change."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random

import numpy as np
import pyarrow as pa
import pytest

from features.as_of import Moments, micros
from features.catalog import offered, select
from features.contracts import Known
from features.definition import Feature
from features.history import History
from features.table import build_table

Row = dict[str, object]
Told = dict[str, list[Row]]
Draw = Callable[[Random], object]

BEGIN = datetime(2021, 9, 1)
CUT = datetime(2024, 1, 1, 3, 30)
"""The moment: everything told of earlier is the same in all histories, everything later is not."""
END = datetime(2024, 9, 1)
SECONDS = (timedelta(0), timedelta(seconds=0), timedelta(minutes=30), timedelta(days=2), timedelta(days=90))
"""How long after it happened something is written down."""

CUSTOMERS, REPS, PRODUCTS, DEALS = (
    tuple(f"{letter}{n}" for n in range(size)) for letter, size in zip("crpd", (6, 4, 3, 40), strict=True)
)
STAGES = ("Lead", "Proposal", "Contract", "Elsewhere")


def one_of(*values: object) -> Draw:
    return lambda dice: dice.choice(values)


def a_number(low: float, high: float) -> Draw:
    return lambda dice: dice.choice([None, round(dice.uniform(low, high), 2)])


def a_day(low: datetime, high: datetime) -> Draw:
    return lambda dice: str((low + dice.random() * (high - low)).date())


def a_time(low: datetime, high: datetime) -> Draw:
    return lambda dice: dice.choice([None, f"{a_day(low, high)(dice)}T{dice.randrange(10, 24)}:00:00Z"])


VALUES: dict[str, dict[str, Draw]] = {
    "deals": {
        "customer": one_of(*CUSTOMERS, None),
        "product": one_of(*PRODUCTS, None),
        "pipeline": one_of("sales", "renewals", None),
        "source": one_of("web", "fair", None),
        "type": one_of("new", "renewal", "upsell", None),
        "currency": one_of("CNY", "USD", "EUR", None),
        "crm_probability": a_number(0, 1),
        "attr_region": one_of("north", "south", None),
        "attr_seats": one_of("5", "12", "12.5", None),
        # Of these only today's value is in the row: what they were is in deal_changes.
        "stage": one_of(*STAGES, None),
        "amount": a_number(1, 1e6),
        "rep_id": one_of(*REPS, None),
        "expected_close_on": a_day(BEGIN, END),
        "forecast_category": one_of("commit", "pipeline", None),
        "lost_reason": one_of("price", "silence", None),
        "attr_secret": one_of("won", "lost", "1", None),
    },
    "customers": {
        **{c: one_of("a", "b", None) for c in ("industry", "segment", "size", "region", "country", "tier")},
        "annual_revenue": a_number(1, 1e9),
    },
    "contacts": {
        "customer": one_of(*CUSTOMERS),
        "role": one_of("chief", None),
        "is_decision_maker": one_of(True, False, None),
    },
    "reps": {
        "team_id": one_of("t1", "t2", "t3", None),
        "region": one_of("north", "south"),
        "weekly_hours": a_number(10, 40),
    },
    "products": {"family": one_of("x", "y", None), "list_price": a_number(1, 1000)},
    "stages": {"position": one_of(1, 2, 3, 4), "status": one_of("open")},
    "fx_rates": {"rate": one_of(0.5, 7, 7.25)},
    "activities": {
        "deal_id": one_of(*DEALS, None),
        "customer": one_of(*CUSTOMERS, None),
        "rep": one_of(*REPS, None),
        "contact": one_of(*(f"k{n}" for n in range(8)), None),
        "type": one_of("call", "email", "meeting", "visit", "chat", "task"),
        "direction": one_of("inbound", "outbound", None),
        "duration_minutes": a_number(1, 90),
        "outcome": one_of("fine", "bad", None),
    },
    "orders": {
        "customer": one_of(*CUSTOMERS),
        "amount": lambda dice: round(dice.uniform(-100, 1e5), 2),
        "currency": one_of("CNY", "USD", "EUR", None),
        "quantity": a_number(-5, 5),
        "product": one_of(*PRODUCTS, None),
        "group_id": one_of("g1", "g2", None),
    },
    "tickets": {
        "customer": one_of(*CUSTOMERS),
        "kind": one_of("complaint", "question"),
        "satisfaction": a_number(1, 5),
        "closed_at": a_time(BEGIN, END),
    },
    "subscriptions": {
        "customer": one_of(*CUSTOMERS),
        "product": one_of(*PRODUCTS, None),
        "ends_on": a_day(CUT, END),
        "cancelled_on": lambda dice: dice.choice([None, a_day(BEGIN, END)(dice)]),
        "recurring_amount": a_number(1, 1e4),
    },
    "deal_changes": {},
}
CHANGED: dict[str, Draw] = {
    "stage": one_of(*STAGES),
    "amount": one_of("100", "2500.5", "90000", "much"),
    "expected_close_on": a_day(BEGIN, END),
    "rep_id": one_of(*REPS),
    "forecast_category": one_of("commit", "pipeline"),
    "status": one_of("won", "lost", "open"),
}
OWN_TIME = {
    "deals": "created",
    "customers": "created",
    "contacts": "created",
    "activities": "happened_at",
    "orders": "ordered_at",
    "tickets": "opened_at",
    "subscriptions": "started_on",
    "deal_changes": "changed_at",
    "reps": "hired_on",
    "fx_rates": "valid_on",
}


class Teller:
    """Makes up rows of a history, all from one seed."""

    def __init__(self, seed: str, low: datetime, high: datetime) -> None:
        self.dice, self.seed, self.low, self.high = Random(seed), seed, low, high

    def time(self, low: datetime, high: datetime) -> datetime:
        """A time on the half hour, sometimes the very first one possible."""
        halves = int((high - low) / timedelta(minutes=30))
        return low + timedelta(minutes=30) * self.dice.choice([0, *(self.dice.randrange(halves) for _ in range(9))])

    def values(self, table: str) -> Row:
        return {column: draw(self.dice) for column, draw in VALUES[table].items()}

    def row(self, table: str, **key: object) -> Row:
        """A row that became known between the teller's two times, whenever it happened."""
        known = self.time(self.low, self.high)
        happened = max(known - self.dice.choice(SECONDS), BEGIN) if known > self.low or self.low > BEGIN else known
        row = {**key, **self.values(table)}
        if table == "deal_changes":
            field = self.dice.choice(list(CHANGED))
            row = {**key, "field": field, "new_value": CHANGED[field](self.dice), "deal_id": self.dice.choice(DEALS)}
        if own := OWN_TIME.get(table):
            row[own] = _text(happened, own)
        from_ever = own is None and self.low == BEGIN and self.dice.random() < 0.5
        if not from_ever and (happened != known or own is None or own.endswith("_on")):
            row["recorded"] = _text(known)
        return row

    def again(self, table: str, row: Row) -> Row:
        """The row with other values, recorded between the teller's two times."""
        values = {"new_value": CHANGED[str(row["field"])](self.dice)} if table == "deal_changes" else self.values(table)
        return {**row, **values, "recorded": _text(self.time(self.low, self.high))}

    def closing(self, low: datetime, high: datetime) -> Row:
        if self.dice.random() < 0.4:
            return {"status": "open"}
        return {"status": self.dice.choice(["won", "lost"]), "closed_at": _text(self.time(low, high))}


def _text(moment: datetime, column: str = "") -> str:
    return str(moment.date()) if column.endswith("_on") else f"{moment.isoformat()}Z"


def the_past(seed: int) -> Told:
    """What was on record before the moment: rows of every table, some told twice."""
    teller = Teller(f"past {seed}", BEGIN, CUT)
    keyed: list[tuple[str, Row]] = [("customers", {"customer_id": c}) for c in CUSTOMERS]
    keyed += [("reps", {"rep_id": r}) for r in REPS] + [("products", {"product_id": p}) for p in PRODUCTS]
    keyed += [("stages", {"pipeline": p, "stage": s}) for p in ("sales", "renewals") for s in STAGES[:3]]
    keyed += [("contacts", {"contact_id": f"k{n}"}) for n in range(8)]
    keyed += [("fx_rates", {"currency": "USD"}) for _ in range(9)]
    keyed += [("activities", {"activity_id": f"a{n}"}) for n in range(240)]
    keyed += [("orders", {"order_id": f"o{n}"}) for n in range(30)] + [
        ("tickets", {"ticket_id": f"t{n}"}) for n in range(20)
    ]
    keyed += [("subscriptions", {"subscription_id": f"s{n}"}) for n in range(12)]
    keyed += [("deal_changes", {}) for _ in range(500)] + [("deals", {"deal_id": d}) for d in DEALS]
    told: Told = {}
    for table, key in keyed:
        row = teller.row(table, **key)
        versions = [row, teller.again(table, row)] if teller.dice.random() < 0.2 else [row]
        if table == "deals":
            created = datetime.fromisoformat(str(row["created"])).replace(tzinfo=None)
            versions = [v | teller.closing(created, CUT) for v in versions]
            for version in versions:
                if version["status"] != "open" and "recorded" not in version:
                    version.pop("recorded", None)
        told.setdefault(table, []).extend(versions)
    return told


def new_rows(teller: Teller, told: Told) -> Iterator[tuple[str, Row]]:
    """Rows that became known after the moment: new ones, and new versions of old ones."""
    for table in told:
        for number in range(teller.dice.randrange(25)):
            key: Row = dict.fromkeys(_single_key(table), f"{teller.seed}{number}")
            if table == "stages":
                key = {"pipeline": teller.dice.choice(["sales", "partners"]), "stage": teller.dice.choice(STAGES)}
            if table == "fx_rates":
                key = {"currency": teller.dice.choice(["USD", "EUR"])}
            row = teller.row(table, **key)
            yield table, (row | teller.closing(BEGIN, END) if table == "deals" else row)
        for row in teller.dice.sample(told[table], len(told[table]) // 3):
            later = teller.again(table, row)
            yield table, (later | teller.closing(BEGIN, END) if table == "deals" else later)


def _single_key(table: str) -> tuple[str, ...]:
    keys = {"activities": "activity_id", "orders": "order_id", "tickets": "ticket_id", "deals": "deal_id"}
    keys |= {"customers": "customer_id", "contacts": "contact_id", "reps": "rep_id", "products": "product_id"}
    keys |= {"stages": "stage", "fx_rates": "currency", "subscriptions": "subscription_id"}
    return (keys[table],) if table in keys else ()


def in_one_export(past: Told, seed: str) -> Told:
    """The past and one future in one export: the rows of deals say how they stand at its end."""
    teller = Teller(seed, CUT, END)
    told = {table: [dict(row) for row in rows] for table, rows in past.items()}
    for table, row in new_rows(teller, past):
        told[table].append(row)
    todays = ("stage", "amount", "rep_id", "expected_close_on", "forecast_category", "lost_reason", "attr_secret")
    for row in told["deals"]:
        row |= {column: VALUES["deals"][column](teller.dice) for column in todays}
        if row["status"] == "open":
            row |= teller.closing(CUT, END)
    return told


def as_a_later_export(past: Told, seed: str) -> Told:
    """What an export taken after the moment says: other values everywhere, and nothing of when they came."""
    teller = Teller(seed, CUT, END)
    told: Told = {}
    for table, rows in past.items():
        for row in {_key_of(table, row): row for row in rows}.values():
            values = (
                {"new_value": CHANGED[str(row["field"])](teller.dice)}
                if table == "deal_changes"
                else teller.values(table)
            )
            export = {**row, **values, **(teller.closing(CUT, END) if table == "deals" else {})}
            export.pop("recorded", None)
            if teller.dice.random() < 0.7:
                told.setdefault(table, []).append(export)
    return told


def _key_of(table: str, row: Row) -> tuple[object, ...]:
    columns = {
        "deal_changes": ("deal_id", "field", "changed_at"),
        "stages": ("pipeline", "stage"),
        "fx_rates": ("currency", "valid_on"),
    }
    return tuple(row[column] for column in columns.get(table, _single_key(table)))


def tell(story, told: Told) -> None:
    known = {"region": Known.AT_CREATION, "seats": Known.AT_CREATION, "secret": Known.CURRENT}
    story.declares("deals", **known)
    for table, rows in told.items():
        seen = set()
        for row in rows:
            version = (*_key_of(table, row), row.get("recorded"))
            if version not in seen:
                story.row(table, **row)
            seen.add(version)


def asked_about() -> Moments:
    """Every deal at moments up to the cut, and a deal nobody knows."""
    days = (0, 1, 30, 90, 200, 500, 900)
    at = [micros(CUT) - day * 86_400_000_000 for day in days]
    deals = (*DEALS, "nobody")
    return Moments(np.repeat(np.array(deals, object), len(at)), np.array(at * len(deals), np.int64))


def all_features(history: History) -> tuple[Feature, ...]:
    """Every feature the history can give, those for which it is too short included."""
    found = offered(history, CUT)
    young = [name for name, reason in found.left_out.items() if reason.startswith("it takes")]
    return (*found.features, *select(*young))


def in_bytes(history: History) -> tuple[bytes, pa.Table]:
    """Every feature the history offers at these moments, as a file would hold it."""
    table = build_table(all_features(history), asked_about(), history)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as file:
        file.write_table(table)
    return sink.getvalue().to_pybytes(), table


@pytest.mark.parametrize("seed", range(2))
def test_a_future_rewritten_at_random_changes_no_feature(another_story, seed):
    past = the_past(seed)
    stories = [another_story() for _ in range(5)]
    alone, one, two, later, latest = stories
    tell(alone, past)
    tell(one, in_one_export(past, f"one {seed}"))
    tell(two, in_one_export(past, f"two {seed}"))
    for story in (later, latest):
        tell(story, past)
        story.import_now("2024-01-01T11:30:00")  # the cut in Shanghai
    tell(later, as_a_later_export(past, f"later {seed}"))
    later.import_now("2024-01-01T11:30:00")
    for number, taken_at in enumerate(("2024-02-01", "2024-03-01")):
        tell(latest, as_a_later_export(past, f"{number} {seed}"))
        latest.import_now(taken_at)
    for table, row in new_rows(Teller(f"last {seed}", CUT, END), past):
        latest.row(table, **row)

    expected, table = in_bytes(alone.history)

    assert table.num_columns > 150
    for number, story in enumerate(stories[1:], 1):
        seen, other = in_bytes(story.history)
        differing = [name for name in table.column_names if not table[name].equals(other[name])]
        assert (number, differing) == (number, [])
        assert seen == expected


def test_the_histories_compared_have_something_to_tell(another_story):
    """The test above would be worth nothing if features were empty, or futures the same."""
    past = the_past(0)
    alone, one = another_story(), another_story()
    tell(alone, past)
    tell(one, in_one_export(past, "one 0"))
    _, table = in_bytes(alone.history)

    silent = [name for name in table.column_names if len(table[name].unique()) < 2]
    assert silent == []
    after = Moments(np.array(DEALS, object), np.full(len(DEALS), micros(END), np.int64))
    features = all_features(alone.history)
    then, now = (build_table(features, after, story.history) for story in (alone, one))
    assert sum(not then[name].equals(now[name]) for name in then.column_names) > 120
