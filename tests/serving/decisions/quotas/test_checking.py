from dataclasses import replace

import numpy as np
import pytest

from serving.decisions.quotas.checking import LETTERS, check, told
from serving.decisions.quotas.proposing import propose
from serving.decisions.quotas.question import BadQuestion


def test_a_sound_plan_passes_and_says_so_in_both_languages(small) -> None:
    smart = check(propose(small(target=1_800_000, draws=1000)))

    assert smart.passed == 1.0
    en, zh = told(smart, "s00", "en"), told(smart, "s00", "zh")
    assert tuple(en) == tuple(zh) == LETTERS
    assert en["specific"].startswith("s00 is to book CNY ")
    assert "2027Q1" in en["time_bound"]
    assert zh["attainable"].startswith("达成把握约")


@pytest.mark.parametrize(
    ("change", "letter", "said"),
    [
        ({"locked": 0}, "specific", "no amount"),
        ({"locked": 900_000}, "attainable", "would be made in"),
        ({"locked": 900_000}, "relevant", "out of proportion"),
        ({"present": 0.0}, "time_bound", "Not there"),
        ({"present": 0.0}, "measurable", "Hardly anything"),
    ],
)
def test_each_letter_can_fail(small, change: dict[str, float], letter: str, said: str) -> None:
    question = small(target=2_800_000, draws=1000)
    people = [replace(s, **change) if s.id == "s00" else s for s in question.sellers]
    smart = check(propose(replace(question, sellers=people)))

    assert not smart.good[0, LETTERS.index(letter)]  # type: ignore[arg-type]
    assert said in told(smart, "s00", "en")[letter]  # type: ignore[index]


def test_the_number_offered_instead_has_the_chance_it_says(small) -> None:
    question = small(target=2_800_000, draws=1000)
    people = [replace(s, locked=900_000) if s.id == "s00" else s for s in question.sellers]
    plan = propose(replace(question, sellers=people))
    text = told(check(plan), "s00", "en")["attainable"]
    fit = float(text.split("CNY ")[1].split(" ")[0].replace(",", ""))

    assert text.endswith("would be made in 60.")
    assert np.mean(plan.outlook.draws[0] >= fit * 100) == pytest.approx(0.6, abs=0.01)


def test_a_team_is_no_seller(small) -> None:
    with pytest.raises(BadQuestion):
        told(check(propose(small())), "east", "en")
