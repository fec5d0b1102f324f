"""Bodies made to hurt: every one gets a problem document or a score, never a 5xx, and the memory stays bounded."""

import gzip
import json
import os
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from features.suggesting import MOST_FAULTS
from serving.telemetry.metrics.counting import resident_memory
from tests.serving.conftest import Service, Starter, found

MIB = 2**20
DEEP = 200_000


def deals(content: str) -> bytes:
    return ('{"deals": [' + content + "]}").encode()


BODIES: dict[str, Callable[[], bytes]] = {
    "deep lists": lambda: b"[" * DEEP,
    "deep lists, closed": lambda: b"[" * DEEP + b"]" * DEEP,
    "deep objects": lambda: b'{"deals":' * DEEP + b"1" + b"}" * DEEP,
    "deep inside a record": lambda: deals('{"record": {"amount": ' + "[" * DEEP + "]" * DEEP + "}}"),
    "deep inside attributes": lambda: deals('{"record": {"attributes": {"a": ' + "[" * 900 + "]" * 900 + "}}}"),
    "a number of a million digits": lambda: deals('{"record": {"amount": ' + "9" * 1_000_000 + "}}"),
    "a number beyond all": lambda: deals('{"record": {"amount": 1e999999}}'),
    "a number that is none": lambda: deals('{"record": {"amount": NaN}}'),
    "a million digits in quotes": lambda: deals('{"record": {"amount": "' + "9" * 1_000_000 + '"}}'),
    "a horizon beyond all": lambda: b'{"deals": [{"deal_id": "D-1"}], "horizons": [1e308]}',
    "as many reasons as there are": lambda: b'{"deals": [{"deal_id": "D-1"}], "reasons": 99999999999999999999999}',
    "one name twice": lambda: b'{"deals": [{"deal_id": "D-1", "deal_id": "D-2"}], "deals": []}',
    "a million times one name": lambda: b"{" + b'"deals": 1,' * 400_000 + b'"deals": 1}',
    "a million deals": lambda: deals(",".join(["{}"] * 1_500_000)),
    "many names that nobody reads": lambda: deals(
        '{"record": {' + ",".join(f'"column {n}": 1' for n in range(200_000)) + "}}"
    ),
    "many features that nobody knows": lambda: deals(
        '{"features": {' + ",".join(f'"amoun{n}": 1' for n in range(200_000)) + "}}"
    ),
    "many deals with many names that nobody reads": lambda: deals(
        ",".join('{"record": {' + ",".join(f'"c{n}": 1' for n in range(400)) + "}}" for _ in range(1000))
    ),
    "many deals with many features that nobody knows": lambda: deals(
        ",".join('{"features": {' + ",".join(f'"f{n}": 1' for n in range(400)) + "}}" for _ in range(1000))
    ),
    "many attributes": lambda: deals(
        '{"record": {"attributes": {' + ",".join(f'"a{n}": "x"' for n in range(200_000)) + "}}}"
    ),
    "a long id": lambda: deals('{"deal_id": "' + "D" * 4_000_000 + '"}'),
    "a surrogate": lambda: deals('{"deal_id": "\\ud800"}'),
    "a surrogate as a name": lambda: deals('{"record": {"\\udfff": 1}}'),
    "a NUL": lambda: deals('{"deal_id": "D\\u0000"}'),
    "no UTF-8": lambda: b'{"deals": [{"deal_id": "\xff\xfe"}]}',
    "UTF-16": lambda: '{"deals": [{"deal_id": "D-1"}]}'.encode("utf-16"),
    "a mark of its order": lambda: b"\xef\xbb\xbf" + deals('{"deal_id": "D-1"}'),
    "nothing": lambda: b"",
    "null": lambda: b"null",
    "a text": lambda: b'"deals"',
    "cut off": lambda: b'{"deals": [{"deal_id": "D-1"',
    "two documents": lambda: b"{}{}",
    "random bytes": lambda: os.urandom(1_000_000),
    "as long as is allowed": lambda: b" " * 15_999_990 + b"{}",
    "too long": lambda: b" " * 20_000_000,
    "zip": lambda: gzip.compress(b" " * 50_000_000),
}
OF_PATH = {
    "/v1/scores/deals": (b"deals", b"record"),
    "/v1/scores/customers": (b"customers", b"changes"),
    "/v1/events": (b"events", b"row"),
}
PATHS = list(OF_PATH)


def turned(body: bytes, path: str) -> bytes:
    """The same malice in the words of another call."""
    if path == "/v1/scores/deals":
        return body
    rows, row = OF_PATH[path]
    named = body.replace(b'"deals"', b'"%s"' % rows).replace(b'"record"', b'"%s"' % row)
    return named.replace(b'{"row"', b'{"table": "deals", "row"') if path == "/v1/events" else named


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service whose key may tell events too."""
    starter = Starter(found(tmp_path_factory.mktemp("hostile") / "home"))
    yield starter(scopes=("score", "read", "ingest"))
    starter.stop()


@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body_gets_an_answer_that_says_what_is_wrong(service, name) -> None:
    body = BODIES[name]()
    before = resident_memory() or 0
    for path in PATHS:
        answer = service.client.post(
            path,
            content=turned(body, path),
            headers={**service.headers, "Content-Type": "application/json", "Idempotency-Key": str(uuid4())},
        )
        assert answer.status_code < 500 or "no-champion" in answer.text, answer.text[:300]
        assert len(answer.content) < MIB
        if answer.status_code != 200:
            assert answer.headers["content-type"] == "application/problem+json"
            told = json.loads(answer.content)
            assert told["fix"]
            # What was probably meant is dear to find: not more than so many times for one body.
            assert len(told.get("errors", ())) <= MOST_FAULTS + 1
    kept = (resident_memory() or 0) - before

    assert kept < 600 * MIB
    assert service.score({"deal_id": "D-1"})["model_version"] == "7"


def test_a_compressed_bomb_is_not_opened(service) -> None:
    headers = {**service.headers, "Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = service.client.post(PATHS[0], content=gzip.compress(b" " * 50_000_000), headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (415, "urn:foresell:problem:encoding-not-accepted")


@pytest.mark.parametrize("sent_as", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "json", ""])
def test_another_content_type_is_named(service, sent_as) -> None:
    answer = service.client.post(PATHS[0], content=b"{}", headers={**service.headers, "Content-Type": sent_as})

    assert answer.status_code in (415, 422)
    assert answer.headers["content-type"] == "application/problem+json"
