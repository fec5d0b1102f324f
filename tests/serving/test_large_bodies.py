"""How much memory do large bodies take? None without a key, and with one that of one body at a time."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

LARGEST = 15_900_000
MB = 1_000_000


@pytest.fixture(scope="module")
def service(serve, command, tmp_path_factory):
    """A process of a home without history or models, and the header of a key."""
    home = tmp_path_factory.mktemp("large") / "home"
    key = command("--home", home, "keys", "create", "--name", "a", "--scopes", "admin").out.split()[0]
    process = serve(home=str(home), first_load_wait="PT0S", jobs="false")
    for _ in range(600):
        try:
            if httpx.get(f"{process.address}/healthz").status_code == 200:
                break
        except httpx.TransportError:
            continue
    return process, {"Authorization": f"Bearer {key}"}


def memory(process, what: str) -> int:
    """Bytes of memory it holds (VmRSS), or held at most (VmHWM)."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(what)).split()[1])


def eight_at_once(process, headers, body: bytes, path: str = "/v1/events") -> tuple[set[int], int]:
    """The statuses of the same request sent eight times at once, and by how much the process grew at most."""
    address, sent = f"{process.address}{path}", {**headers, "Content-Type": "application/json", "Idempotency-Key": "a"}
    httpx.post(address, content=b"{}", headers=sent)
    before = memory(process, "VmRSS")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: httpx.post(address, content=body, headers=sent, timeout=60), range(8)))
    assert not [answer for answer in answers if "detail" not in answer.json()]
    return {answer.status_code for answer in answers}, memory(process, "VmHWM") - before


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the most memory ever held")
def test_large_bodies_are_not_kept_without_a_key_and_parsed_one_at_a_time_with_one(service):
    process, headers = service
    bomb = b'{"events": [' + b"{}," * (LARGEST // 3) + b"{}]}"
    wide = json.dumps({"events": [{}] * 240_000}).encode()[:-1] + b', "x": "' + b"x" * (LARGEST - 2 * MB) + b'"}'

    for body in (bomb, wide):
        statuses, grown = eight_at_once(process, {}, body)
        assert (statuses, grown < 60 * MB) == ({401}, True), grown
    statuses, grown = eight_at_once(process, headers, bomb)
    assert (statuses, grown < 300 * MB) == ({413}, True), grown
    statuses, grown = eight_at_once(process, headers, wide)
    assert (statuses, grown < 500 * MB) == ({422}, True), grown
