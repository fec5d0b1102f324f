"""Each kind of news that is told to a memory is what a history with it says, to the last bit, after every row."""

from datetime import datetime

import pytest

from features.as_of import parse_moment
from features.contracts import TABLES, Kind
from features.history import History
from features.online import Memory
from features.reading_together import Together
from tests.features.memory_and_batch import Row, computed, differing, features_of, told


class Teller:
    """Tells a memory and a story the same rows."""

    def __init__(self, story) -> None:
        self.story = story
        self.history = story.history
        self.memory = Memory(History.existing(story.home), features_of(self.history))
        self.asked = {
            "deal": self._ids("deals", "deal_id"),
            "customer": self._ids("customers", "customer_id"),
        }

    def _ids(self, table: str, column: str) -> list[str]:
        with self.history.connect() as con:
            found = con.execute(f"SELECT DISTINCT {column} FROM ({self.history.sql_versions(table)}) ORDER BY 1")
            return [name for (name,) in found.fetchall()]

    def tell(self, table: str, recorded: str, **columns: object) -> bool:
        self.story.row(table, recorded=recorded, **columns)
        typed: Row = self.story._typed(table, [self.story._told[table][-1]]).to_pylist()[0]
        at = typed.pop("recorded_at")
        assert isinstance(at, datetime)
        news = self.memory.absorb(table, typed, at)
        self.story.import_now(recorded)
        for entity, column in (("deal", "deal_id"), ("customer", "customer_id")):
            name = typed.get(column)
            if isinstance(name, str) and name not in self.asked[entity] and table in ("deals", "customers"):
                self.asked[entity].append(name)
        return news

    def differing(self, *moments: str) -> dict[object, object]:
        """What memory and history say differently at these moments, of every deal and customer."""
        found: dict[object, object] = {}
        for moment in moments:
            at = parse_moment(moment, self.story.timezone)
            for entity, ids in self.asked.items():
                if not any(feature.entity == entity for feature in self.memory.features):
                    continue
                expected = computed(self.story.history, self.memory.features, [(name, at) for name in ids], entity)
                for name, one, other in zip(ids, told(self.memory, ids, at, entity), expected, strict=True):
                    if differs := differing(one, other):
                        found[moment, name] = differs
        return found


@pytest.fixture
def teller(story):
    story.stages("New", "Talks", "Offer", "Won", "Lost")
    story.rate("USD", on="2024-01-01", rate=7)
    story.product("P1", family="Tools", list_price=100).product("P2", family="Care", list_price=300)
    story.rep("R1", team_id="T1").rep("R2", team_id="T2")
    for number in (1, 2, 3):
        story.customer(f"C{number}", created="2024-01-01", segment="small" if number < 3 else "large", industry="Trade")
    story.contact("P-1", "C1", created="2024-01-01", is_decision_maker=False)
    for number in range(1, 7):
        deal = story.deal(
            f"d{number}",
            customer=f"C{number % 3 + 1}",
            product=f"P{number % 2 + 1}",
            currency="USD" if number == 5 else "CNY",
            pipeline="sales",
            source="fair",
            amount=number * 100,
            rep=f"R{number % 2 + 1}",
            created=f"2024-01-0{number}",
        )
        deal.changes_stage("New", on=f"2024-01-0{number}").changes_stage("Talks", on="2024-02-01")
        deal.activity(on="2024-02-02", rep=f"R{number % 2 + 1}", customer=f"C{number % 3 + 1}", direction="outbound")
        deal.activity(on="2024-02-05", rep=f"R{number % 2 + 1}", customer=f"C{number % 3 + 1}", direction="inbound")
        story.order(f"C{number % 3 + 1}", on=f"2024-02-0{number}", amount=number * 10, product_id="P1", quantity=2)
        story.ticket(f"C{number % 3 + 1}", on=f"2024-02-0{number}", kind="complaint")
    story.row(
        "subscriptions",
        subscription_id="S1",
        customer="C1",
        started_on="2024-01-05",
        ends_on="2024-12-31",
        recurring_amount=5,
    )
    story._deals["d1"]["recorded_at"] = "2024-02-20"
    story.row("deals", **{**story._deals["d1"], "status": "lost", "closed_at": "2024-02-20"})
    story.import_now("2024-02-25")
    return Teller(story)


NEWS = """
# an activity
activities 2024-03-02 activity_id=a deal_id=d2 customer_id=C3 rep_id=R1 type=call happened_at=2024-03-01
    contact_id=P-1
# an activity told before an earlier one
activities 2024-03-05 activity_id=a deal_id=d2 customer_id=C3 type=call happened_at=2024-03-01 direction=inbound
activities 2024-03-03 activity_id=b deal_id=d2 customer_id=C3 type=email happened_at=2024-03-02 direction=outbound
# activities of the same time
activities 2024-03-05 activity_id=b deal_id=d2 customer_id=C3 type=call happened_at=2024-03-01 direction=inbound
activities 2024-03-05 activity_id=a deal_id=d2 customer_id=C3 type=email happened_at=2024-03-01 direction=outbound
# an activity of the time of one on record
activities 2024-02-05 activity_id=a deal_id=d2 customer_id=C3 type=email happened_at=2024-02-05 direction=outbound
# a mended activity
activities 2024-03-02 activity_id=activities-2 type=visit happened_at=2024-02-05
# an activity that was deleted
activities 2024-03-02 activity_id=activities-2 type=call happened_at=2024-02-05 deleted_at=2024-03-02
# a deal that closes
deals 2024-03-02 deal_id=d2 status=won created_at=2024-01-02 closed_at=2024-03-01
# a deal that closes by a change
deal_changes 2024-03-02 deal_id=d2 field=status changed_at=2024-03-02 new_value=won
# a deal abroad that closes
deals 2024-03-02 deal_id=d5 status=won created_at=2024-01-05 closed_at=2024-03-01
# a deal that will close
deals 2024-03-02 deal_id=d2 status=won created_at=2024-01-02 closed_at=2024-03-05
# a deal that closes otherwise
deals 2024-03-02 deal_id=d1 status=won created_at=2024-01-01 closed_at=2024-03-01
# a deal opened again
deals 2024-03-02 deal_id=d1 status=open created_at=2024-01-01 closed_at=-
# a deal that was deleted
deals 2024-03-02 deal_id=d2 status=open created_at=2024-01-02 deleted_at=2024-03-02
# a deal that was deleted and came again
deals 2024-03-02 deal_id=d2 status=open created_at=2024-01-02 deleted_at=2024-03-02
deals 2024-03-04 deal_id=d2 status=open created_at=2024-01-02 customer_id=C3 pipeline=sales
deal_changes 2024-03-05 deal_id=d2 field=amount changed_at=2024-03-05 new_value=70
# a new deal, its changes first
deal_changes 2024-03-01 deal_id=n field=amount changed_at=2024-03-01 new_value=70
deal_changes 2024-03-01 deal_id=n field=rep_id changed_at=2024-03-01 new_value=R2
deals 2024-03-01 deal_id=n status=open created_at=2024-03-01 customer_id=C2 pipeline=sales currency=USD source=web
deal_changes 2024-03-01 deal_id=n field=stage changed_at=2024-03-01 new_value=Offer
# a new deal long after its changes
deal_changes 2024-03-01 deal_id=n field=amount changed_at=2024-03-01 new_value=70
deals 2024-03-03 deal_id=n status=open created_at=2024-03-01 customer_id=C2 currency=USD
# a change told before an earlier one
deal_changes 2024-03-05 deal_id=d2 field=stage changed_at=2024-03-05 new_value=Offer
deal_changes 2024-03-03 deal_id=d2 field=stage changed_at=2024-03-02 new_value=New
# a mended change
deal_changes 2024-03-05 deal_id=d2 field=stage changed_at=2024-02-01 new_value=Offer
# a change of what is not looked at
deal_changes 2024-03-05 deal_id=d2 field=mood changed_at=2024-02-01 new_value=good
# an older version of a deal
deals 2024-01-15 deal_id=d2 status=open created_at=2024-01-02 source=web
# a deal of another customer
deals 2024-03-02 deal_id=d2 status=open created_at=2024-01-02 customer_id=C1 pipeline=sales
# a customer of another segment
customers 2024-03-02 customer_id=C1 created_at=2024-01-01 segment=large
# an event and its customer's segment together
deals 2024-03-02 deal_id=d3 status=won created_at=2024-01-03 closed_at=2024-03-02
customers 2024-03-02 customer_id=C1 created_at=2024-01-01 segment=large
deals 2024-03-02 deal_id=d6 status=lost created_at=2024-01-06 closed_at=2024-03-02
# two customers that are one
customers 2024-03-02 customer_id=C2 created_at=2024-01-01 merged_into=C3
activities 2024-03-03 activity_id=a deal_id=d2 customer_id=C2 type=call happened_at=2024-03-03
orders 2024-03-04 order_id=o customer_id=C3 ordered_at=2024-03-04 amount=7
deals 2024-03-05 deal_id=n status=open created_at=2024-03-05 customer_id=C2
# a new stage
stages 2024-03-02 pipeline=sales stage=Demo position=9 status=open
deal_changes 2024-03-03 deal_id=d2 field=stage changed_at=2024-03-03 new_value=Demo
# a new stage told with its first deal
deal_changes 2024-03-03 deal_id=d2 field=stage changed_at=2024-03-03 new_value=Demo
stages 2024-03-03 pipeline=sales stage=Demo position=9 status=open
# a new rate
fx_rates 2024-03-02 currency=USD valid_on=2024-03-02 rate=9
deal_changes 2024-03-03 deal_id=d5 field=amount changed_at=2024-03-03 new_value=100
orders 2024-03-04 order_id=o customer_id=C1 ordered_at=2024-03-04 amount=7 currency=USD
# a rate told with an amount, and one of an older day
deal_changes 2024-03-03 deal_id=d5 field=amount changed_at=2024-03-03 new_value=100
fx_rates 2024-03-03 currency=USD valid_on=2024-03-02 rate=9
fx_rates 2024-03-04 currency=USD valid_on=2024-02-02 rate=5
deal_changes 2024-03-05 deal_id=d5 field=amount changed_at=2024-03-05 new_value=200
# lines of an order
orders 2024-03-03 order_id=o1 customer_id=C1 ordered_at=2024-03-02 amount=7 group_id=g
orders 2024-03-03 order_id=o2 customer_id=C1 ordered_at=2024-03-01 amount=8 group_id=g
orders 2024-03-04 order_id=o3 customer_id=C1 ordered_at=2024-03-04 amount=-8 quantity=-1
orders 2024-03-05 order_id=o1 customer_id=C1 ordered_at=2024-03-02 amount=-7 group_id=g
orders 2024-03-06 order_id=o2 customer_id=C1 ordered_at=2024-03-01 amount=-8 group_id=g
# a ticket answered
tickets 2024-03-03 ticket_id=tickets-1 customer_id=C2 opened_at=2024-02-01 closed_at=2024-03-02 kind=complaint
    satisfaction=2
tickets 2024-03-04 ticket_id=t customer_id=C2 opened_at=2024-03-04 kind=question
# a contract cancelled
subscriptions 2024-03-03 subscription_id=S1 customer_id=C1 started_on=2024-01-05 cancelled_on=2024-03-10
subscriptions 2024-03-04 subscription_id=S2 customer_id=C1 started_on=2024-03-04 ends_on=2024-03-05
    recurring_amount=9
# a decision maker, met before they were one
activities 2024-03-02 activity_id=a deal_id=d2 contact_id=P-1 type=call happened_at=2024-03-01
contacts 2024-03-02 contact_id=P-1 customer_id=C1 created_at=2024-01-01 is_decision_maker=True
activities 2024-03-03 activity_id=b deal_id=d2 contact_id=P-1 type=call happened_at=2024-03-03
# a seller of another team
reps 2024-03-02 rep_id=R1 team_id=T2 weekly_hours=20
"""
"""What is told, row by row: the table, when it was recorded, its columns (- for nothing)."""


def news() -> dict[str, list[tuple[str, str, Row]]]:
    """The rows of each kind of news, by its name."""
    found: dict[str, list[tuple[str, str, Row]]] = {}
    for line in NEWS.strip().replace("\n    ", " ").splitlines():
        if line.startswith("# "):
            rows = found.setdefault(line.removeprefix("# "), [])
            continue
        table, recorded, *columns = line.split()
        rows.append((table, recorded, {c: _value(table, c, v) for c, v in (one.split("=") for one in columns)}))
    return found


def _value(table: str, column: str, text: str) -> object:
    kind = TABLES[table].column(column).kind
    if kind is Kind.FLAG:
        return text == "True"
    return (
        None
        if text == "-"
        else float(text)
        if kind in (Kind.NUMBER, Kind.SHARE)
        else int(text)
        if kind is Kind.INTEGER
        else text
    )


@pytest.mark.parametrize("rows", news().values(), ids=news().keys())
def test_each_kind_of_news_is_what_a_history_with_it_says(teller, rows):
    for table, recorded, columns in rows:
        teller.tell(table, recorded, **columns)
        assert teller.differing(f"{recorded}T00:00:01") == {}, (table, recorded)
    table, recorded, columns = rows[-1]

    assert not teller.tell(table, recorded, **columns)  # the same row again changes nothing
    assert teller.differing("2024-03-05", "2024-03-20", "2025-03-01") == {}


def test_rows_of_a_table_that_the_history_has_not_are_no_news(teller):
    assert not teller.memory.absorb("quotas", {"owner_type": "rep", "owner_id": "R1"}, datetime(2024, 3, 1))


def test_a_stream_with_columns_that_no_row_alone_tells_is_read_from_the_history(teller, monkeypatch):
    read: list[str] = []
    monkeypatch.setattr("features.row_events.TOLD", {})
    memory = Memory(teller.history, teller.memory.features)
    kept = Together.add
    monkeypatch.setattr(
        Together, "add", lambda self, place, table, *row: (read.append(table), kept(self, place, table, *row))[1]
    )
    teller.memory = memory
    for table, recorded, columns in (*news()["an activity"], *news()["a deal that closes"]):
        teller.tell(table, recorded, **columns)

    assert read == ["activities", "deals"]
    assert teller.differing("2024-03-20") == {}


def test_no_feature_of_the_catalogue_needs_reading(teller):
    assert teller.memory._absorbing._untold == set()


def test_who_is_on_record_and_open_follows_what_is_told(teller):
    memory, at = teller.memory, datetime(2024, 3, 20)
    assert not memory.has("n")
    memory.absorb("deals", {"deal_id": "n", "status": "open", "created_at": datetime(2024, 3, 1)}, datetime(2024, 3, 1))
    assert memory.has("n")
    assert memory.is_open("n", at)
    assert memory.record("n")["created_at"] == datetime(2024, 3, 1)
    closed = {"deal_id": "n", "status": "lost", "created_at": datetime(2024, 3, 1), "closed_at": datetime(2024, 3, 2)}
    memory.absorb("deals", closed, datetime(2024, 3, 2))
    assert not memory.is_open("n", at)
    assert memory.is_open("n", datetime(2024, 3, 2))
    assert memory.data_as_of == datetime(2024, 3, 2)
