"""What is said once of several calls is what all of them say."""

from typing import Any

from serving.client.answers import CustomerScores, DealScores
from serving.client.calls import any_call, read_call, score_calls, together, what_if_customer


def answer(**said: Any) -> dict[str, Any]:
    standing = {
        "scores": [{"deal_id": "D-1"}], "model": "win", "model_version": "7", "rung": "model", "base_rate": 0.3,
        "feature_fingerprint": "ab", "currency": "CNY", "as_of": "2026-11-28T09:00:00+08:00", "stale": False,
        "scored_at": "2026-11-28T09:00:01+08:00", "data_as_of": "2026-11-27T09:00:00+08:00",
        "level_as_of": "2026-11-27T00:00:00+08:00",
    }  # fmt: skip
    return {**standing, **said}


def test_one_answer_is_as_it_came() -> None:
    assert together([answer()], DealScores) == answer()


def test_what_two_models_said_is_said_of_neither() -> None:
    found = together([answer(), answer(model_version="8", rung="rates", base_rate=0.4)], DealScores)

    assert found["scores"] == [{"deal_id": "D-1"}] * 2
    assert (found["model_version"], found["rung"], found["base_rate"]) == (None, None, None)
    assert (found["model"], found["feature_fingerprint"], found["currency"]) == ("win", "ab", "CNY")


def test_times_are_the_earliest_and_one_stale_answer_makes_it_stale() -> None:
    late = answer(as_of="2026-11-28T01:00:05+00:00", data_as_of="2026-11-27T10:30:00+09:00", stale=True)
    found = together([late, answer(), answer(level_as_of=None)], DealScores)

    assert found["as_of"] == "2026-11-28T09:00:00+08:00"
    assert found["data_as_of"] == "2026-11-27T09:00:00+08:00"
    assert found["level_as_of"] is None
    assert found["stale"]


def test_nothing_asked_is_an_answer_with_every_field() -> None:
    for shape in (DealScores, CustomerScores):
        found = together([], shape)
        assert found.keys() == shape.__annotations__.keys()
        assert found["scores"] == []
        assert found["model_version"] is None


def test_only_what_may_arrive_twice_is_repeatable() -> None:
    (scores,) = score_calls("customer", [what_if_customer("C-1", segment="x")], None, None, None, None, None)
    written = any_call("POST", "/v1/keys", {"name": "x"}, None, None)

    assert scores.repeatable
    assert read_call("/v1/deals").repeatable
    assert written.repeatable
    assert len(written.headers["Idempotency-Key"]) == 36
    assert scores.content == b'{"customers": [{"customer_id": "C-1", "changes": {"segment": "x"}}]}'
