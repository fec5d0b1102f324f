import json
import logging

import pytest

from serving.telemetry.request_log import LOGGER, JsonLines
from serving.wire.envelope import SECURITY_HEADERS


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
    service.score({"deal_id": "D-1"})
    service.client.get("/v1/models?token=hidden", headers=service.headers)

    service.client.get("/healthz")  # once it is answered, the lines of those before are written

    line, _ = [one for one in lines() if one["message"] == "request" and one["path"] != "/healthz"]
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
        def answer(self, *given):
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


def test_a_query_parameter_that_nobody_reads_is_named(service):
    answer = service.client.get("/v1/models?limitt=3&x=%C3%A4", headers=service.headers)

    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == ["query.limitt", "query.x"]
    assert service.client.get("/docs?x=1").status_code == 422
    scored = service.client.post("/v1/scores/deals?x=1", json={"deals": [{"deal_id": "D-1"}]}, headers=service.headers)
    assert scored.status_code == 422


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/openapi.json", "/v1/models", "/metrics"])
def test_head_is_answered_wherever_get_is(service, path):
    told, asked = service.client.head(path, headers=service.headers), service.client.get(path, headers=service.headers)

    assert told.status_code == asked.status_code == 200
    assert told.content == b""
    assert told.headers["content-type"] == asked.headers["content-type"]


def test_head_of_what_only_takes_posts_is_the_wrong_method(service):
    answer = service.client.head("/v1/scores/deals", headers=service.headers)

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_compressed_body_is_refused(service):
    headers = {**service.headers, "Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = service.client.post("/v1/scores/deals", content=b"\x1f\x8b\x08", headers=headers)

    assert answer.status_code == 415
    assert answer.json()["type"] == "urn:foresell:problem:encoding-not-accepted"


def test_every_line_written_inside_a_request_carries_its_id(start, company, lines):
    from dataclasses import replace

    class Talking(company.champion):
        def answer(self, *given):
            logging.getLogger("foresell.elsewhere").warning("thinking")
            return super().answer(*given)

    heard = []
    handler = logging.Handler()
    handler.emit = lambda record: heard.append(json.loads(JsonLines().format(record)))
    logging.getLogger("foresell.elsewhere").addHandler(handler)
    try:
        service = start(sources=replace(company.sources, load=lambda folder: Talking("7")))
        for way in ({}, {"Content-Type": "application/json; charset=utf8"}):
            service.client.post(
                "/v1/scores/deals",
                content=b'{"deals": [{"deal_id": "D-1"}]}',
                headers={"Content-Type": "application/json", **service.headers, "X-Request-ID": "r1", **way},
            )
    finally:
        logging.getLogger("foresell.elsewhere").removeHandler(handler)

    assert len(heard) >= 2
    assert {line["request_id"] for line in heard} == {"r1"}


def test_the_line_by_hand_says_what_the_logging_module_would(service, lines, capsys):
    from serving.telemetry.request_log import request_line

    service.client.get('/no"thing\\ä', headers={"X-Request-ID": "r5"})
    service.client.get("/healthz")
    (line,) = [one for one in lines() if one.get("request_id") == "r5"]
    by_hand = json.loads(
        request_line("r5", "GET", line["path"], line["status"], line["milliseconds"], {"key": "k", "deals": 3})
    )

    assert {**by_hand, "time": None} == {**line, "time": None, "key": "k", "deals": 3}
    assert line["path"] == '/no"thing\\ä'


def test_requests_are_counted_by_the_template_of_their_route(service):
    for path in ("/v1/deals/D-1", "/v1/deals/D-2", "/nothing", "/nothing-else"):
        service.client.get(path, headers=service.headers)
    service.score({"deal_id": "D-1"})
    told = service.client.get("/metrics").text

    assert 'foresell_request_duration_seconds_count{method="GET",route="/v1/deals/{deal_id}",status="200"} 2.0' in told
    assert 'foresell_request_duration_seconds_count{method="GET",route="none",status="404"}' in told
    assert 'foresell_request_duration_seconds_count{method="POST",route="/v1/scores/deals",status="200"}' in told
    assert "/nothing" not in told
