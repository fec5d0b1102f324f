import json

import pytest

from serving.questions.asked import READ_DEAL, READ_DEALS
from serving.questions.questions import DealsAsked
from serving.scores.answers import DealScores
from serving.wire import short_way


@pytest.fixture
def both(quick, monkeypatch):
    """Asks by the short way, then by the long way; says whether the first was short."""
    service = quick
    short = []
    send = short_way._send

    async def counted(*args):
        short.append(True)
        await send(*args)

    monkeypatch.setattr(short_way, "_send", counted)
    headers = {**service.headers, "X-Request-ID": "one", "Content-Type": "application/json"}
    described = service.client.get("/openapi.json").json()
    service.client.post("/v1/scores/deals", content=b"{}", headers=headers)

    def asking(body, path="/v1/scores/deals", **more):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        short.clear()
        first = service.client.post(path, content=content, headers={**headers, **more})
        was_short = bool(short)
        # A content type with a parameter that says nothing takes the long way.
        odd = {**headers, **more, "Content-Type": "application/json; v=1"}
        second = service.client.post(path, content=content, headers=odd)
        assert len(short) == was_short
        return was_short, first, second

    asking.schema = described
    return asking


PLAIN = [
    {"deals": [{"deal_id": "D-1"}]},
    {"deals": [{"deal_id": "D-1"}, {"deal_id": "nowhere"}, {"record": {"amount": "5", "stage": "New"}}], "reasons": 0},
    {"deals": [{"deal_id": "D-1", "changes": {"amount": 12.5}}], "horizons": [7.5, 30], "dates": ["2026-12-31"]},
    {"deals": [{"features": {"deal_amount": 5000, "deal_stage": "Never"}, "deal_id": "单"}], "as_of": "2026-11-20"},
    {"deals": [{"features": {"deal_amount": None}}] * 30},
]


@pytest.mark.parametrize("body", PLAIN)
def test_both_ways_give_the_same_bytes(both, body):
    was_short, first, second = both(body)

    assert was_short
    assert first.status_code == 200
    assert first.content == second.content
    assert {**first.headers, "date": ""} == {**second.headers, "date": ""}


def test_customers_go_both_ways_too(both):
    body = {"customers": [{"customer_id": "C-1"}, {"features": {"customer_days_since_purchase": 3}}]}
    was_short, first, second = both(body, "/v1/scores/customers", **{"Accept-Language": "zh"})

    assert was_short
    assert first.content == second.content
    assert first.headers["content-language"] == "zh"


@pytest.mark.parametrize("body", PLAIN)
def test_answers_are_what_the_description_says(both, body):
    _, answer, _ = both(body)
    told = both.schema["components"]["schemas"]
    (first, *_) = answer.json()["scores"]

    DealScores.model_validate_json(answer.content, strict=True)
    for name, part in [("DealScores", answer.json()), ("DealScore", first), ("Chance", first["before"])]:
        assert part is None or list(part) == list(told[name]["properties"])
    for name in ("reasons", "moved"):
        kind = {"reasons": "ReasonSaid", "moved": "Move"}[name]
        assert all(list(one) == list(told[kind]["properties"]) for one in first[name] or ())


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"[]",
        {"deals": []},
        {"deals": [{"deal_id": 5}]},
        {"deals": [{"deal_id": "D-1", "record": {}}]},
        {"deals": [{"id": "D-1"}]},
        {"deals": [{"deal_id": "D-1"}], "horizon": [3]},
        {"deals": [{"features": {"deal_amuont": 3}}]},
        {"deals": [{"features": {"deal_amount": "much"}}]},
        {"deals": [{"deal_id": "D-1"}], "as_of": "2027-01-01"},
        b'{"deals": [{"deal_id": "\\ud800"}]}',
        b'{"deals": [{"deal_id": "\xff\xfe"}]}',
        b'{"deals": [{"features": {"deal_amount": "\xff"}}]}',
        b'{"deals": [{"record": {"amount": NaN}}]}',
    ],
    ids=str,
)
def test_what_is_wrong_is_said_by_the_long_way(both, body):
    was_short, first, second = both(body)

    assert not was_short
    assert 400 <= first.status_code < 500
    assert first.content == second.content


def test_lenient_requests_are_read_by_the_long_way(both):
    was_short, first, _ = both({"deals": [{"deal_id": "D-1"}], "horizons": ["30"], "reasons": "1"})

    assert not was_short
    assert first.json()["scores"][0]["win_within_days"].keys() == {"30"}


@pytest.mark.parametrize("body", PLAIN)
def test_both_shapes_of_a_request_mean_the_same(body):
    strict, lenient = READ_DEALS(json.dumps(body).encode()), DealsAsked.model_validate(body)

    for name in ("horizons", "dates", "reasons", "as_of"):
        assert getattr(strict, name) == getattr(lenient, name)
    for one, other in zip(strict.deals, lenient.deals, strict=True):
        read = READ_DEAL(one)
        for name in ("deal_id", "changes", "record", "features"):
            assert getattr(read, name) == getattr(other, name)
