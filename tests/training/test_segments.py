import numpy as np
import pytest

from training.horizon_scores import Asked
from training.segment_words import NONE, OTHER
from training.segments import FEWEST_DEALS, for_whom, segments_of

INF = float("inf")


def made(seed, groups=20, deals=3000, rows=2, off=None, shift=0.0, rival_knows=False):
    """Deals of like groups; `off` is a group whose probabilities are shifted, or where only the rival sees clearly."""
    random = np.random.default_rng(seed)
    group = random.integers(0, groups, deals)
    p = random.beta(2, 3, deals)
    won = (random.random(deals) < p).astype(float)
    ours, rival = p.copy(), np.clip(p * 0.97, 0.001, 0.999)
    if off is not None:
        odds = np.log(p / (1 - p)) + shift
        there = group == off
        ours = np.where(there, 1 / (1 + np.exp(-odds)) if shift else p.mean(), p)
    deal = np.repeat(np.arange(deals), rows)
    labels = np.array([f"g{one}" for one in group], object)[deal]
    said = {"ours": ours[deal], "rival": rival[deal]}
    return Asked(INF, won[deal], np.ones(len(deal)), deal.astype(str), said, {"team": labels})


def test_right_probabilities_are_seldom_called_worse_for_anybody():
    """40 tests a time, 2 rows a deal: without Holm nearly every run, and by rows half of them, would list somebody."""
    listed = [bool(for_whom([made(seed, deals=2000)], "ours", None)) for seed in range(60)]

    assert np.mean(listed) <= 0.12


def test_a_group_off_what_came_is_named_and_only_that():
    found = for_whom([made(1, off=3, shift=1.2)], "ours", "rival")

    assert {(one.segment, one.label) for one in found} == {("team", "g3")}
    first = next(one for one in found if one.kind == "miscalibrated")
    assert "too high" in first.says
    assert "偏高" in first.says_zh
    assert 0 <= first.p <= 0.05


def test_a_group_where_the_rival_is_better_is_named():
    found = for_whom([made(2, groups=5, off=3)], "ours", "rival", {"team": ("Team", "团队")})

    beaten = [one for one in found if one.kind == "beaten"]
    assert [one.label for one in beaten] == ["g3"]
    assert beaten[0].says.startswith("Team = g3: rival is better, log loss 0.")
    assert beaten[0].says_zh.startswith("团队 = g3")


def test_several_questions_about_the_same_deals_are_no_new_evidence():
    one = made(1, off=3, shift=0.5)
    once, thrice = for_whom([one], "ours", None), for_whom([one] * 3, "ours", None)

    assert [f.p for f in once] == pytest.approx([f.p for f in thrice])


def test_small_groups_and_groups_of_one_outcome_are_not_tested():
    few = FEWEST_DEALS - 1
    small = Asked(
        INF, np.tile([1.0, 0.0], few)[:few], np.ones(few), np.arange(few).astype(str), {"ours": np.full(few, 0.001)},
        {"team": np.full(few, "a", object)},
    )  # fmt: skip
    all_won = Asked(INF, np.ones(500), np.ones(500), np.arange(500).astype(str), {"ours": np.full(500, 0.2)},
                    {"team": np.full(500, "a", object)})  # fmt: skip

    assert for_whom([small], "ours", None) == ()
    assert for_whom([all_won], "ours", None) == ()


def test_groups_of_rows(invented):
    def columns(random, deal):
        per_deal = random.choice(["a", "b", "c"], deal.max() + 1, p=[0.6, 0.39, 0.01]).astype(object)
        mostly_rare = np.array([f"r{one}" for one in range(deal.max() + 1)], object)
        with_gaps = np.where(random.random(deal.max() + 1) < 0.5, None, "x")
        return {
            "team": per_deal[deal],
            "rep": mostly_rare[deal],
            "source": with_gaps[deal],
            "deal_amount": np.exp(random.normal(8, 1, deal.max() + 1))[deal],
        }

    dataset = invented(600, 1, extra=columns).dataset
    found = segments_of(dataset)

    assert set(found) == {"age", "deal_amount", "deal_stage", "team", "source"}
    assert set(found["team"]) == {"a", "b", OTHER}
    assert set(found["source"]) == {"x", NONE}
    shares = [np.mean(found["deal_amount"] == label) for label in set(found["deal_amount"])]
    assert shares == pytest.approx([0.25] * 4, abs=0.02)
    assert all(len(labels) == len(dataset) for labels in found.values())
    both = segments_of(dataset, dataset)
    assert len(both["age"]) == 2 * len(dataset)
