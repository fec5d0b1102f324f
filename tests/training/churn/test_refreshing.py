from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from features.as_of import micros
from features.history import History
from training.churn.bundle import ChurnBundle, Note
from training.churn.dataset import churn_data
from training.churn.estimate import PerHorizon
from training.churn.plain_estimates import MomentRate
from training.churn.predict import predict_churn
from training.churn.recipe import trained_on
from training.churn.refreshing import brought_up_to_date
from training.churn.trial import OURS, estimates, foretell

START = datetime(2024, 1, 1)
CUT = START + timedelta(days=400)
LATER = CUT + timedelta(days=45)


def leaving(hurry: float, seed: int = 3, all_on: int | None = None) -> list[dict[str, object]]:
    """Monthly contracts, few of which end before the cut; after it, they end `hurry` times as often.

    On day `all_on` whoever is left goes.
    """
    random = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []
    for number in range(160):
        begun, left = int(random.integers(-200, 250)), None
        luck = random.random(700)
        for day in range(max(begun, 0) + 1, 460):
            if luck[day] < (1 / 500 if number % 2 else 1 / 1500) * (hurry if day >= 400 else 1) or day == all_on:
                left = day
                break
        rows.append(
            {
                "subscription_id": f"s{number}",
                "customer_id": f"h{number:03d}",
                "started_on": date(2024, 1, 1) + timedelta(days=begun),
                "cancelled_on": None if left is None else date(2024, 1, 1) + timedelta(days=left),
                "recurring_amount": Decimal("20.0000") if number % 2 else Decimal("90.0000"),
                "interval_months": 1,
            }
        )
    return rows


@pytest.fixture(scope="module")
def of_contracts(told: Callable[..., History], tmp_path_factory) -> Callable[..., History]:
    """Histories of contracts."""

    def make(**how: float) -> History:
        folder = tmp_path_factory.mktemp("contracts")
        return told(folder / "home", folder / "files", START + timedelta(days=470), subscriptions=leaving(**how))

    return make


@pytest.fixture(scope="module")
def hurried(of_contracts) -> History:
    return of_contracts(hurry=12.0)


@pytest.fixture(scope="module")
def trained(hurried) -> ChurnBundle:
    """A model of contracts as of the cut, with our estimate."""
    return with_ours(trained_on(churn_data(hurried, CUT), 1), CUT)


def with_ours(candidate, until: datetime) -> ChurnBundle:
    """The candidate's bundle with our estimate in it, fitted on what was known at a moment, whatever was chosen."""
    served = {}
    for kind, one in candidate.judged.items():
        seen = one.base.known(micros(until))
        horizons = tuple(days for days in one.base.horizons if days <= 30)
        ours = estimates(kind)[OURS]().fit(seen, one.base.market.until(micros(until)), horizons)
        served[kind] = candidate.bundle.served[kind].with_estimate(ours)
    return replace(candidate.bundle, until=until, served=served)


def mean_chance(history: History, bundle: ChurnBundle, as_of: datetime) -> float:
    return float(np.mean(predict_churn(history, bundle, as_of, [30.0]).table["p_churn_by_30d"].to_pylist()))


def test_outcomes_of_contracts_known_by_a_later_moment_move_its_chances(hurried, trained):
    """Many left after the training: a model that is not brought up to date goes on saying that few do."""
    asleep = replace(trained, until=LATER)

    assert mean_chance(hurried, trained, LATER) > 2 * mean_chance(hurried, asleep, LATER)
    assert brought_up_to_date(hurried, trained, LATER).notes == ()


def test_what_is_recorded_from_the_moment_on_changes_nothing(hurried, trained, of_contracts):
    other = of_contracts(hurry=12.0, all_on=(LATER - START).days)

    assert predict_churn(other, trained, LATER, [30.0]).table == predict_churn(hurried, trained, LATER, [30.0]).table
    after = LATER + timedelta(days=3)
    assert predict_churn(other, trained, after, [30.0]).table.num_rows == 0


@pytest.mark.parametrize("kind", ["buyers", "holders"])
def test_what_is_served_later_is_what_was_judged(kind, request, until):
    """Level and season as the trial refreshes them at a look, and as serving does at the same moment."""
    history, candidate = request.getfixturevalue(kind), request.getfixturevalue(f"{kind}_candidate")
    cut = until - timedelta(days=140)
    bundle, base = with_ours(candidate, cut), candidate.main.base
    estimate = bundle.served[base.kind].estimate
    judged = estimate.refreshed(base.known(micros(until)), base.market)
    served = brought_up_to_date(history, bundle, until).served[base.kind].estimate

    assert len(served.level.seen.shift) > len(estimate.level.seen.shift)
    assert served.level.seen.end.tolist() == judged.level.seen.end.tolist()
    assert served.level.seen.shift == pytest.approx(judged.level.seen.shift, abs=1e-9)
    table = predict_churn(history, bundle, until, [30.0]).table
    look = base.rows(base.at == micros(until))
    said, unsure = foretell(estimate, replace(base, at=base.at), look, micros(cut), (30.0,))
    assert table["customer_id"].to_pylist() == look.subject.tolist()
    assert table["p_churn_by_30d"].to_pylist() == pytest.approx(said[:, 0].tolist(), abs=1e-9)
    assert served.unsure(micros(until), 30.0) == pytest.approx(unsure[0, 0], abs=1e-9)


def test_at_its_own_moment_a_model_stays_as_it_is(hurried, trained):
    found = brought_up_to_date(hurried, trained, CUT)

    assert found.to_json() == trained.to_json()
    assert found.notes == ()


def test_a_level_that_does_not_follow_is_said_to_be_old(hurried, trained):
    base_rate = PerHorizon("base_rate", MomentRate)
    base_rate.rivals = {30.0: MomentRate.from_json({"name": "base_rate", "rate": 0.1, "deals": 50})}
    fixed = replace(trained, served={"contract": trained.served["contract"].with_estimate(base_rate)})
    soon, late = (brought_up_to_date(hurried, fixed, CUT + timedelta(days=days)) for days in (20, 45))

    assert soon.notes == ()
    assert len(late.notes) == 1
    assert "the level is that of 2025-02-04: base_rate learns nothing between trainings" in late.notes[0].en
    assert "2025-02-04" in late.notes[0].zh
    found = predict_churn(hurried, fixed, LATER, [30.0])
    assert found.notes == (late.notes[0].en,)


def test_without_outcomes_known_since_the_level_is_said_to_be_old(buyers_candidate, buyers, until):
    bundle = with_ours(buyers_candidate, until)
    found = predict_churn(buyers, bundle, until + timedelta(days=900), [30.0], "zh")

    assert found.table.num_rows == 0
    assert [note for note in found.notes if "此后没有新的结果" in note]


def test_who_scores_one_row_is_told_too(hurried, trained):
    late = replace(trained, notes=(Note("old", "旧"), Note("older", "更旧")))
    values = {"customer_contracts_running": np.array([1.0])}

    assert late.score(values, [30.0], most_reasons=0)[0].note == "old; older"
    assert late.score(values, [30.0], "zh", 0)[0].note == "旧; 更旧"
    assert trained.score(values, [30.0], most_reasons=0)[0].note is None
