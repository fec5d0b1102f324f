import pytest

from features.streams import STREAMS, open_streams
from features.whole_contract import columns_of, fits, kind_of, tables_of


def test_every_stream_is_known_with_its_tables():
    for stream in STREAMS:
        assert tables_of(stream)
        assert (
            fits(stream, "deal", "deal")
            or fits(stream, "customer", "deal")
            or fits(stream, "everyone", "deal")
            or (stream in ("products", "reps"))
        )
    assert columns_of("nonsense") == {}


def test_a_history_has_no_column_that_is_not_known(story):
    story.deal("a", customer="c", amount=5, rep="r").activity(
        on="2024-01-02", customer="c", contact="x", direction="inbound"
    )
    story.order("c", on="2024-01-02", product="p", rep="r").ticket("c", on="2024-01-02", kind="complaint")
    story.contract("c", on="2024-01-02", ends_on="2025-01-02", recurring_amount=1)
    story.customer("c", industry="steel").product("p", list_price=1).rep("r", hired_on="2020-01-01")
    streams = open_streams(story.history)

    for stream in streams.streams:
        assert streams.columns(stream).items() <= columns_of(stream).items()


@pytest.mark.parametrize(
    ("stream", "column", "kind"),
    [
        ("orders", "amount", "number"),
        ("orders", "kind", "category"),
        ("subscriptions", "ends_on", "moment"),
        ("activities", "with_decision_maker", "number"),
        ("activities", "reply_days", "number"),
        ("deals", "attr_seats", "category"),
        ("deals", "attr_seats:number", "number"),
        ("orders", "attr_seats", None),
        ("orders", "colour", None),
        ("nonsense", "amount", None),
    ],
)
def test_columns_have_their_kind(stream, column, kind):
    assert kind_of(stream, column) == kind


@pytest.mark.parametrize(
    ("stream", "of", "entity", "does"),
    [
        ("orders", "customer", "customer", True),
        ("orders", "deal", "customer", False),
        ("orders", "deal", "deal", False),
        ("outcomes", "rep&segment", "deal", True),
        ("outcomes", "rep&segment&product", "deal", False),
        ("outcomes", "attr_region", "deal", True),
        ("outcomes", "attr_region", "customer", False),
        ("stage_stays", "stage", "deal", True),
        ("stage_stays", "stage", "customer", False),
        ("activities", "moon", "deal", False),
    ],
)
def test_whose_events_a_stream_tells(stream, of, entity, does):
    assert fits(stream, of, entity) is does
