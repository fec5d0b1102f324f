import json
import logging

import pytest

from serving.envelope import SECURITY_HEADERS
from serving.request_log import LOGGER, JsonLines


@pytest.fixture
def lines(caplog):
    """The log so far, as parsed JSON lines."""
    caplog.set_level(logging.INFO, LOGGER)
    return lambda: [json.loads(JsonLines().format(record)) for record in caplog.records if record.name == LOGGER]


def test_every_answer_has_an_id_and_security_headers(service):
    for path in ("/healthz", "/nothing", "/v1/models"):
        headers = service.client.get(path).headers
        assert len(headers["x-request-id"]) == 32
        for name, value in SECURITY_HEADERS.items():
            assert headers[name] == value


def test_a_plain_id_of_the_caller_is_kept_and_another_replaced(service):
    kept = service.client.get("/healthz", headers={"X-Request-ID": "crm-42"})
    replaced = service.client.get("/healthz", headers={"X-Request-ID": "a b\tc"})

    assert kept.headers["x-request-id"] == "crm-42"
    assert replaced.headers["x-request-id"] != "a b\tc"


def test_a_problem_names_the_request_it_happened_in(service):
    answer = service.client.get("/nothing", headers={"X-Request-ID": "crm-42"})

    assert answer.json()["instance"] == "urn:foresell:request:crm-42"


def test_a_request_is_one_line_without_secrets_and_bodies(service, lines):
    service.client.post("/v1/scores/deals?token=hidden", json={"deals": [{"deal_id": "D-1"}]}, headers=service.headers)

    (line,) = [one for one in lines() if one["message"] == "request"]
    assert line["method"] == "POST"
    assert line["path"] == "/v1/scores/deals"
    assert (line["status"], line["deals"], line["level"]) == (200, 1, "info")
    assert line["key"] == service.key.split("_")[1]
    text = json.dumps(lines())
    assert service.key.split("_", 2)[2] not in text
    assert "hidden" not in text
    assert "D-1" not in text


def test_a_body_announced_as_too_large_is_refused_unread(start):
    service = start(max_body_bytes=100)
    answer = service.client.post("/v1/scores/deals", content=b" " * 101, headers=service.headers)

    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:foresell:problem:body-too-large"
    assert "100 bytes" in answer.json()["detail"]
    assert answer.headers["x-request-id"]


def test_a_body_that_grows_too_large_is_refused_too(start):
    service = start(max_body_bytes=100)
    headers = {**service.headers, "Content-Type": "application/json"}
    answer = service.client.post("/v1/scores/deals", content=iter([b" " * 60, b" " * 60]), headers=headers)

    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:foresell:problem:body-too-large"


def test_a_fault_inside_is_noted_and_nothing_of_it_told(start, company, lines):
    from dataclasses import replace

    class Broken(company.champion):
        def score(self, *given):
            raise RuntimeError("secret of the house")

    service = start(sources=replace(company.sources, load=lambda folder: Broken("7")))
    answer = service.client.post(
        "/v1/scores/deals", json={"deals": [{"deal_id": "D-1"}]}, headers={**service.headers, "X-Request-ID": "r9"}
    )

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert "r9" in answer.json()["detail"]
    (fault,) = [one for one in lines() if one["message"] == "fault"]
    assert "secret of the house" in fault["traceback"]
    assert fault["request_id"] == "r9"
