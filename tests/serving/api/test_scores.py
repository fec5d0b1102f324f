import json
import math
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from time import sleep

import pytest

from serving.scores.answers import DealScores


def log_odds(p: float) -> float:
    return math.log(p / (1 - p))


def chance(amount: float, bonus: float = 0.0) -> float:
    """What the small model says."""
    return 1 / (1 + math.exp(-log_odds(0.4) - math.log10(amount / 1000) - bonus))


def test_deals_are_scored_by_id_in_the_order_asked(service):
    answer = service.score({"deal_id": "D-2"}, {"deal_id": "D-1"}, {"deal_id": "单/4"}, {"deal_id": "D-2"})
    scores = answer["scores"]

    assert [one["deal_id"] for one in scores] == ["D-2", "D-1", "单/4", "D-2"]
    assert [one["probability"] for one in scores] == pytest.approx(
        [chance(10000), chance(1000, 0.5), chance(100), chance(10000)]
    )
    assert all(one["error"] is None for one in scores)


def test_an_answer_says_where_it_comes_from(service):
    answer = service.score({"deal_id": "D-1"})
    common = {
        "model_version": "7",
        "rung": "model",
        "data_as_of": "2026-11-21T08:00:00Z",
        "scored_at": "2026-11-21T09:30:00Z",
        "stale": False,
    }

    assert common.items() <= answer.items()
    assert common.items() <= answer["scores"][0].items()
    assert (answer["model"], answer["base_rate"], answer["currency"]) == ("win", 0.4, "CNY")
    assert len(answer["feature_fingerprint"]) == 12
    assert answer["as_of"] == "2026-11-21T09:30:00Z"


def test_the_answer_has_the_shape_that_is_described(service):
    answer = service.score({"deal_id": "D-1"}, {"deal_id": "D-1", "changes": {"amount": 5}}, {"deal_id": "none"})

    DealScores.model_validate(answer)
    assert set(answer) == set(DealScores.model_fields)


def test_chances_by_horizon_and_by_date(service):
    (one,) = service.score({"deal_id": "D-2"}, horizons=[30, 7.5], dates=["2026-12-31"])["scores"]

    def won_within(days: float) -> float:
        return one["probability"] * (1 - math.exp(-days / 50))

    assert one["win_within_days"] == pytest.approx({"30": won_within(30), "7.5": won_within(7.5)})
    # 9:30 UTC is 17:30 in Shanghai: 40 days and six and a half hours to the end of the year.
    assert one["win_by"] == pytest.approx(
        {"2026-12-21": won_within(30), "2026-11-29": won_within(7.5), "2026-12-31": won_within(40 + 6.5 / 24)}
    )
    assert one["expected_close_on"] == "2026-12-31"
    assert one["expected_amount"] == 10000


def test_a_date_asked_for_is_answered_to_its_end_even_where_a_horizon_ends_on_it(service):
    (one,) = service.score({"deal_id": "D-2"}, horizons=[30], dates=["2026-12-21"])["scores"]

    assert one["win_by"]["2026-12-21"] > one["win_within_days"]["30"]


def test_reasons_speak_the_language_asked_for(service):
    def text(language: str) -> tuple[str, str]:
        answer = service.client.post(
            "/v1/scores/deals",
            json={"deals": [{"deal_id": "D-2"}]},
            headers={**service.headers, "Accept-Language": language},
        )
        return answer.headers["content-language"], answer.json()["scores"][0]["reasons"][0]["text"]

    assert text("zh-CN,zh;q=0.9") == ("zh", "提高")
    assert text("en-US") == ("en", "raises")


def test_as_many_reasons_as_asked_for(service):
    deal = {"record": {"amount": 5000, "stage": "Proposal"}}

    def reasons(most: int) -> list[str]:
        return [one["feature"] for one in service.score(deal, reasons=most)["scores"][0]["reasons"]]

    assert reasons(5) == ["deal_amount", "deal_stage"]
    assert reasons(1) == ["deal_amount"]
    assert reasons(0) == []


def test_a_deal_that_cannot_be_scored_does_not_spoil_the_others(service):
    scores = service.score(
        {"deal_id": "nowhere"},
        {"deal_id": "D-1"},
        {"deal_id": "D-3"},
        {"deal_id": "D-3", "changes": {"amount": 1}},
        {"record": {"deal_id": "D-3", "amount": 1}},
        {"record": {"deal_id": "D-9", "status": "lost"}},
    )["scores"]

    assert [one["error"] and one["error"]["type"].rsplit(":")[-1] for one in scores] == [
        "deal-not-found",
        None,
        "deal-not-open",
        "deal-not-open",
        "deal-not-open",
        "deal-not-open",
    ]
    assert [one["error"] and one["error"]["status"] for one in scores] == [404, None, 409, 409, 409, 409]
    assert scores[0]["probability"] is None
    assert scores[1]["probability"] == pytest.approx(chance(1000, 0.5))


def test_a_whole_record_is_scored(service):
    scores = service.score(
        {"record": {"deal_id": "N-1", "amount": "20000", "stage": "Proposal", "status": "open"}},
        {"record": {"amount": 500.0}},
        {"record": {"deal_id": "D-2", "amount": 500}},
    )["scores"]

    assert [one["deal_id"] for one in scores] == ["N-1", None, "D-2"]
    assert [one["probability"] for one in scores] == pytest.approx([chance(20000, 0.5), chance(500), chance(500)])


def test_attributes_the_model_does_not_look_at_are_named(service):
    (one,) = service.score({"record": {"amount": 500, "attributes": {"regoin": "north"}}})["scores"]

    assert one["note"].endswith("; not used by this model: attributes.regoin")


def test_what_a_record_leaves_out_or_names_for_the_first_time_is_said(service):
    record = {"amount": 500, "stage": "Contact", "customer_id": "C-9", "rep_id": "R-9"}
    new, bare = service.score({"record": record}, {"record": {"amount": 500}})["scores"]

    assert new["note"] == "not on record, counted as new: rep_id R-9, customer_id C-9"
    assert bare["note"] == "not given, counted as missing: customer_id, rep_id, stage"


def test_a_what_if_answers_both_numbers_and_what_moved(service):
    (one,) = service.score({"deal_id": "D-1", "changes": {"amount": 10000, "stage": "Contact"}})["scores"]

    assert one["probability"] == pytest.approx(chance(10000))
    assert one["before"]["probability"] == pytest.approx(chance(1000, 0.5))
    assert one["before"]["expected_amount"] == 1000
    assert set(one["before"]["win_by"]) == set(one["win_by"])
    moved = [(m["feature"], m["value_before"], m["value_after"], round(m["change"], 9)) for m in one["moved"]]
    assert moved == [("deal_amount", 1000, 10000, 1.0), ("deal_stage", "Proposal", "Contact", -0.5)]


def test_a_what_if_that_changes_nothing_moves_nothing(service):
    (one,) = service.score({"deal_id": "D-1", "changes": {"stage": "Proposal"}})["scores"]

    assert one["moved"] == []
    assert one["before"]["probability"] == one["probability"]


def test_what_only_a_what_if_has_is_null_elsewhere(service):
    (one,) = service.score({"deal_id": "D-1"})["scores"]

    assert (one["before"], one["moved"]) == (None, None)


def test_every_fault_of_every_record_is_named_and_nothing_scored(service):
    problem = service.refused(
        422,
        {"deal_id": "D-1"},
        {"record": {"ammount": 1, "stage": 5}},
        {"deal_id": "D-1", "changes": {"status": "won"}},
    )

    assert problem["type"] == "urn:foresell:problem:record-not-accepted"
    assert problem["detail"].startswith("2 of the deals")
    assert [one["field"] for one in problem["errors"]] == [
        "deals[1].record.ammount",
        "deals[1].record.stage",
        "deals[2].changes.status",
    ]
    assert "Did you mean 'amount'?" in problem["errors"][0]["message"]


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({"deals": []}, "deals", "at least 1"),
        ({"deals": [{"deal_id": "D"}] * 1001}, "deals", "at most 1000"),
        ({}, "deals", "required"),
        ({"deals": [{}]}, "deals[0]", "either deal_id or record"),
        ({"deals": [{"deal_id": "D", "record": {}}]}, "deals[0]", "either deal_id or record"),
        ({"deals": [{"record": {}, "changes": {}}]}, "deals[0]", "changes belong to a deal_id"),
        ({"deals": [{"deal_id": 5}]}, "deals[0].deal_id", "valid string"),
        ({"deals": [{"deal_id": ""}]}, "deals[0].deal_id", "at least 1"),
        ({"deals": [{"deal_id": "\ud800"}]}, "deals[0].deal_id", "string"),
        ({"deals": [{"id": "D"}]}, "deals[0]", "no field 'id'"),
        ({"deals": [{"deal_id": "D"}], "horizon": [30]}, "body", "Did you mean 'horizons'?"),
        ({"deals": [{"deal_id": "D"}], "horizons": [0]}, "horizons[0]", "greater than 0"),
        ({"deals": [{"deal_id": "D"}], "horizons": [1e9]}, "horizons[0]", "less than or equal"),
        ({"deals": [{"deal_id": "D"}], "horizons": "30"}, "horizons", "list"),
        ({"deals": [{"deal_id": "D"}], "dates": ["soon"]}, "dates[0]", "date"),
        ({"deals": [{"deal_id": "D"}], "reasons": -1}, "reasons", "greater than or equal to 0"),
        ([], "body", "dictionary"),
    ],
)
def test_a_request_of_another_shape_is_refused_with_its_field(service, body, field, said):
    answer = service.client.post(
        "/v1/scores/deals",
        content=json.dumps(body),
        headers={**service.headers, "Content-Type": "application/json"},
    )

    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:foresell:problem:request-not-accepted"
    errors = {one["field"]: one["message"] for one in answer.json()["errors"]}
    assert said in errors[field]


@pytest.mark.parametrize("body", ["{", "", '{"deals": [' + "[" * 100_000, b"\xff\xfe"], ids=repr)
def test_a_body_that_is_no_json_is_refused(service, body):
    answer = service.client.post(
        "/v1/scores/deals", content=body, headers={**service.headers, "Content-Type": "application/json"}
    )

    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_json_under_another_name_is_refused_with_the_right_one(service):
    answer = service.client.post(
        "/v1/scores/deals", content='{"deals": []}', headers={**service.headers, "Content-Type": "text/plain"}
    )

    assert answer.status_code == 415
    assert "application/json" in answer.json()["fix"]


def test_a_number_that_is_none_is_refused(service):
    answer = service.client.post(
        "/v1/scores/deals",
        content='{"deals": [{"record": {"amount": NaN}}]}',
        headers={**service.headers, "Content-Type": "application/json"},
    )

    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("asked", "status", "kind"),
    [
        ({"as_of": "2026-10-31"}, 409, "model-knows-the-future"),
        ({"as_of": "2027-01-01"}, 422, "moment-not-accepted"),
        ({"as_of": "soon"}, 422, "not-a-moment"),
        ({"dates": ["2026-11-20"]}, 422, "date-not-accepted"),
    ],
)
def test_moments_that_cannot_be_answered_are_named(service, asked, status, kind):
    assert service.refused(status, {"deal_id": "D-1"}, **asked)["type"] == f"urn:foresell:problem:{kind}"


def test_a_deal_is_judged_as_of_the_moment_asked(service):
    answer = service.score({"deal_id": "D-3"}, as_of="2026-11-05T00:00:00Z")

    assert answer["as_of"] == "2026-11-05T00:00:00Z"
    assert answer["scored_at"] == "2026-11-21T09:30:00Z"
    assert answer["scores"][0]["probability"] == pytest.approx(chance(5000))


def test_a_service_whose_clock_stands_before_the_models_knowledge_refuses(start):
    problem = start(now=datetime(2026, 10, 1)).refused(409, {"deal_id": "D-1"})

    assert problem["type"] == "urn:foresell:problem:model-knows-the-future"
    assert "--until 2026-10-01" in problem["fix"]


def test_answers_from_old_data_say_so(start):
    assert start(stale_after="01:00:00").score({"deal_id": "D-1"})["stale"] is True


def test_without_a_champion_it_says_how_to_get_one(start, company):
    (company.home / "champions" / "win.json").unlink()
    problem = start().refused(503, {"deal_id": "D-1"})

    assert problem["type"] == "urn:foresell:problem:no-champion"
    assert "foresell train win" in problem["fix"]


def test_large_calls_in_pieces_give_what_single_calls_give(start):
    service = start(piece_rows=7)
    deals = [{"record": {"amount": amount}} for amount in range(100, 1100)]
    deals[500] = {"deal_id": "nowhere"}
    together = service.score(*deals)["scores"]

    assert len(together) == 1000
    assert together[500]["error"]["status"] == 404
    for place in (0, 6, 7, 499, 501, 999):
        assert together[place] == service.score(deals[place])["scores"][0]


def test_faults_are_found_in_every_piece(start):
    deals = [{"record": {"amount": "x" if place in (3, 90) else 5}} for place in range(100)]
    problem = start(piece_rows=10).refused(422, *deals)

    assert [one["field"] for one in problem["errors"]] == ["deals[3].record.amount", "deals[90].record.amount"]


def test_callers_at_the_same_time_get_their_own_answers(start):
    service = start(piece_rows=16)

    def ask(amount: int) -> list[float]:
        deals = [{"record": {"amount": amount}}] * (40 if amount % 5 == 0 else 1)
        return [one["probability"] for one in service.score(*deals)["scores"]]

    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(ask, range(100, 160)))
    assert all(one == pytest.approx([chance(100 + n)] * len(one)) for n, one in enumerate(answers))


def test_a_promotion_is_taken_up_without_a_restart_and_no_answer_mixes_two(start, company):
    service = start(look_every="00:00:00.005", piece_rows=5)
    bonus = {"7": 0.5, "8": 1.5}
    seen = set()
    for attempt in range(1000):
        answer = service.score(*[{"deal_id": "D-1"}] * 20)
        expected = chance(1000, bonus[answer["model_version"]])
        assert {one["model_version"] for one in answer["scores"]} == {answer["model_version"]}
        assert [one["probability"] for one in answer["scores"]] == pytest.approx([expected] * 20)
        seen.add(answer["model_version"])
        if attempt == 3:
            company.promote("8", bonus=1.5)
        if "8" in seen:
            break
        sleep(0.005)
    assert seen == {"7", "8"}
