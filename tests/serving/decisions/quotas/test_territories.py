from dataclasses import replace

import numpy as np
import pytest

from serving.decisions.quotas.question import BadQuestion
from serving.decisions.quotas.territories import divide, told, told_handover
from serving.decisions.quotas.territory_numbers import Customer, Territories

REGIONS = ["north", "middle", "south", "island"]
BORDERS = [("north", "middle"), ("middle", "south")]


def uneven(customers: int = 40, seed: int = 0) -> Territories:
    """Four sellers; the one in the north has far too much, the one in the south nearly nothing."""
    rng = np.random.default_rng(seed)
    owners = {"north": "ann", "middle": "bo", "south": "cy", "island": "di"}
    chance = [0.5, 0.2, 0.1, 0.2]
    found = []
    for at in range(customers):
        region = REGIONS[int(rng.choice(4, p=chance))]
        size = float(rng.lognormal(3, 0.5))
        found.append(Customer(f"c{at:03d}", region, size, size**0.5, owners[region]))
    return Territories(found, dict.fromkeys(owners.values(), 1.0), BORDERS, seconds=600.0)


def worst(side: dict[str, tuple[float, float]]) -> float:
    return max(abs(value - 1) for pair in side.values() for value in pair)


def test_balance_gets_better_territories_hang_together_and_the_gap_is_told() -> None:
    ask = uneven()
    found = divide(ask)
    regions = {one.id: one.region for one in ask.customers}
    near = {
        ("ann", "north"), ("ann", "middle"), ("bo", "north"), ("bo", "middle"), ("bo", "south"), ("cy", "south"),
        ("cy", "middle"), ("di", "island"),
    }  # fmt: skip

    assert worst(found.after) < 0.6 * worst(found.before)
    assert {(owner, regions[customer]) for customer, owner in found.owners.items()} <= near
    assert 0 <= found.gap <= 0.01
    assert found.in_time
    assert len(found.owners) == 40
    assert "change hands" in told(found, "en")
    assert "换人负责" in told(found, "zh")
    for one in found.handovers:
        assert one.customer in told_handover(one, found, "en")
        assert one.taker in told_handover(one, found, "zh")


def test_owners_stay_where_continuity_weighs_more_or_who_must_stay() -> None:
    ask = uneven()
    kept = divide(replace(ask, continuity=50.0))
    fixed = divide(replace(ask, customers=[replace(one, stays=True) for one in ask.customers]))

    assert kept.handovers == fixed.handovers == ()
    size = {one.id: one.potential for one in ask.customers}
    loose, usual = (
        sum(size[each.customer] for each in divide(replace(ask, continuity=weight)).handovers) for weight in (0.0, 0.3)
    )
    assert loose > usual > 0


def test_half_a_seller_gets_half() -> None:
    customers = [Customer(f"c{at:02d}", "here", 1.0, 1.0) for at in range(30)]
    found = divide(Territories(customers, {"a": 1.0, "b": 0.5}))
    counts = [list(found.owners.values()).count(one) for one in ("a", "b")]

    assert counts == [20, 10]


def test_nobody_is_without_an_owner_and_the_order_of_rows_changes_nothing() -> None:
    ask = uneven()
    loose = [replace(one, owner=None) if at % 5 == 0 else one for at, one in enumerate(ask.customers)]
    one = divide(replace(ask, customers=loose))
    two = divide(replace(ask, customers=loose[::-1], sellers=dict(reversed(ask.sellers.items()))))

    assert one.owners == two.owners
    assert set(one.owners.values()) <= set(ask.sellers)
    assert any("had no owner" in told_handover(each, one, "en") for each in one.handovers)


def test_a_small_split_is_the_best_there_is() -> None:
    from itertools import product

    from serving.decisions.quotas.territory_numbers import sums_of

    rng = np.random.default_rng(3)
    customers = [
        Customer(f"c{at}", "east" if at % 2 else "west", float(rng.integers(1, 9)), 1.0, "a" if at < 6 else "b")
        for at in range(8)
    ]
    ask = Territories(customers, {"a": 1.0, "b": 1.0}, [("east", "west")], seconds=600.0)
    sums = sums_of(ask)
    best = min(
        sums.score(np.array(who))
        for who in product((0, 1), repeat=8)
        if sums.may[range(8), who].all() and sums.hangs(np.array(who))
    )

    assert divide(ask).score == pytest.approx(best, rel=2e-3)


@pytest.mark.parametrize(
    "change",
    [
        {"customers": []},
        {"sellers": {}},
        {"sellers": {"ann": 0.0}},
        {"balance": -1.0},
        {"seconds": 0.0},
        {"customers": [Customer("c", "x", 1, 1), Customer("c", "x", 1, 1)]},
        {"customers": [Customer("c", "x", float("nan"), 1)]},
    ],
)
def test_a_question_without_sense_is_named(change: dict[str, object]) -> None:
    with pytest.raises(BadQuestion):
        divide(replace(uneven(), **change))  # type: ignore[arg-type]
