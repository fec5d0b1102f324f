import numpy as np
import pyarrow.compute as pc

from simulation.company import CompanySettings
from simulation.customers import meet
from simulation.orders import NEVER, habits


def test_the_orders_of_a_won_deal_add_up_to_its_amount(clean):
    orders = clean["orders"].filter(pc.is_valid(clean["orders"]["deal_id"]))
    per_deal = orders.group_by("deal_id").aggregate([("amount", "sum")])
    deals = clean["deals"].select(["deal_id", "amount", "status"])
    both = per_deal.join(deals, "deal_id")

    assert len(both) > 1000
    assert set(both["status"].to_pylist()) == {"won"}
    assert both["amount_sum"].to_pylist() == both["amount"].to_pylist()


def test_lines_of_an_order_share_a_group_and_returns_are_negative(clean):
    orders = clean["orders"]
    returned = orders.filter(pc.less(orders["quantity"], 0))

    assert len(orders.group_by("group_id").aggregate([])) < len(orders)
    assert len(returned) > 20
    assert pc.max(returned["amount"]).as_py() < 0


def test_habits_end_in_silence_and_complaints_hasten_it():
    settings = CompanySettings(customers=3000)
    some = meet(settings, np.arange(1500))
    nobody = np.full(1500, NEVER)
    calm = np.zeros((1500, settings.days), dtype=bool)
    upset = calm.copy()
    upset[:, ::30] = True
    content, angry = (habits(settings, some, nobody, complaints) for complaints in (calm, upset))
    left, left_angry = ((habit.ends < NEVER).mean() for habit in (content, angry))
    day = np.arange(settings.days)

    assert 0.05 < left < left_angry / 1.5
    assert not angry.bought[day >= angry.ends[:, None]].any()
    assert not content.bought[content.begins == NEVER].any()


def test_a_first_win_can_start_a_habit():
    settings = CompanySettings(customers=3000)
    newcomers = meet(settings, np.arange(2000, 2600))
    calm = np.zeros((600, settings.days), dtype=bool)
    habit = habits(settings, newcomers, np.full(600, 100), calm)

    assert 0.4 < (habit.begins == 120).mean() < 0.8
    assert not habit.bought[:, :120].any()
