"""Both clients against a server that fails in every way: what is tried again, what is not, and how often."""

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from serving.client import AsyncForesell, Busy, Foresell, NoAnswer, NotAccepted, NotAllowed, NotFound, Retries
from serving.client.calls import Call
from serving.client.faults import Refused, ServiceTrouble

SCORES = (200, {}, {"scores": [{"deal_id": "D-1"}], "model_version": "7"})
BUSY = (503, {"Retry-After": "2"}, {"type": "t:busy", "title": "Busy", "status": 503, "detail": "d", "fix": "f"})
ACCEPTED = {"accepted": 1, "repeated": 0, "position": 5, "seen": "by the next score", "seen_after_folding": []}
EVENTS = (202, {}, ACCEPTED)
DROP, HALF = "drop", "half"


class Both:
    """Does the same with the client that waits and with the one that does not."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.pauses: list[float] = []

    def do(self, address: str, work: Callable[[Any], Any], **more: Any) -> Any:
        retries = more.pop("retries", Retries(chance=random.Random(1)))
        if self.kind == "sync":
            with Foresell(address, "fsl_k", retries=retries, pause=self.pauses.append, **more) as foresell:
                return work(foresell)

        async def pause(seconds: float) -> None:
            self.pauses.append(seconds)

        async def later() -> Any:
            async with AsyncForesell(address, "fsl_k", retries=retries, pause=pause, **more) as foresell:
                return await work(foresell)

        return asyncio.run(later())


@pytest.fixture(params=["sync", "async"])
def both(request: pytest.FixtureRequest) -> Both:
    return Both(request.param)


def score(foresell: Any) -> Any:
    return foresell.score_deals(["D-1"])


@pytest.mark.parametrize("fault", [DROP, HALF, BUSY, (502, {}, b"bad gateway"), (429, {"Retry-After": "0"}, b"slowly")])
def test_what_may_pass_is_tried_again(both, faulty, fault) -> None:
    server = faulty([fault, SCORES])

    assert both.do(server.address, score)["scores"] == [{"deal_id": "D-1"}]
    assert len(server.asked) == 2
    assert server.body(0) == server.body(1) == {"deals": [{"deal_id": "D-1"}]}
    assert server.head(0)["authorization"] == "Bearer fsl_k"


def test_pauses_double_shortened_at_random_and_obey_retry_after(both, faulty) -> None:
    server = faulty([DROP, DROP, DROP, BUSY, SCORES])
    both.do(server.address, score)

    assert len(both.pauses) == 4
    for pause, most in zip(both.pauses[:3], (0.5, 1.0, 2.0), strict=True):
        assert most / 2 <= pause <= most
    assert 2 <= both.pauses[3] <= 4


def test_it_ends_after_so_many_attempts(both, faulty) -> None:
    server = faulty([BUSY] * 3)

    with pytest.raises(Busy) as busy:
        both.do(server.address, score, retries=Retries(attempts=3))
    assert len(server.asked) == 3
    assert busy.value.problem["status"] == 503


def test_nobody_there_is_said_with_the_address(both) -> None:
    with pytest.raises(NoAnswer, match=r"http://127.0.0.1:9 after 2 attempts") as none:
        both.do("http://127.0.0.1:9", score, retries=Retries(attempts=2))
    assert none.value.attempts == 2


@pytest.mark.parametrize("address", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://127.0.0.1:port"])
def test_an_address_that_is_none_is_not_tried_again(both, address) -> None:
    with pytest.raises(NoAnswer):
        both.do(address, score)
    assert both.pauses == []


def test_a_write_without_a_key_is_not_sent_twice(faulty) -> None:
    server = faulty([DROP, EVENTS])
    call = Call("POST", "/v1/events", content=b"{}")
    with Foresell(server.address, pause=lambda _: None) as foresell, pytest.raises(NoAnswer):
        foresell._send(call)
    assert len(server.asked) == 1


def test_events_carry_one_key_through_all_attempts(both, faulty) -> None:
    server = faulty([DROP, BUSY, EVENTS])
    event = {"table": "activities", "row": {"activity_id": "A-1"}}

    assert both.do(server.address, lambda foresell: foresell.send_events([event])) == ACCEPTED
    keys = [server.head(number)["idempotency-key"] for number in range(3)]
    assert len(set(keys)) == 1
    assert len(keys[0]) == 36


def test_many_events_go_in_several_calls_with_keys_that_can_be_repeated(both, faulty) -> None:
    server = faulty([EVENTS] * 6)
    events = [{"table": "activities", "row": {"activity_id": f"A-{n}"}} for n in range(2500)]
    for _ in range(2):
        accepted = both.do(server.address, lambda foresell: foresell.send_events(events, key="night-1"))

    assert accepted == {**ACCEPTED, "accepted": 3}
    assert [server.head(n)["idempotency-key"] for n in range(3)] == ["night-1", "night-1.1", "night-1.2"]
    assert [server.head(n)["idempotency-key"] for n in range(3, 6)] == ["night-1", "night-1.1", "night-1.2"]
    assert [len(server.body(n)["events"]) for n in range(3)] == [1000, 1000, 500]


def test_two_thousand_deals_are_two_calls_and_one_answer(both, faulty) -> None:
    answers = [(200, {}, {"scores": [{"n": n} for n in range(1000)], "model_version": v}) for v in ("7", "8")]
    server = faulty(answers)
    answered = both.do(server.address, lambda foresell: foresell.score_deals([f"D-{n}" for n in range(2000)]))

    assert [one["n"] for one in answered["scores"]] == [*range(1000)] * 2
    assert answered["model_version"] is None
    assert server.body(1)["deals"][0] == {"deal_id": "D-1000"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, NotAllowed), (403, NotAllowed), (404, NotFound), (422, NotAccepted), (500, ServiceTrouble)],
)
def test_what_would_not_pass_is_not_tried_again(both, faulty, status, kind) -> None:
    problem = {
        "type": "urn:foresell:problem:such-and-such",
        "title": "T",
        "status": status,
        "detail": "what happened",
        "fix": "what to do",
        "instance": "urn:foresell:request:r7",
        "errors": [{"field": "deals[0]", "message": "wrong"}],
    }
    server = faulty([(status, {}, problem), SCORES])

    with pytest.raises(kind, match="what happened") as refused:
        both.do(server.address, score)
    assert len(server.asked) == 1
    assert refused.value.problem == problem
    assert (refused.value.kind, refused.value.request_id, refused.value.status) == ("such-and-such", "r7", status)
    assert "deals[0]: wrong" in str(refused.value)


def test_a_key_in_use_is_waited_for_and_another_conflict_is_not(both, faulty) -> None:
    conflict = {"type": "t:c", "title": "C", "status": 409, "detail": "d", "fix": "f"}
    event = [{"table": "activities", "row": {}}]
    waits = faulty([(409, {"Retry-After": "1"}, conflict), EVENTS])
    assert both.do(waits.address, lambda foresell: foresell.send_events(event))["accepted"] == 1

    with pytest.raises(Refused):
        both.do(faulty([(409, {}, conflict)]).address, lambda foresell: foresell.send_events(event))


def test_too_long_a_retry_after_is_not_waited_for(both, faulty) -> None:
    server = faulty([(503, {"Retry-After": "3600"}, b""), SCORES])

    with pytest.raises(Busy):
        both.do(server.address, score)
    assert both.pauses == []


def test_an_answer_of_a_proxy_becomes_a_problem_that_says_so(both, faulty) -> None:
    server = faulty([(403, {}, b"<html>blocked</html>")])

    with pytest.raises(NotAllowed, match="<html>blocked") as refused:
        both.do(server.address, score)
    assert refused.value.kind == "no-problem-document"


def test_success_that_is_no_json_is_no_answer(both, faulty) -> None:
    with pytest.raises(NoAnswer, match="not JSON"):
        both.do(faulty([(200, {}, b"<html>")]).address, score)


def test_a_service_that_is_not_ready_says_why_without_being_asked_twice(both, faulty) -> None:
    server = faulty([(503, {"Retry-After": "1"}, {"ready": False})])

    assert both.do(server.address, lambda foresell: foresell.readiness()) == {"ready": False}


def test_pages_are_read_to_the_end(both, faulty) -> None:
    pages = [{"deals": [{"deal_id": "D-1"}], "next": "c2"}, {"deals": [{"deal_id": "D-2"}], "next": None}]
    server = faulty([(200, {}, page) for page in pages])

    if both.kind == "sync":
        found = both.do(server.address, lambda foresell: list(foresell.every_deal(stage=["A", "B"])))
    else:

        async def gather(foresell: AsyncForesell) -> list[Any]:
            return [deal async for deal in foresell.every_deal(stage=["A", "B"])]

        found = both.do(server.address, gather)

    assert [one["deal_id"] for one in found] == ["D-1", "D-2"]
    assert server.head(0)[""] == "GET /v1/deals?limit=200&stage=A&stage=B HTTP/1.1"
    assert server.head(1)[""] == "GET /v1/deals?limit=200&stage=A&stage=B&cursor=c2 HTTP/1.1"


def test_a_client_of_ones_own_is_left_open(faulty) -> None:
    with httpx.Client() as http:
        with Foresell(faulty([SCORES]).address, http=http) as foresell:
            foresell.score_deals(["D-1"])
        assert not http.is_closed


def test_the_client_loads_nothing_of_the_service() -> None:
    code = "import sys, json, serving.client; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout))

    assert {"fastapi", "starlette", "sqlalchemy", "pydantic", "numpy", "pyarrow"} & loaded == set()
    assert [name for name in loaded if name.startswith(("features", "training"))] == []
    assert [name for name in loaded if name.startswith("serving.") and not name.startswith("serving.client")] == []
