"""What is told of effects in order is what `training.reasons.explain` tells of them by name."""

import numpy as np
import pytest

from features.catalog import CATALOG
from training.reasons import explain
from training.rowwise import telling
from training.rowwise.telling import Teller
from training.wording.comparisons import Comparisons, Usual

KINDS = ("deal_", "rep_", "product")
NAMES = [*sorted(name for name in CATALOG if name.startswith(KINDS))[:60], "my_own", "other_own"]
FEATURES = {name: feature for name, feature in CATALOG.items() if name in NAMES}
KNOWN = Comparisons(
    share=0.3,
    numbers={name: Usual((1.0, 2.0, 3.0), (2.0, 4.0, 8.0)) for name in NAMES},
    ages={"deal_calls": {"0": Usual((0.0, 0.0, 1.0), (0.0, 1.0, 2.0)), "30": Usual((3.0, 4.0, 5.0), (1.0, 2.0, 3.0))}},
    stages={"deal_days_in_stage": {"Talks": Usual((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))}},
    shares={"deal_stage": {"Talks": 0.4}},
    groups={"other_own": "my_own"},
)


def row_of(random) -> dict:
    values = {name: float(np.round(random.normal() * 20, 1)) for name in NAMES if random.random() < 0.8}
    texts = {"deal_stage": str(random.choice(["Talks", "New"])), "deal_age_days": float(random.uniform(0, 300))}
    return {**values, **texts, "deal_source": "web", "my_own": None}


def effects_of(random) -> np.ndarray:
    found = random.normal(size=len(NAMES)) * 0.3
    found[random.random(len(NAMES)) < 0.3] = 0.0
    return found


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("most", [1, 5, 20, len(FEATURES), 500])
def test_it_tells_the_same_reasons(language, most):
    random = np.random.default_rng(most)
    teller = Teller(NAMES, FEATURES, KNOWN)
    for _ in range(30):
        row, effects = row_of(random), effects_of(random)
        expected = explain(dict(zip(NAMES, effects, strict=True)), row, FEATURES, 1.25, most, language, KNOWN)
        found = teller.tell(effects, row, 1.25, most, language)

        assert [(reason.feature, reason.value, reason.text) for reason in found] == [
            (reason.feature, reason.value, reason.text) for reason in expected
        ]
        assert [reason.effect for reason in found] == pytest.approx([r.effect for r in expected], rel=0, abs=1e-12)


def test_of_groups_that_move_alike_the_first_by_name_are_told():
    effects = np.zeros(len(NAMES))
    for name, effect in (("deal_amount", 0.5), ("my_own", 0.5), ("deal_calls", -0.5)):
        effects[NAMES.index(name)] = effect
    teller = Teller(NAMES, FEATURES, KNOWN)

    for most in (1, 2, 3):
        expected = explain(dict(zip(NAMES, effects, strict=True)), {}, FEATURES, 0.5, most, "en", KNOWN)
        assert teller.tell(effects, {}, 0.5, most, "en") == expected


def test_nothing_that_moves_is_nothing_told():
    assert Teller(NAMES, FEATURES).tell(np.zeros(len(NAMES)), {}, 0.0, 5, "en") == ()


def test_sentences_are_kept_up_to_a_number(monkeypatch):
    monkeypatch.setattr(telling, "MOST_KEPT", 7)
    teller, random = Teller(NAMES, FEATURES, KNOWN), np.random.default_rng(0)
    for _ in range(20):
        row, effects = row_of(random), effects_of(random)
        expected = explain(dict(zip(NAMES, effects, strict=True)), row, FEATURES, 0.0, 5, "en", KNOWN)
        assert [r.text for r in teller.tell(effects, row, 0.0, 5, "en")] == [r.text for r in expected]
        assert teller.kept <= 7
