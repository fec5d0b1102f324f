from dataclasses import replace

import numpy as np
import pytest

from serving.decisions.quotas.fairness import fairness, rank_relation, ratchet, told
from serving.decisions.quotas.proposing import propose


def test_equal_chances_depend_on_nothing(small) -> None:
    found = fairness(propose(small(sellers=80, target=12_000_000, draws=1000)))

    assert found.fair
    assert found.spread < 0.002
    assert not found.ratchet.clear
    assert len(told(found, "en")) == len(told(found, "zh")) == 4


def test_quotas_by_last_results_are_a_ratchet_and_burden_the_successful(small) -> None:
    question = small(sellers=80, target=12_000_000, policy="proportional", draws=1000)
    found = fairness(propose(question))
    by_name = {one.what: one for one in found.relations}

    assert by_name["last_success"].clear
    assert by_name["last_success"].value < -0.3
    assert found.ratchet.clear
    assert found.ratchet.value > 0.1
    assert not found.fair
    assert any(line.startswith("Success is punished") for line in told(found, "en"))
    assert any("鞭打快牛" in line for line in told(found, "zh"))


def test_even_quotas_favour_the_large(small) -> None:
    found = fairness(propose(small(sellers=80, target=12_000_000, policy="even", draws=1000)))
    size = found.relations[0]

    assert size.what == "size"
    assert size.low > 0.9
    assert any(line.startswith("The more the size") for line in told(found, "en"))


def test_too_few_sellers_are_told_as_that(small) -> None:
    question = small(sellers=5)
    found = fairness(propose(replace(question, sellers=[replace(s, tenure_days=None) for s in question.sellers])))

    assert not any(one.known for one in found.relations)
    assert found.fair
    assert told(found, "zh")[1].startswith("人数太少")


def test_the_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    true = 6 / np.pi * np.arcsin(0.5 / 2)  # Spearman's value of a normal pair with correlation 0.5
    hits = 0
    for _ in range(400):
        x = rng.normal(size=60)
        y = 0.5 * x + np.sqrt(0.75) * rng.normal(size=60)
        found = rank_relation("size", x, y)
        hits += found.low <= true <= found.high

    assert hits / 400 == pytest.approx(0.95, abs=0.03)


def test_a_known_ratchet_is_found() -> None:
    rng = np.random.default_rng(0)
    expected, success = np.exp(rng.normal(0, 0.5, 300)), np.exp(rng.normal(0, 0.3, 300))
    quota = expected * success**0.4 * np.exp(rng.normal(0, 0.05, 300))
    found = ratchet(quota, expected, success)

    assert found.low < 0.4 < found.high
    assert found.high - found.low < 0.1
