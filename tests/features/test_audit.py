"""Planted leaks must be found, honest columns must not be accused, whatever their names are."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from features.audit import audit, suspects
from features.contracts import Known
from tests.features.audited import DAY, LATER, START, Company, Draw, Rows, against, only


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


def test_a_text_that_follows_the_outcome_is_left_out(company: Company) -> None:
    deals = Draw()
    words = np.where(
        deals.won, deals.chance.choice(["signed", "po in"], 1500), deals.chance.choice(["gone", "cold"], 1500)
    )
    history = company.add(deals=deals.rows(remark=words, colour=deals.chance.choice(["red", "blue"], 1500)))

    assert against(history) == {"remark": {"value-tells-outcome"}}
    assert list(suspects(history, LATER)) == ["attr_remark", "win_rate_above_by_remark"]


def test_an_amount_set_to_nothing_for_the_lost_is_left_out_with_every_feature_made_of_it(company: Company) -> None:
    deals = Draw()
    amount = np.where(deals.won, np.exp(deals.chance.normal(8, 1, 1500)).round(), 0)
    history = company.add({"amount": Known.AT_CREATION}, deals=deals.rows(amount=amount))

    assert "value-tells-outcome" in against(history)["amount"]
    assert {"deal_amount", "deal_amount_drift"} <= set(suspects(history, LATER))


def _guess_then_fact(deals: Draw, replaced: bool) -> list[float]:
    """Round guesses; where replaced, most won deals have the real figure instead, of the same size."""
    size = np.exp(deals.chance.normal(9, 1, deals.count))
    guess = np.array([float(f"{value:.0e}") for value in size])
    real = guess * deals.chance.uniform(0.9, 1.1, deals.count)
    fact = np.where(deals.chance.random(deals.count) < np.where(deals.won, 0.7, 0.2), real, guess)
    shuffled = np.where(deals.chance.random(deals.count) < 0.4, real, guess)
    return [round(float(value), 2) for value in (fact if replaced else shuffled)]


def test_guesses_replaced_by_real_figures_at_the_close_are_found(company: Company) -> None:
    deals = Draw(3000)
    history = company.add({"amount": Known.AT_CREATION}, deals=deals.rows(amount=_guess_then_fact(deals, True)))

    assert against(history) == {"amount": {"exact-value-tells"}}


def test_exact_and_round_amounts_that_tell_nothing_are_not_accused(company: Company) -> None:
    deals = Draw(3000)
    history = company.add({"amount": Known.AT_CREATION}, deals=deals.rows(amount=_guess_then_fact(deals, False)))

    assert not audit(history, LATER).findings


def test_size_that_decides_is_not_taken_for_exactness(company: Company) -> None:
    deals = Draw(4000, strength=2.0)
    amount = np.exp(9 + deals.score).round()
    small = amount < 8000
    amount[small] = (amount[small] / 500).round() * 500 + 500  # small ones round, and seldom won: all from the size
    history = company.add({"amount": Known.AT_CREATION}, deals=deals.rows(amount=amount))

    assert not against(history)


def test_a_value_only_closed_deals_have_is_found(company: Company) -> None:
    deals = Draw()
    filled = deals.hide_on_open(deals.chance.choice(["a", "b", "c"], 1500))
    history = company.add(deals=deals.rows(partner=filled))

    assert against(history) == {"partner": {"blank-on-open-only"}}


def test_a_column_that_new_deals_lack_because_it_was_given_up_is_not_accused(company: Company) -> None:
    deals = Draw()
    kept = [
        v if at < START + 650 * DAY else None
        for v, at in zip(deals.chance.choice(["a", "b"], 1500), deals.created, strict=True)
    ]
    history = company.add(deals=deals.rows(partner=kept))

    assert not against(history)


def test_a_reason_given_for_lost_deals_only_is_found(company: Company) -> None:
    deals = Draw()
    given = ~deals.won & (deals.chance.random(1500) < 0.5)
    why = np.where(given, deals.chance.choice(["price", "time"], 1500), None)
    history = company.add(deals=deals.rows(why=why))

    assert "blank-tells-outcome" in against(history)["why"]


def test_the_length_of_the_deal_is_found_in_days_and_as_a_date(company: Company) -> None:
    deals = Draw()
    worked = (deals.days * deals.chance.beta(2, 2, 1500)).round(1)
    signed = [f"{datetime.fromtimestamp(at / 1e6):%Y-%m-%d}" for at in deals.closed]
    history = company.add(deals=deals.rows(worked=worked, signed=signed, staff=deals.chance.poisson(30, 1500)))

    assert against(history) == {"worked": {"never-exceeds-own-length"}, "signed": {"tells-own-length"}}


@pytest.mark.parametrize(("noise", "accused"), [(0.35, set()), (0.02, {"expected_close_on"})])
def test_a_good_plan_of_the_close_is_honest_and_the_close_itself_is_not(
    company: Company, noise: float, accused: set[str]
) -> None:
    deals = Draw()
    planned = deals.created + deals.days * deals.chance.lognormal(0, noise, 1500) * DAY
    days = [datetime.fromtimestamp(at / 1e6).date() for at in planned]
    history = company.add({"expected_close_on": Known.AT_CREATION}, deals=deals.rows(expected_close_on=days))

    assert against(history).keys() == accused


def test_what_is_declared_current_is_told_and_not_left_out(company: Company) -> None:
    deals = Draw()
    history = company.add({"remark": Known.CURRENT}, deals=deals.rows(remark=np.where(deals.won, "yes", "no")))

    finding = only(history, "value-tells-outcome")

    assert finding.severity == "info"
    assert "if it were declared at_creation" in finding.consequence
    assert not suspects(history, LATER)


def test_strong_honest_columns_are_used(company: Company) -> None:
    deals = Draw(4000, strength=2.2)
    noisy = deals.score + deals.chance.normal(0, 0.5, 4000)
    history = company.add(
        {"amount": Known.AT_CREATION},
        deals=deals.rows(
            amount=np.exp(9 + noisy / 2).round(),
            grade=np.digitize(noisy, [-1, 0, 1]),
            fit=noisy.round(3),
            source=np.where(deals.chance.random(4000) < 1 / (1 + np.exp(-deals.score)), "partner", "web"),
            budget=np.where(deals.chance.random(4000) < 0.3, "yes", None),
        ),
    )

    assert not against(history)
    assert not suspects(history, LATER)


@pytest.mark.parametrize("seed", range(20))
def test_outcomes_that_nothing_tells_accuse_nothing(company: Company, seed: int) -> None:
    deals = Draw(400, seed)
    chance = deals.chance
    history = company.add(
        {"amount": Known.AT_CREATION},
        deals=deals.rows(
            amount=np.exp(chance.normal(8, 1, 400)).round(-1),
            kind=chance.choice(list("abcdefgh"), 400),
            note=np.where(chance.random(400) < 0.5, "x", None),
            hours=chance.poisson(5, 400),
        ),
    )

    assert not audit(history, LATER).findings


def test_texts_that_never_repeat_are_not_learned(company: Company) -> None:
    history = company.add(deals=Draw(200).rows(memo=[f"note {i}" for i in range(200)]))

    assert only(history, "free-text").severity == "info"
    assert list(suspects(history, LATER)) == ["attr_memo", "win_rate_above_by_memo"]


def test_a_row_that_holds_the_last_of_its_changes_was_not_known_at_creation(company: Company) -> None:
    deals = Draw(300)
    rows = deals.rows(amount=np.full(300, 900.0) + np.arange(300))
    changes: Rows = {
        "deal_id": rows["deal_id"],
        "field": ["amount"] * 300,
        "changed_at": (deals.created + DAY // 4).tolist(),
        "old_value": [str(500 + i) for i in range(300)],
        "new_value": [str(900.0 + i) for i in range(300)],
    }
    history = company.add({"amount": Known.AT_CREATION}, deals=rows, deal_changes=changes)

    assert against(history) == {"amount": {"row-has-last-value"}}


def test_values_rewritten_as_deals_close_are_found_between_two_exports(company: Company) -> None:
    deals = Draw(600, seed=1)
    rating = deals.chance.choice(["low", "high"], 600)
    half = START + 400 * DAY
    early = deals.created < half
    written = np.where(deals.closed < half, "done", rating)
    first = deals.rows(rating=written, city=deals.chance.choice(["x", "y"], 600))
    still = deals.closed >= half
    first["status"] = np.where(still, "open", first["status"]).tolist()
    first["closed_at"] = [None if s else c for s, c in zip(still, first["closed_at"], strict=True)]
    company.add(
        deals={c: [v for v, e in zip(vs, early, strict=True) if e] for c, vs in first.items()}, taken_at=_moment(half)
    )
    last = deals.rows(rating=np.where(deals.open, rating, "done"), city=first["city"])
    history = company.add(deals=last)

    assert against(history) == {"rating": {"rewritten-at-close"}}


def test_fields_that_imports_notice_are_not_accused_of_being_blank_on_deals_they_saw_closed(company: Company) -> None:
    deals = Draw(1200)
    history = company.add(deals=deals.rows(stage=deals.chance.choice(["talk", "offer"], 1200)))

    assert "deal_changes" in history.tables()
    assert not audit(history, LATER).findings


def test_what_is_imported_later_changes_nothing_said_of_an_earlier_moment(company: Company) -> None:
    deals = Draw(1500)
    rows = deals.rows(remark=np.where(deals.won, "yes", "no"), customer_id=[f"c{i % 90}" for i in range(1500)])
    history = company.add(deals=rows)
    then = datetime(2024, 6, 1)
    before = audit(history, then)
    more = Draw(500, seed=9)
    more.created += 600 * DAY
    more.closed += 600 * DAY
    added = more.rows(remark=["late"] * 500, other=["x"] * 500)
    added["deal_id"] = [f"n{i}" for i in range(500)]
    changes: Rows = {
        "deal_id": added["deal_id"],
        "field": ["amount"] * 500,
        "changed_at": more.created.tolist(),
        "new_value": ["5"] * 500,
    }
    history = company.add(deals=added, deal_changes=changes)
    after = audit(history, then)

    assert any(finding.severity == "error" for finding in before.findings)
    assert after.findings == before.findings
    assert after.tables == before.tables


def _moment(micros: int) -> datetime:
    return datetime.fromisoformat(str(np.datetime64(micros, "us")))
