"""The JSON of an answer is written by one shape and described by another: both hold the same."""

import dataclasses
import json
import math
from datetime import date, datetime
from typing import get_args

import msgspec
import numpy as np
import pytest

from serving.scores import answers, customer_answers, written
from serving.scores.written import WRITE, together

TWINS = [
    (written.DealScore, answers.DealScore),
    (written.DealScores, answers.DealScores),
    (written.Chance, answers.Chance),
    (written.Move, answers.Move),
    (written.CustomerScore, customer_answers.CustomerScore),
    (written.CustomerScores, customer_answers.CustomerScores),
    (written.Risk, customer_answers.Risk),
]
RISK = {
    "kind": "orders",
    "probability": 0.21,
    "low": 0.1,
    "high": None,
    "churn_by": {"2026-12-21": 0.21},
    "churn_within_days": {"30": 0.21},
    "expected_orders": None,
    "value_at_risk": 12.5,
}
SOURCE = {
    "model_version": "3",
    "rung": "model",
    "data_as_of": None,
    "level_as_of": "2026-11-01T00:00:00Z",
    "scored_at": "2026-11-21T09:30:00Z",
    "stale": True,
}


@dataclasses.dataclass
class Reason:
    feature: str = "customer_orders"
    value: float = 2.0
    effect: float = -0.5
    text: str = "两次订单"


def customer(**more):
    moved = written.Move("customer_orders", 1.0, None, 0.25, "fewer")
    given = {"customer_id": "客-1", "reasons": [Reason()], "before": written.Risk(**RISK), "moved": [moved]}
    return written.CustomerScore(**({**RISK, **SOURCE, **given, "note": None, "error": None} | more))


@pytest.mark.parametrize(("quick", "described"), TWINS)
def test_what_is_written_is_what_is_described_field_by_field_in_order(quick, described):
    assert [one.name for one in msgspec.structs.fields(quick)] == list(described.model_fields)


@pytest.mark.parametrize(("quick", "described"), TWINS)
def test_what_may_be_null_is_described_so(quick, described):
    for one in msgspec.structs.fields(quick):
        nullable = type(None) in get_args(one.type)
        if one.name not in ("scores", "reasons"):
            assert (type(None) in get_args(described.model_fields[one.name].annotation)) == nullable, one.name


def test_an_answer_about_a_customer_is_read_back_as_it_was_meant():
    read = customer_answers.CustomerScore.model_validate(json.loads(WRITE(customer())))

    assert (read.customer_id, read.probability, read.high, read.expected_orders) == ("客-1", 0.21, None, None)
    assert read.churn_by == {date(2026, 12, 21): 0.21}
    assert (read.before.value_at_risk, read.moved[0].change, read.moved[0].value_after) == (12.5, 0.25, None)
    assert (read.reasons[0].text, read.stale, read.data_as_of) == ("两次订单", True, None)


def test_letters_stand_as_they_are_and_what_is_no_number_is_null():
    said = WRITE(
        customer(probability=math.nan, low=math.inf, value_at_risk=np.float64(7.5), expected_orders=np.int64(2))
    )

    assert "两次订单".encode() in said
    read = json.loads(said)
    assert (read["probability"], read["low"], read["value_at_risk"], read["expected_orders"]) == (None, None, 7.5, 2)


def test_what_no_answer_may_hold_is_an_error():
    with pytest.raises(NotImplementedError, match="complex"):
        WRITE(customer(probability=complex(1, 2)))


@pytest.mark.parametrize("sizes", [(1,), (2, 1), (1, 1, 3)])
def test_pieces_are_one_list_in_their_order(sizes):
    numbers = iter(range(100))
    pieces = [WRITE([customer(customer_id=f"C-{next(numbers)}") for _ in range(size)]) for size in sizes]
    given = {**SOURCE, "model": "churn", "feature_fingerprint": "f", "currency": "CNY", "as_of": "2026-11-21T09:30:00Z"}

    whole = json.loads(WRITE(written.CustomerScores(scores=together(pieces), **given)))

    assert [one["customer_id"] for one in whole["scores"]] == [f"C-{n}" for n in range(sum(sizes))]
    assert customer_answers.CustomerScores.model_validate(whole).scored_at.replace(tzinfo=None) == datetime(
        2026, 11, 21, 9, 30
    )
