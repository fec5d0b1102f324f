import math
from datetime import datetime

import pyarrow as pa
import pytest

from serving.score_log.outcomes import judge
from serving.score_log.parts import COLUMNS, schema

END = datetime(2026, 12, 1)


def row(subject, as_of, p, chances=(), horizons=(30.0,), model="win", kind=None, **more):
    filled = dict.fromkeys(COLUMNS) | {
        "scored_at": as_of,
        "as_of": as_of,
        "model": model,
        "version": "7",
        "role": "champion",
        "kind": kind,
        "form": "known",
        "subject": subject,
        "probability": p,
        "horizons": list(horizons),
        "chances": list(chances or [p / 2]),
    }
    return filled | more


def table(*rows):
    return pa.Table.from_pylist(list(rows), schema())


@pytest.fixture
def history(story):
    """W was won on 10 October, L lost on the 20th, O is open; B bought on the 5th, C left on the 3rd."""
    story.deal("W", created_at="2026-09-01").closes("won", on="2026-10-10", recorded="2026-10-10")
    story.deal("L", created_at="2026-09-01").closes("lost", on="2026-10-20", recorded="2026-10-20")
    story.deal("O", created_at="2026-09-01")
    story.order("B", "2026-09-01").order("B", "2026-10-05").order("S", "2026-09-01")
    story.contract("C", "2026-01-01", cancelled_on="2026-10-03", ends_on="2026-12-31")
    story.contract("D", "2026-01-01", ends_on="2027-12-31")
    return story.history


def found(history, *rows, as_of=END):
    return {(one.version, one.role, one.kind, one.horizon): one for one in judge(history, table(*rows), as_of)}


def test_chances_are_held_against_what_happened_within_their_days(history):
    october = datetime(2026, 10, 1)
    judged = found(history, row("W", october, 0.8), row("L", october, 0.4), row("O", october, 0.2))

    ever = judged["7", "champion", None, "ever"]
    assert (ever.scores, ever.came, ever.said) == (2, 0.5, pytest.approx(0.6))
    assert ever.log_loss == pytest.approx(-(math.log(0.8) + math.log(0.6)) / 2)
    assert ever.brier == pytest.approx((0.04 + 0.16) / 2)
    assert ever.log_loss_of_share == pytest.approx(math.log(2))
    within = judged["7", "champion", None, "30"]
    assert (within.scores, within.came, within.said) == (3, pytest.approx(1 / 3), pytest.approx(1.4 / 6))
    assert [(band.scores, band.came) for band in within.bands] == [(1, 0), (1, 0), (1, 1)]


def test_only_what_was_on_record_by_the_day_counts(history):
    october = datetime(2026, 10, 1)
    rows = [row("W", october, 0.8), row("L", october, 0.4)]

    assert found(history, *rows, as_of=datetime(2026, 10, 9)) == {}
    judged = found(history, *rows, as_of=datetime(2026, 10, 15))
    assert {name[-1]: one.scores for name, one in judged.items()} == {"ever": 1}
    assert judged["7", "champion", None, "ever"].came == 1


def test_a_score_made_when_the_outcome_was_on_record_is_none(history):
    assert found(history, row("W", datetime(2026, 10, 12), 0.9)) == {}


def test_the_last_score_of_a_day_counts_and_what_ifs_do_not(history):
    morning, evening = datetime(2026, 10, 1, 2), datetime(2026, 10, 1, 9)
    judged = found(
        history, row("W", morning, 0.3), row("W", evening, 0.7), row("W", evening, 0.99, form="what_if", place=2)
    )

    assert judged["7", "champion", None, "ever"].scores == 1
    assert judged["7", "champion", None, "ever"].said == 0.7


def test_versions_and_shadows_are_judged_apart(history):
    october = datetime(2026, 10, 1)
    judged = found(history, row("W", october, 0.8), row("W", october, 0.6, version="8", role="shadow"))

    assert judged["8", "shadow", None, "ever"].said == 0.6


def test_churn_is_no_order_within_the_days_or_the_end_of_the_contract(history):
    october = datetime(2026, 10, 1)
    judged = found(
        history,
        row("B", october, 0.5, [0.5], model="churn", kind="orders"),
        row("S", october, 0.6, [0.6], model="churn", kind="orders"),
        row("C", october, 0.7, [0.7], model="churn", kind="contract"),
        row("D", october, 0.1, [0.1], model="churn", kind="contract"),
    )

    assert (judged["7", "champion", "orders", "30"].scores, judged["7", "champion", "orders", "30"].came) == (2, 0.5)
    assert judged["7", "champion", "contract", "30"].came == 0.5
    assert [band.came for band in judged["7", "champion", "contract", "30"].bands] == [0, 1]


def test_days_that_have_not_passed_are_not_judged(history):
    november = datetime(2026, 11, 15)

    assert found(history, row("O", november, 0.2), row("S", november, 0.6, [0.6], model="churn", kind="orders")) == {}


@pytest.mark.parametrize("form", ["features", "described", "what_if"])
def test_only_scores_by_id_are_judged(history, form):
    """A caller may send any id with features or a record of his own: they are no forecast of that deal."""
    october = datetime(2026, 10, 1)

    assert found(history, row("W", october, 0.01, form=form), row("L", october, 0.99, form=form)) == {}
    judged = found(history, row("W", october, 0.8), row("W", datetime(2026, 10, 1, 9), 0.01, form=form))
    assert judged["7", "champion", None, "ever"].said == 0.8


def test_ids_that_are_not_on_record_or_were_not_yet_are_not_judged(history):
    october, july = datetime(2026, 10, 1), datetime(2026, 7, 1)
    churn = {"model": "churn", "kind": "orders"}

    assert found(history, row("nobody", october, 0.2), row("W", july, 0.2), row("X", october, 0.9, **churn)) == {}


def test_a_look_back_made_when_the_outcome_could_be_known_is_no_forecast(history):
    assert found(history, row("W", datetime(2026, 10, 1), 0.99, scored_at=datetime(2026, 10, 20))) == {}


def test_days_count_once_what_happened_in_them_is_usually_on_record(story):
    """Closings are recorded ten days late: within them, a deal may be won and nobody knows."""
    story.deal("W", created_at="2026-09-01").closes("won", on="2026-10-20", recorded="2026-10-30")
    story.deal("V", created_at="2026-09-01").closes("won", on="2026-10-30", recorded="2026-11-09")
    october = datetime(2026, 10, 1)
    rows = [row("W", october, 0.8), row("V", october, 0.8)]

    early = found(story.history, *rows, as_of=datetime(2026, 11, 5))
    late = found(story.history, *rows, as_of=datetime(2026, 11, 11))

    assert ("7", "champion", None, "30") not in early
    assert (late["7", "champion", None, "30"].scores, late["7", "champion", None, "30"].came) == (2, 1.0)


def test_nightly_scores_are_judged_with_the_others(history):
    judged = found(history, row("W", datetime(2026, 10, 1), 0.8, actor="job:cards", request_id="cards-20261001"))

    assert judged["7", "champion", None, "ever"].scores == 1
