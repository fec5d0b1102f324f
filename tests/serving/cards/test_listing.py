from datetime import date, datetime
from itertools import product

import pytest
from sqlalchemy import select, text

from serving.cards import listing
from serving.cards.keeping import make_cards
from serving.cards.listing import CUSTOMER_SORTS, DEAL_SORTS, Page, Wish, total_of
from serving.cards.listing import page_of as page_of_total
from serving.cards.scoring import write_some
from serving.problems.list_errors import CursorNotAccepted, SortNotAccepted
from serving.store.score_tables import CustomerCard, DealCard, ScoreOfDay

NOW = datetime(2026, 11, 21, 1, 30)


def wish(**wanted) -> Wish:
    usual = {"equals": {}, "least": {}, "most": {}, "starts": None, "sort": "deal_id", "limit": 50, "cursor": None}
    return Wish(**({**usual, "reps": None} | wanted))


def page_of(session, entity, wanted) -> Page:
    return page_of_total(session, entity, wanted, total_of(session, entity, wanted))


@pytest.fixture
def many(story, store):
    """Thirty open deals, every third without an amount, some scored alike."""
    for number in range(30):
        told = {} if number % 3 == 0 else {"amount": 100 * (number % 7)}
        story.deal(f"D{number:02}", rep="ann" if number % 2 else "bo", created_at=f"2026-01-{number + 1:02}", **told)
    make_cards(store, story.history, NOW)
    rows = [
        {"_id": f"D{n:02}", "scored_as_of": NOW, "probability": n % 5 / 10, "low": 0.0, "high": 1.0, "close_on": None,
         "expected_amount": None, "model_version": "1"}
        for n in range(0, 30, 2)
    ]  # fmt: skip
    with store.session() as session:
        write_some(session, DealCard, rows, 0)
    return store


def pages(store, **wanted) -> list[Page]:
    found, cursor = [], None
    while not found or cursor:
        with store.session() as session:
            found.append(page_of(session, "deal", wish(cursor=cursor, **wanted)))
            session.expunge_all()
            cursor = found[-1].following
    return found


def test_pages_together_are_the_whole_list_each_once_and_in_order(many):
    for sort in ("deal_id", "-deal_id", "probability", "-probability", "amount", "-created_at"):
        ids = [card.deal_id for page in pages(many, sort=sort, limit=7) for card in page.cards]

        whole = [card.deal_id for card in pages(many, sort=sort, limit=100)[0].cards]
        assert ids == whole
        assert sorted(ids) == [f"D{n:02}" for n in range(30)]


def test_deals_without_a_value_come_last_in_both_directions(many):
    for sort in ("probability", "-probability"):
        (page,) = pages(many, sort=sort, limit=100)
        without = [card.probability is None for card in page.cards]
        assert without == sorted(without)
        held = [card.probability for card in page.cards if card.probability is not None]
        assert held == sorted(held, reverse=sort.startswith("-"))


def test_filters_leave_what_they_say_and_the_total_counts_all_pages(many):
    with many.session() as session:
        wanted = wish(equals={"rep_id": ["ann"]}, least={"amount": 200.0}, most={"amount": 400.0}, limit=2)
        page = page_of(session, "deal", wanted)
        total = total_of(session, "deal", wanted)
        session.expunge_all()

    assert total == sum(n % 3 != 0 and n % 2 == 1 and 200 <= 100 * (n % 7) <= 400 for n in range(30))
    assert len(page.cards) == 2
    assert all(card.rep_id == "ann" and 200 <= card.amount <= 400 for card in page.cards)


def test_a_reach_hides_what_others_own_and_a_percent_sign_is_just_a_letter(many):
    with many.session() as session:
        seen = page_of(session, "deal", wish(reps=frozenset({"bo"})))
        nobody = page_of(session, "deal", wish(reps=frozenset()))
        odd = page_of(session, "deal", wish(starts="D%"))
        begun = page_of(session, "deal", wish(starts="D1"))
        session.expunge_all()

    assert {card.rep_id for card in seen.cards} == {"bo"}
    assert [len(page.cards) for page in (nobody, odd, begun)] == [0, 0, 10]


def test_a_reach_of_thousands_of_sellers_is_asked_in_parts(many):
    reps = frozenset({f"r{n}" for n in range(2500)} | {"bo"})
    with many.session() as session:
        assert total_of(session, "deal", wish(reps=reps)) == 15
        assert len(page_of(session, "deal", wish(reps=reps)).cards) == 15


@pytest.mark.parametrize("cursor", ["", "x", "W10", "WyJhbW91bnQiLCAxLCAiRDEiXQ", "WyJkZWFsX2lkIiwgMSwgIkQxIl0", "ü"])
def test_a_cursor_of_another_list_or_of_nobody_is_refused(many, cursor):
    with many.session() as session, pytest.raises(CursorNotAccepted):
        page_of(session, "deal", wish(cursor=cursor))


def test_an_unknown_sort_names_those_there_are(many):
    with many.session() as session, pytest.raises(SortNotAccepted, match="probability"):
        page_of(session, "deal", wish(sort="-colour"))


REPS = frozenset({"ann", "bo"})


def test_each_order_is_served_by_an_index_whoever_asks(many, monkeypatch):
    """Nothing is sorted for a page: SQLite makes no B-tree for it, PostgreSQL's plan has no sort."""
    monkeypatch.setattr(listing, "FEW", 0)
    values = {"deal_id": "D05", "customer_id": "C1", "name": "Ab"}
    values |= dict.fromkeys(("created_at", "closed_at"), "2026-01-01T00:00:00")
    values |= dict.fromkeys(("expected_close_on", "close_on"), "2026-01-01")
    plans = []
    for sort in (*DEAL_SORTS, *CUSTOMER_SORTS):
        entity = "deal" if sort in DEAL_SORTS else "customer"
        cut = {"equals": {"status": ["open"]}} if entity == "deal" else {"active": True}
        value, empty = values.get(sort, 0.5), () if sort.endswith("_id") else (None,)
        for order in (sort, f"-{sort}"):
            cursors = [None, *(listing._cursor(order, one, "D05") for one in (value, *empty))]
            for cursor, reps in product(cursors, (None, REPS)):
                plans += plans_of(many, entity, wish(sort=order, cursor=cursor, reps=reps, limit=5, **cut))

    assert len(plans) > 100
    for statement, plan in plans:
        assert "TEMP B-TREE" not in plan, (statement, plan)
        assert "Sort" not in plan, (statement, plan)


def plans_of(store, entity, wanted) -> list[tuple[str, str]]:
    """How the database would find the ids of a page."""
    with store.session() as session:
        if store.engine.dialect.name == "postgresql":
            # Few rows are quicker read and sorted: what is asked is whether the index can serve.
            session.execute(text("SET LOCAL enable_sort = off"))
        statements, plans = [], []
        connection = session.connection()
        asked = session.scalars

        def listen(statement, *rest, **more):
            statements.append(statement)
            return asked(statement, *rest, **more)

        session.scalars = listen
        page_of_total(session, entity, wanted, 1_000_000)
        explain = "EXPLAIN " if store.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
        for statement in statements:
            if statement.column_descriptions[0]["name"] in ("DealCard", "CustomerCard"):
                continue  # the cards of the ids found, by their key
            said = str(statement.compile(connection, compile_kwargs={"literal_binds": True}))
            rows = connection.exec_driver_sql(explain + said.replace("%", "%%")).all()
            plans.append((said, "\n".join(str(row[-1]) for row in rows)))
        return plans


def test_several_statuses_are_one_list_in_order(many):
    with many.session() as session:
        for number, card in enumerate(session.scalars(select(DealCard).order_by(DealCard.deal_id))):
            card.status = ("open", "won", "lost")[number % 3]
    several = {"status": ["open", "won", "lost"]}
    for sort in ("deal_id", "-deal_id", "probability", "-probability", "amount", "-created_at"):
        ids = [card.deal_id for page in pages(many, sort=sort, limit=7, equals=several) for card in page.cards]

        assert ids == [card.deal_id for card in pages(many, sort=sort, limit=100, equals=several)[0].cards]
        assert sorted(ids) == [f"D{n:02}" for n in range(30)]
        assert ids == [card.deal_id for card in pages(many, sort=sort, limit=100)[0].cards]


@pytest.mark.parametrize("few", [0, 1_000])
def test_few_and_many_are_found_in_different_ways_and_are_the_same(many, monkeypatch, few):
    monkeypatch.setattr(listing, "FEW", few)
    reps = frozenset({"ann"})

    for sort in ("-probability", "amount", "deal_id"):
        ids = [card.deal_id for page in pages(many, sort=sort, limit=4, reps=reps) for card in page.cards]
        whole = [card.deal_id for card in pages(many, sort=sort, limit=100)[0].cards]
        assert ids == [one for one in whole if int(one[1:]) % 2]


def test_customers_are_listed_by_what_is_at_risk_for_those_who_own_them(company, store):
    make_cards(store, company, NOW)
    row = {"scored_as_of": NOW, "probability": 0.2, "low": 0.1, "high": 0.3, "expected_orders": 1.0}
    with store.session() as session:
        rows = [{"_id": "C1", "value_at_risk": 10.0, **row}, {"_id": "C9", "value_at_risk": 90.0, **row}]
        write_some(session, CustomerCard, [{**one, "model_version": "1"} for one in rows], 0)
    with store.session() as session:
        page = page_of(session, "customer", wish(sort="-value_at_risk", active=True))
        of_bo = page_of(session, "customer", wish(sort="customer_id", reps=frozenset({"bo"})))
        session.expunge_all()

    assert [card.customer_id for card in page.cards] == ["C9", "C1"]
    assert [card.customer_id for card in of_bo.cards] == ["C1", "C2"]


def test_a_score_is_kept_for_the_day_where_it_moved_and_never_twice(company, store):
    make_cards(store, company, NOW)

    def scored(p: float, day: int, version: str = "1") -> int:
        row = {"_id": "D1", "scored_as_of": datetime(2026, 11, day), "probability": p, "low": 0.0, "high": 1.0}
        rest = {"close_on": date(2026, 12, 1), "expected_amount": 5.0, "model_version": version}
        with store.session() as session:
            return write_some(session, DealCard, [{**row, **rest}], 0)

    kept = [scored(0.3, 1), scored(0.302, 2), scored(0.31, 3), scored(0.31, 3), scored(0.31, 4, "2"), scored(0.9, 2)]

    assert kept == [1, 0, 1, 0, 1, 0]
    with store.session() as session:
        days = session.scalars(select(ScoreOfDay.as_of).order_by(ScoreOfDay.as_of)).all()
    assert [one.day for one in days] == [1, 3, 4]
