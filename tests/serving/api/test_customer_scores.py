import pytest

from serving.scores.customer_answers import CustomerScores


@pytest.fixture
def ask(quick):
    service = quick

    def asking(*customers, status=200, language="en", **more):
        answer = service.client.post(
            "/v1/scores/customers",
            json={"customers": customers, **more},
            headers={**service.headers, "Accept-Language": language},
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    return asking


def test_customers_are_scored_by_id_with_changes_and_by_features(ask):
    answer = ask(
        {"customer_id": "C-2"},
        {"customer_id": "C-1", "changes": {"segment": "quiet"}},
        {"features": {"customer_days_since_purchase": 20}, "customer_id": "anyone"},
        {"customer_id": "nobody"},
        {"customer_id": "C-gone"},
    )
    known, what_if, features, unknown, gone = answer["scores"]

    CustomerScores.model_validate(answer)
    assert [one["customer_id"] for one in answer["scores"]] == ["C-2", "C-1", "anyone", "nobody", "C-gone"]
    assert (known["probability"], known["kind"], known["error"]) == (0.5, "orders", None)
    assert (what_if["probability"], what_if["before"]["probability"]) == pytest.approx((0.8, 0.1))
    assert [move["feature"] for move in what_if["moved"]] == ["customer_days_since_purchase"]
    assert features["probability"] == pytest.approx(0.2)
    assert features["note"] == "not given, counted as missing: customer_last_activity"
    assert [one["error"]["type"].rsplit(":")[-1] for one in (unknown, gone)] == [
        "customer-not-found",
        "customer-not-active",
    ]


def test_the_first_horizon_is_the_one_that_probability_tells_of(ask):
    (one,) = ask({"customer_id": "C-2"}, horizons=[60, 30], dates=["2026-12-31"])["scores"]

    assert one["churn_within_days"] == pytest.approx({"60": 0.75, "30": 0.5})
    assert one["probability"] == one["churn_within_days"]["60"]
    assert set(one["churn_by"]) == {"2027-01-20", "2026-12-21", "2026-12-31"}
    assert (one["expected_orders"], one["value_at_risk"]) == (2.0, 75)


def test_an_answer_says_where_it_comes_from(ask):
    answer = ask({"customer_id": "C-1"}, language="zh")

    assert (answer["model"], answer["model_version"], answer["rung"]) == ("churn", "3", "pooled rate")
    assert answer["level_as_of"] == "2026-11-01T00:00:00Z"
    assert answer["data_as_of"] == "2026-11-21T08:00:00Z"
    assert answer["scores"][0]["reasons"][0]["text"] == "沉默"


@pytest.mark.parametrize(
    ("body", "kind", "field"),
    [
        ({"customers": [{"customer_id": "C-1", "changes": {}}]}, "record-not-accepted", "customers[0].changes"),
        (
            {"customers": [{"customer_id": "C-1", "changes": {"segmnt": "x"}}]},
            "record-not-accepted",
            "customers[0].changes.segmnt",
        ),
        (
            {"customers": [{"customer_id": "C-1", "changes": {"merged_into": "x"}}]},
            "record-not-accepted",
            "customers[0].changes.merged_into",
        ),
        ({"customers": [{}]}, "request-not-accepted", "customers[0]"),
        ({"customers": [{"customer_id": "C-1"}], "horizons": []}, "request-not-accepted", "horizons"),
        (
            {"customers": [{"features": {"customer_days_since_purchas": 1}}]},
            "record-not-accepted",
            "customers[0].features.customer_days_since_purchas",
        ),
    ],
)
def test_what_cannot_be_read_is_named(ask, body, kind, field):
    problem = ask(*body.pop("customers"), status=422, **body)

    assert problem["type"].endswith(kind)
    assert [one["field"] for one in problem["errors"]] == [field]


def test_win_serves_while_churn_has_no_champion_and_the_other_way_round(start, company):
    service = start()
    assert service.score({"deal_id": "D-1"})["model"] == "win"
    none = service.client.post(
        "/v1/scores/customers", json={"customers": [{"customer_id": "C-1"}]}, headers=service.headers
    )
    assert none.status_code == 503
    assert "foresell train churn" in none.json()["fix"]

    (company.home / "champions" / "win.json").unlink()
    company.promote("3", model="churn")
    other = start()
    assert other.refused(503, {"deal_id": "D-1"})["type"].endswith("no-champion")
    some = other.client.post(
        "/v1/scores/customers", json={"customers": [{"customer_id": "C-1"}]}, headers=other.headers
    )
    assert some.json()["scores"][0]["probability"] == pytest.approx(0.1)
