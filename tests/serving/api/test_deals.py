from datetime import datetime
from urllib.parse import quote

import pytest


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
