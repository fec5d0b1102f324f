"""A memory that was told rows, one loaded after they were folded, and the feature table say the same."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from features.contracts import DELETED, TABLES
from features.definition import Feature
from features.fold_marks import Mark
from features.folding import Folded, Told, fold, refusals
from features.history import History
from features.online import Memory
from tests.features.memory_and_batch import computed, differing, features_of, told

START = datetime(2024, 3, 1)
TAKEN = datetime(2024, 3, 20)
MOMENTS = (
    datetime(2024, 2, 27),
    datetime(2024, 3, 4, 12),
    datetime(2024, 3, 9),
    datetime(2024, 4, 1),
    datetime(2025, 3, 1),
)
DEALS = ("d1", "d2", "d3", "new-1", "new-2")
CUSTOMERS = ("C1", "C2", "C3", "new-C")


@pytest.fixture
def small(story):
    """A history with every table that rows are told of, its deals described by rows alone."""
    story.stages("New", "Talks", "Offer").rate("USD", on="2024-01-01", rate=7)
    story.product("P1", family="Tools", list_price=100).rep("R1", team_id="T1").rep("R2", team_id="T2")
    story.row("teams", team_id="T1").row("quotas", owner_type="rep", owner_id="R1", period="2024", amount=5)
    for number in (1, 2, 3):
        story.customer(f"C{number}", created="2024-01-01", segment="small", industry="Trade")
        row = {"stage": "New", "rep_id": "R1", "expected_close_on": "2024-05-01", "forecast_category": "pipeline"}
        row |= {
            "customer_id": f"C{number}",
            "pipeline": "sales",
            "currency": "CNY",
            "product_id": "P1",
            "source": "fair",
        }
        attributes = {"size": "big"}
        told = {"deal_id": f"d{number}", "status": "open", "created_at": f"2024-01-0{number}", "amount": 100 * number}
        story.row("deals", **told, **row, closed_at=None, type="new", attributes=attributes)
        story.activity(
            on="2024-02-02", deal_id=f"d{number}", customer_id=f"C{number}", rep_id="R1", direction="inbound"
        )
        story.order(f"C{number}", on=f"2024-02-0{number}", amount=number, product_id="P1", quantity=2, group_id="g")
        story.ticket(f"C{number}", on=f"2024-02-0{number}", kind="complaint", closed_at=None, satisfaction=None)
    story.contact("P-1", "C1", created="2024-01-01", is_decision_maker=False)
    story.row("activities", activity_id="a-0", happened_at="2024-02-03", type="call", contact_id="P-1", outcome="good")
    when = {"started_on": "2024-01-05", "ends_on": "2024-12-31", "cancelled_on": None, "interval_months": 12}
    story.row("subscriptions", subscription_id="S1", customer_id="C1", recurring_amount=5, **when)
    story.import_now("2024-02-25")
    return story


def rows_told(chance: Random, number: int, tracked: bool) -> list[Told]:
    """Rows of all kinds: new, mended, late, the same again, deleted, and told again after that."""
    found: list[Told] = []
    while len(found) < number:
        at = START + timedelta(hours=len(found) * 6, microseconds=chance.randrange(3))
        if chance.random() < 0.3:
            at -= timedelta(days=chance.randrange(1, 12))
        if found and chance.random() < 0.15:
            again = chance.choice(found)
            found.append(Told(again.table, again.row, again.recorded_at if chance.random() < 0.5 else at))
            continue
        table, row = _row(chance, at, tracked)
        if chance.random() < 0.12:
            row = {**{column: row[column] for column in TABLES[table].key}, DELETED.name: at}
        found.append(Told(table, row, at))
    return found


def _row(chance: Random, at: datetime, tracked: bool) -> tuple[str, dict[str, object]]:
    deal, customer = chance.choice(DEALS), chance.choice(CUSTOMERS)
    before = at - timedelta(days=chance.randrange(0, 20))
    table = chance.choice(
        ["deals"] * 4
        + ["deal_changes"] * 3
        + ["activities"] * 3
        + ["customers", "orders", "tickets", "subscriptions"]
        + ["contacts", "reps", "products", "teams", "quotas", "stages", "fx_rates"]
    )
    if table == "deals":
        row: dict[str, object] = {"deal_id": deal, "status": "open", "created_at": datetime(2024, 1, 1)}
        choices = {
            "stage": ["New", "Talks", "Offer", "Unheard of", None],
            "amount": [Decimal("100.0000"), Decimal("250.5000"), None],
            "rep_id": ["R1", "R2"],
            "expected_close_on": [date(2024, 5, 1), date(2024, 6, 1)],
            "customer_id": [customer],
            "attr_size": ["big", "small"],
            "source": ["fair", "web"],
        }
        row |= {name: chance.choice(values) for name, values in choices.items() if chance.random() < 0.5}
        if chance.random() < 0.25:
            row |= {"status": chance.choice(["won", "lost"]), "closed_at": before if before > row["created_at"] else at}
        elif chance.random() < 0.2:
            row["closed_at"] = None
        return table, row
    if table == "deal_changes":
        values = {"stage": "Talks", "amount": "70.5", "rep_id": "R2", "mood": "good", "expected_close_on": "2024-07-01"}
        values |= {"status": chance.choice(["won", "open"])}
        chosen = chance.choice(list(values) if tracked else ["mood", "status"])
        return table, {
            "deal_id": deal,
            "field": chosen,
            "changed_at": before,
            "new_value": values[chosen],
            "changed_by": chance.choice(["x", "y"]),
        }
    if table == "activities":
        name = chance.choice(["a-0", "activities-1", "a-1", "a-2", "a-3"])
        row = {"activity_id": name, "deal_id": deal, "type": chance.choice(["call", "email"]), "happened_at": before}
        row |= {"customer_id": customer, "direction": chance.choice(["inbound", "outbound"])}
        return table, row if chance.random() < 0.7 else {**row, "contact_id": "P-1", "outcome": "bad"}
    if table == "customers":
        row = {
            "customer_id": customer,
            "segment": chance.choice(["small", "large"]),
            "created_at": datetime(2024, 1, 1),
        }
        return table, row if chance.random() < 0.8 else {**row, "industry": "Steel"}
    if table == "orders":
        name = chance.choice(["orders-1", "o-1", "o-2"])
        return table, {
            "order_id": name,
            "customer_id": customer,
            "ordered_at": before,
            "amount": Decimal("9.0000"),
            "quantity": chance.choice([1.0, -1.0]),
            "group_id": chance.choice(["g", None]),
        }
    if table == "tickets":
        name = chance.choice(["tickets-1", "t-1"])
        row = {"ticket_id": name, "customer_id": customer, "opened_at": datetime(2024, 2, 1), "kind": "complaint"}
        return table, row if chance.random() < 0.5 else {
            **row,
            "closed_at": max(before, datetime(2024, 2, 2)),
            "satisfaction": 2.0,
        }
    if table == "subscriptions":
        row = {"subscription_id": chance.choice(["S1", "S2"]), "customer_id": customer, "started_on": date(2024, 1, 5)}
        return table, row if chance.random() < 0.5 else {
            **row,
            "cancelled_on": before.date(),
            "recurring_amount": Decimal("7.0000"),
        }
    if table == "contacts":
        return table, {
            "contact_id": chance.choice(["P-1", "P-2"]),
            "customer_id": customer,
            "is_decision_maker": chance.random() < 0.5,
        }
    if table == "reps":
        return table, {"rep_id": chance.choice(["R1", "R2", "R3"]), "team_id": chance.choice(["T1", "T2"])}
    if table == "products":
        return table, {"product_id": chance.choice(["P1", "P2"]), "family": chance.choice(["Tools", "Care"])}
    if table == "teams":
        return table, {"team_id": chance.choice(["T1", "T2"]), "name": "A"}
    if table == "quotas":
        return table, {"owner_type": "rep", "owner_id": "R1", "period": "2024", "amount": Decimal(chance.randrange(9))}
    if table == "stages":
        return table, {
            "pipeline": "sales",
            "stage": chance.choice(["New", "Demo"]),
            "position": chance.randrange(5),
            "status": "open",
        }
    return table, {
        "currency": chance.choice(["USD", "EUR"]),
        "valid_on": before.date(),
        "rate": chance.choice([7.0, 8.0]),
    }


def folded(story, rows: list[Told], last: int, name: str = "feed") -> tuple[History, Folded]:
    history = History.existing(story.home)
    return history, fold(history, rows, Mark(name, last, "stamp"), TAKEN)


def saying(one: Memory, other: Memory, history: History, moments=MOMENTS) -> dict[object, object]:
    """What two memories and the feature table say differently."""
    found: dict[object, object] = {}
    for entity, ids in (("deal", DEALS), ("customer", CUSTOMERS)):
        asked = [(name, at) for at in moments for name in ids]
        expected = iter(computed(history, one.features, asked, entity))
        for at in moments:
            first, second = told(one, list(ids), at, entity), told(other, list(ids), at, entity)
            for name, a, b in zip(ids, first, second, strict=True):
                table = next(expected)
                if differs := differing(a, table) | differing(b, table):
                    found[entity, name, at.isoformat()] = differs
    return found


@pytest.mark.parametrize("seed", [4, 5])
def test_memory_folding_and_feature_table_agree_whatever_is_told_in_whatever_order(small, seed):
    chance = Random(seed)
    rows = rows_told(chance, 20, tracked=seed % 2 == 0)
    features = tuple(chance.sample(features_of(small.history), 50))
    assert differing_after(small, rows, features) == {}


def differing_after(story, rows: list[Told], features: tuple[Feature, ...]) -> dict[object, object]:
    """Tell rows to a memory, fold them in two parts, and compare."""
    memory = Memory(History.existing(story.home), features)
    for one in rows:
        memory.absorb(one.table, one.row, one.recorded_at)
    half = len(rows) * 5 // 8
    folded(story, rows[:half], last=half)
    history, _ = folded(story, rows[half:], last=len(rows))
    return saying(memory, Memory(history, features), history)


def versions(history: History, table: str, columns: str) -> list[tuple[object, ...]]:
    with history.connect() as con:
        sql = f"SELECT {columns} FROM ({history.sql_versions(table)}) ORDER BY ALL"
        return list(con.execute(sql).fetchall())


def test_a_row_told_in_part_keeps_the_rest_as_it_stood_at_its_own_moment(story):
    story.customer("C", segment="small", region="north", recorded="2024-01-01T00:00:00Z")
    story.customer("C", segment="large", region="south", recorded="2024-01-10T00:00:00Z")
    story.import_now("2024-01-20")
    row = {"customer_id": "C", "segment": "middle"}
    history, done = folded(story, [Told("customers", row, datetime(2024, 1, 5))], last=1)

    assert done == Folded(2, {"customers": 1})
    assert versions(history, "customers", "version_at, segment, region") == [
        (datetime(2024, 1, 1), "small", "north"),
        (datetime(2024, 1, 5), "middle", "north"),
        (datetime(2024, 1, 10), "large", "south"),
    ]


def test_what_says_nothing_new_leaves_an_entry_without_rows(story):
    story.customer("C", segment="small", recorded="2024-01-01T00:00:00Z")
    story.import_now("2024-01-20")
    history, done = folded(story, [Told("customers", {"customer_id": "C", "segment": "small"}, START)], last=7)

    assert (done.entry, done.news) == (2, {})
    assert history.log.entries[-1].parts == {}
    assert History.existing(story.home).tables() == ("customers",)


def test_a_fold_is_done_once(story):
    story.customer("C", segment="small")
    story.import_now("2024-01-20")
    rows = [Told("customers", {"customer_id": "C", "segment": "large"}, START)]
    folded(story, rows, last=5)

    for last in (5, 3):
        _, again = folded(story, rows, last=last)
        assert again == Folded(2)
    assert len(History.existing(story.home).entries) == 2
    assert folded(story, rows, last=5, name="another")[1].entry == 3


def test_a_deletion_that_comes_before_its_row_ends_it(story):
    story.customer("C", segment="small")
    story.import_now("2024-01-20")
    gone = Told("customers", {"customer_id": "late", DELETED.name: START}, START)
    folded(story, [gone], last=1)
    row = {"customer_id": "late", "segment": "large"}
    history, _ = folded(story, [Told("customers", row, START - timedelta(days=1))], last=2)

    assert versions(history, "customers", "customer_id, deleted_at") == [("C", None), ("late", START)]


def test_changes_that_nobody_tells_are_noted_as_an_import_notes_them(story):
    story.deal("D", stage="New")
    story.import_now("2024-01-20")
    rows = [
        Told("deals", {"deal_id": "D", "status": "open", "created_at": datetime(2024, 1, 1), "stage": stage}, at)
        for stage, at in (("Talks", START), ("Offer", START + timedelta(days=1)))
    ]
    history, done = folded(story, rows, last=2)

    assert done.news == {"deals": 2, "deal_changes": 2}
    assert versions(history, "deal_changes", "changed_at, old_value, new_value, origin")[1:] == [
        (START, "New", "Talks", "snapshot"),
        (START + timedelta(days=1), "Talks", "Offer", "snapshot"),
    ]


def test_rows_that_cannot_be_kept_are_told_apart_before():
    right = Told("deals", {"deal_id": "D", "status": "open"}, START)
    wrong = Told("deals", {"deal_id": "D", "amount": Decimal("1e20")}, START)
    assert list(refusals([right, wrong, Told("deals", {"status": "open"}, START)])) == [1, 2]


def test_a_first_row_of_all_begins_a_history(tmp_path):
    history = History(tmp_path / "new")
    row = {"deal_id": "D", "status": "open", "created_at": START, "amount": Decimal("5.0000")}
    done = fold(history, [Told("deals", row, START)], Mark("feed", 1, "s"), TAKEN, "Asia/Shanghai")

    assert done.news == {"deals": 1, "deal_changes": 1}
    assert (history.timezone, history.tables()) == ("Asia/Shanghai", ("deals", "deal_changes"))
