import numpy as np
import pytest

from training.rivals.odoo import Odoo
from training.rivals.odoo_table import OdooDeal, OdooTable


def at(stage, region, team=None):
    return {"deal_stage": stage, "team": team, "region": region}


def test_counts_each_deal_once_as_it_last_stood(deals):
    past = deals(
        ("a", 1, at("New", "north")),
        ("a", 1, at("Offer", "north")),
        ("b", 0, at("New", "north")),
        ("b", 0, at("Offer", "south")),
        ("c", 0, at("New", "south")),
    )
    rival = Odoo().fit(past)

    table = OdooTable(["", "New", "Offer"])
    table.count(OdooDeal("Offer", None, {"region": "north"}), won=True)
    table.count(OdooDeal("Offer", None, {"region": "south"}), won=False)
    table.count(OdooDeal("New", None, {"region": "south"}), won=False)
    assert rival.fields == ("region",)
    for stage in ("New", "Offer"):
        for region in ("north", "south"):
            expected = table.score(OdooDeal(stage, None, {"region": region}))
            assert rival.score(at(stage, region)) == pytest.approx(expected)


def test_stages_are_put_in_the_order_deals_went_through_them(deals):
    past = deals(
        ("a", 1, at("Zero", None)),
        ("a", 1, at("Middle", None)),
        ("a", 1, at("Alpha", None)),
        ("b", 0, at("Zero", None)),
        ("b", 0, at("Alpha", None)),
    )

    assert Odoo().fit(past).tables[""].stages == ("", "Zero", "Middle", "Alpha")
    order = {"": ["Alpha", "Middle", "Zero"]}
    assert Odoo(stage_order=order).fit(past).tables[""].stages == ("", "Alpha", "Middle", "Zero")


def test_fields_with_more_than_fifty_values_are_left_out(deals):
    past = deals(
        *((f"d{n}", float(n % 2), {"many": f"m{n}", "fifty": f"f{n % 50}", "size": float(n)}) for n in range(60))
    )

    assert Odoo().fit(past).fields == ("fifty",)
    assert Odoo(fields=["many"]).fit(past).fields == ("many",)


def test_a_history_without_stages_is_scored_by_its_fields(deals):
    past = deals(*((f"d{n}", float(n % 4 == 0), {"region": "north" if n % 2 else "south"}) for n in range(40)))
    rival = Odoo().fit(past)

    assert rival.score({"region": "south"}) > rival.rate > rival.score({"region": "north"})


def test_a_pipeline_of_no_closed_deals_gets_the_base_rate(past):
    rival = Odoo().fit(past)

    assert rival.score({"deal_pipeline": "brand new", "deal_stage": "New"}) == rival.rate


def test_positions_on_record_order_the_stages_and_may_be_unknown(deals):
    def placed(stage, place):
        return {"deal_stage": stage, "deal_stage_position": place, "region": None}

    known = deals(("a", 1, placed("Zero", 1.0)), ("b", 0, placed("Alpha", 2.0)), ("c", 0, placed("Zero", 1.0)))
    unknown = deals(("a", 1, placed("Zero", np.nan)), ("a", 1, placed("Alpha", np.nan)))

    assert Odoo().fit(known).tables[""].stages == ("", "Zero", "Alpha")
    assert Odoo().fit(unknown).tables[""].stages == ("", "Zero", "Alpha")
