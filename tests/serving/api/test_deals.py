from datetime import datetime
from urllib.parse import quote

import pytest

from serving.cards.making import make
from serving.store.opening import open_store


def test_an_open_deal_is_answered_with_its_score(service):
    answer = service.get("/v1/deals/D-1")

    assert answer["open"] is True
    assert answer["record"]["amount"] == 1000
    assert answer["record"]["created_at"] == "2026-10-01T00:00:00Z"
    assert answer["score"] == service.score({"deal_id": "D-1"})["scores"][0]
    assert answer["error"] is None


def test_a_closed_deal_has_no_score(service):
    answer = service.get("/v1/deals/D-3")

    assert (answer["open"], answer["score"]) == (False, None)
    assert answer["record"]["status"] == "won"


@pytest.mark.parametrize("path", [quote("单/4", safe=""), quote("单/4")])
def test_ids_may_hold_any_letters(service, path):
    assert service.get(f"/v1/deals/{path}")["deal_id"] == "单/4"


def test_an_unknown_deal_is_not_found(service):
    answer = service.client.get("/v1/deals/nowhere", headers=service.headers)

    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:foresell:problem:deal-not-found"


def test_a_record_is_read_also_where_the_model_would_know_the_future(start):
    answer = start(now=datetime(2026, 10, 15)).get("/v1/deals/D-1")

    assert answer["score"] is None
    assert answer["error"]["type"] == "urn:foresell:problem:model-knows-the-future"


@pytest.fixture
def listed(start, settings):
    """A service whose lists were made."""
    store = open_store(settings.store_address)
    make(store, settings.home, datetime(2026, 11, 21, 9, 30), lambda _: None)
    store.close()
    return start(scopes=("score", "read", "ingest"))


def test_a_list_holds_open_deals_with_their_records_until_others_are_asked_for(listed):
    answer = listed.get("/v1/deals?sort=deal_id")
    every = listed.get("/v1/deals?sort=deal_id&status=open&status=won&status=lost")

    assert [one["deal_id"] for one in answer["deals"]] == ["D-1", "D-2", "单/4"]
    assert answer["total"] == 3
    assert [one["deal_id"] for one in every["deals"]] == ["D-1", "D-2", "D-3", "单/4"]
    assert answer["deals"][0]["record"]["amount"] == 1000.0


def test_pages_follow_each_other_by_the_cursor(listed):
    first = listed.get("/v1/deals?sort=-amount&limit=2")
    second = listed.get(f"/v1/deals?sort=-amount&limit=2&cursor={first['next']}")

    ids = [one["deal_id"] for one in (*first["deals"], *second["deals"])]
    assert sorted(ids) == ["D-1", "D-2", "单/4"]
    assert second["next"] is None


def test_a_list_that_was_never_made_says_so_and_single_deals_are_answered(service):
    answer = service.client.get("/v1/deals", headers=service.headers)

    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:foresell:problem:list-not-made"
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "query.limit"),
        ("limit=201", "query.limit"),
        ("status=gone", "query.status[0]"),
        ("min_probability=2", "query.min_probability"),
        ("created_from=2026-01-01", "query.created_from"),
        ("stage=%00", "query.stage[0]"),
        ("stages=Lead", "query.stages"),
    ],
)
def test_a_filter_that_cannot_be_read_is_named(listed, query, field):
    answer = listed.client.get(f"/v1/deals?{query}", headers=listed.headers)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_cursor_or_an_order_of_another_list_is_refused(listed):
    first = listed.get("/v1/deals?sort=-amount&limit=1")
    other = listed.client.get(f"/v1/deals?sort=amount&cursor={first['next']}", headers=listed.headers)
    odd = listed.client.get("/v1/deals?sort=colour", headers=listed.headers)

    assert (other.status_code, odd.status_code) == (422, 422)
    assert other.json()["type"] == "urn:foresell:problem:cursor-not-accepted"
    assert "probability" in odd.json()["fix"]
