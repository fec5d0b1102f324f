from features.contracts import Known
from features.untold_changes import changes_noticed, untold_fields

BEFORE = {"deal_id": "D", "status": "open", "stage": "New", "amount": 1_000_000, "rep_id": "R1"}
FIELDS = {"stage", "amount", "expected_close_on"}


def noticed(row: dict[str, object], before=BEFORE, since: int = 5, at: int = 7) -> list[tuple[object, ...]]:
    found = changes_noticed(before, since, {"deal_id": "D", **row}, at, FIELDS)
    return [(one["field"], one["old_value"], one["new_value"], one["changed_at"]) for one in found]


def test_a_row_shows_what_changed_in_fields_that_nobody_tells():
    assert noticed({"status": "open", "stage": "Talks", "amount": 2_500_000, "rep_id": "R2"}) == [
        ("stage", "New", "Talks", 7),
        ("amount", "100.0000", "250.0000", 7),
    ]


def test_a_new_deal_shows_its_first_values_while_it_is_open():
    row = {"status": "open", "stage": "New", "expected_close_on": 19_000}
    assert noticed(row, before=None) == [("stage", None, "New", 7), ("expected_close_on", None, "2022-01-08", 7)]
    assert noticed({**row, "status": "won"}, before=None) == []


def test_what_comes_late_is_left_out_or_is_emptied_shows_nothing():
    assert noticed({"stage": "Talks"}, at=4) == []
    assert noticed({"status": "open"}) == []
    assert noticed({"stage": None}) == []


def test_fields_are_untold_where_neither_a_mapping_nor_the_source_speaks_of_them(story):
    story.declares("deals", forecast_category=Known.AT_CREATION)
    story.deal("D", stage="New", amount=5)
    assert untold_fields(story.history) == {"stage", "expected_close_on", "rep_id"}
