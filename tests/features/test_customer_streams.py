"""What happens with customers, as streams tell it: purchases, returns, tickets, contracts, people."""

from features.definition import Feature
from features.verbs import Count, DaysSince, DaysUntil, Latest, Mean, Share, Sum


def of_customer(name: str, verb) -> Feature:
    return Feature(name, "", "", verb)


PURCHASES = of_customer("purchases", Count("purchases", of="customer"))
GAP = of_customer("gap", Mean("purchases", "gap_days", of="customer"))


def test_the_lines_of_one_order_are_one_purchase(story):
    story.deal("d", customer="c")
    for on, group in (("2024-01-10", "g1"), ("2024-01-10", "g1"), ("2024-01-20", "g2"), ("2024-02-09", None)):
        story.order("c", on=on, group_id=group)

    assert story.value(PURCHASES, "d", as_of="2024-03-01") == 3
    assert story.value(GAP, "d", as_of="2024-03-01") == 15
    assert story.value(GAP, "d", as_of="2024-01-15") is None


def test_a_return_is_no_purchase_and_has_a_kind(story):
    story.deal("d", customer="c")
    story.order("c", on="2024-01-10", quantity=3).order("c", on="2024-01-12", quantity=-1, amount=-30)
    returns = of_customer("returns", Share("orders", (("kind", "return"),), of="customer"))

    assert story.value(PURCHASES, "d", as_of="2024-03-01") == 1
    assert story.value(returns, "d", as_of="2024-03-01") == 0.5


def test_a_purchase_stands_while_one_of_its_lines_does(story):
    story.deal("d", customer="c")
    story.order("c", on="2024-01-10", group_id="g", order_id="o1").order(
        "c", on="2024-01-10", group_id="g", order_id="o2"
    )
    story.import_now("2024-02-01")
    story.row("orders", order_id="o1", deleted_at="2024-02-10").import_now("2024-02-15")
    story.row("orders", order_id="o2", deleted_at="2024-03-10").import_now("2024-03-15")

    days = ("2024-02-01", "2024-02-20", "2024-03-20")
    assert [story.value(PURCHASES, "d", as_of=day) for day in days] == [1, 1, 0]


def test_a_ticket_that_was_closed_is_known_to_be_from_then(story):
    story.deal("d", customer="c").story.ticket("c", on="2024-01-10", kind="complaint", closed_at="2024-01-14")
    closed = of_customer("closed", Count("resolutions", where=(("kind", "complaint"),), of="customer"))
    took = of_customer("took", Mean("resolutions", "days", of="customer"))

    assert [story.value(closed, "d", as_of=day) for day in ("2024-01-14", "2024-01-15")] == [0, 1]
    assert story.value(took, "d", as_of="2024-02-01") == 4


def test_contracts_begin_are_cancelled_and_end(story):
    story.deal("d", customer="c")
    terms = {"customer": "c", "recurring_amount": 100, "interval_months": 12}
    story.row("subscriptions", subscription_id="s1", started_on="2024-01-05", cancelled_on="2024-03-01", **terms)
    story.row("subscriptions", subscription_id="s2", started_on="2024-01-20", ends_on="2024-06-01", **terms)

    def told(stream: str) -> list[object]:
        feature = of_customer(stream, Count(stream, of="customer"))
        return [
            story.value(feature, "d", as_of=day) for day in ("2024-01-10", "2024-03-01", "2024-03-02", "2024-07-01")
        ]

    assert told("subscriptions") == [1, 2, 2, 2]
    assert told("cancellations") == [0, 0, 1, 1]
    assert told("endings") == [0, 0, 1, 2]
    ends = of_customer("ends", DaysUntil("subscriptions", "ends_on", of="customer"))
    assert story.value(ends, "d", as_of="2024-05-01") == 31
    assert (
        story.value(of_customer("sum", Sum("subscriptions", "recurring_amount", of="customer")), "d", "2024-05-01")
        == 200
    )


def test_a_meeting_with_a_decision_maker_is_one_once_it_is_known_who_they_are(story):
    story.contact("boss", "c", created="2024-01-01", is_decision_maker=True).contact(
        "clerk", "c", is_decision_maker=False
    )
    deal = story.deal("d").activity(on="2024-01-10", contact="boss").activity(on="2024-01-11", contact="clerk")
    deal.activity(on="2024-01-12", contact="stranger")
    met = of_customer("met", Sum("activities", "with_decision_maker"))

    assert story.value(met, "d", as_of="2024-02-01") == 1
    assert story.value(met, "d", as_of="2024-01-10") == 0


def test_replies_are_measured_from_the_activity_known_before(story):
    deal = (
        story.deal("d").activity(on="2024-01-10", direction="outbound").activity(on="2024-01-12", direction="inbound")
    )
    deal.activity(on="2024-01-13", direction="inbound").activity(on="2024-01-17", direction="outbound")
    reply = of_customer("reply", Mean("activities", "reply_days"))
    answer = of_customer("answer", Mean("activities", "answer_days"))

    assert story.value(reply, "d", as_of="2024-02-01") == 2
    assert story.value(answer, "d", as_of="2024-02-01") == 4
    assert story.value(answer, "d", as_of="2024-01-17") is None


def test_hours_and_weekends_are_local(story):
    story.deal("d").activity(on="2024-01-12T23:30:00Z")  # Saturday, half past seven in Shanghai

    assert story.value(of_customer("hour", Latest("activities", "hour")), "d", as_of="2024-02-01") == 7
    assert story.value(of_customer("weekend", Latest("activities", "weekend")), "d", as_of="2024-02-01") == 1


def test_a_deleted_contact_and_activity_count_no_more(story):
    story.contact("x", "c").contact("y", "c").deal("d", customer="c").activity(on="2024-01-10", activity_id="a1")
    story.import_now("2024-02-01")
    story.row("contacts", contact_id="x", deleted_at="2024-02-10").row(
        "activities", activity_id="a1", deleted_at="2024-02-10"
    )
    story.import_now("2024-02-15")
    people = of_customer("people", Count("contacts", of="customer"))
    silent = of_customer("silent", DaysSince("activities"))

    assert [story.value(people, "d", as_of=day) for day in ("2024-02-12", "2024-02-16")] == [2, 1]
    assert [story.value(silent, "d", as_of=day) for day in ("2024-02-12", "2024-02-16")] == [33, None]


def test_a_list_price_is_in_the_base_currency_at_the_rate_known_with_it(story):
    story.rate("USD", on="2024-01-01", rate=7).deal("d", product="p").story.deal("e", product="q")
    story.product("p", list_price=100, currency="USD", recorded="2024-01-02")
    story.product("q", list_price=100, currency="EUR", recorded="2024-01-02")
    price = of_customer("price", Latest("products", "list_price", of="product"))

    assert story.value(price, "d", as_of="2024-02-01") == 700
    assert story.value(price, "e", as_of="2024-02-01") is None


def test_of_several_undated_rows_of_one_key_the_last_of_the_file_stands(story):
    story.deal("d", product="p")
    story.product("p", family="first").product("p", family="second").product("p", family="third")
    family = of_customer("family", Latest("products", "family", of="product"))

    assert story.value(family, "d", as_of="2024-02-01") == "third"
