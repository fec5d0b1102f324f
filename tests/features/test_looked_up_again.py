from features.as_of import parse_moment
from features.history import History
from features.looked_up_again import Touched
from features.plain_rows import moment


def at(day: str) -> int:
    return moment(parse_moment(day, "UTC"))


def test_what_rows_name_says_until_when_owners_were_told_of(story):
    story.customer("C", recorded="2024-02-01T00:00:00Z")
    story.import_now("2024-02-01")
    touched = Touched(History.existing(story.home), None)
    now = at("2024-03-20")
    touched.tell("activities", {"customer_id": "C", "rep_id": "R", "happened_at": at("2024-03-12")}, at("2024-03-10"))

    assert touched.after("customer", "C", at("2024-03-11"), now)
    assert touched.after("rep", "R", at("2024-03-12"), now)
    assert not touched.after("customer", "C", at("2024-03-13"), now)
    assert not touched.after("customer", "C", at("2024-03-11"), at("2024-03-11"))  # not late at all
    assert not touched.after("customer", "other", at("2024-03-11"), now)
    assert touched.after("customer", "other", at("2024-01-15"), now)  # the history may name anyone
