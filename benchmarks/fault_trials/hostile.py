"""What do callers send who are slow, large or malicious? Each of them for some seconds, in threads, with a real key."""

import json
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection, HTTPException

MB = 1_000_000
HEAD = "POST {path} HTTP/1.1\r\nHost: trial\r\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"


def slow(port: int, key: str, seconds: float, connections: int = 300) -> Counter[str]:
    """So many connections that send a byte a second, half of them of the head and half of the body."""
    head = HEAD.format(path="/v1/scores/deals", key=key).encode()
    opened = []
    for number in range(connections):
        with suppress(OSError):
            one = socket.create_connection(("127.0.0.1", port), timeout=5)
            one.sendall(head if number % 2 else head + b'Content-Length: 1000000\r\n\r\n{"deals":')
            one.setblocking(False)
            opened.append(one)
    until, said = time.monotonic() + seconds, Counter({"opened": len(opened)})
    while time.monotonic() < until and opened:
        for one in list(opened):
            try:
                one.send(b"x")
                answer = one.recv(4096)
            except BlockingIOError:
                continue
            except OSError:
                answer = b""
            said[_status(answer)] += 1
            one.close()
            opened.remove(one)
        time.sleep(1.0)
    said["still open"] = len(opened)
    for one in opened:
        one.close()
    return said


def large(port: int, key: str, seconds: float) -> Counter[str]:
    """Bodies of 10 MB that are correct, of 10 MB that are not, and larger than any may be; 8 at once."""
    blanks = b'{"deals": [{"record": {"amount": "1"}}]' + b" " * (10 * MB) + b"}"
    text = json.dumps({"deals": [{"record": {"title": "x" * 10 * MB}}]}).encode()
    many = json.dumps({"deals": [{"record": {"amount": "1"}}] * 300_000}).encode()
    row = {"activity_id": "large", "subject": "x" * 10 * MB, "type": "call"}
    events = json.dumps({"events": [{"table": "activities", "id": "large", "row": row}]}).encode()
    scores = [("/v1/scores/deals", body) for body in (blanks, text, many, b" " * (17 * MB))]
    return _send(port, key, [*scores, ("/v1/events", events)], seconds, 8)


def bombs(port: int, key: str, seconds: float) -> Counter[str]:
    """JSON made to hurt whoever reads it."""
    deep, long = 400_000, 2 * MB
    inner = [
        b"[" * deep,
        b"[" * deep + b"]" * deep,
        b'{"a":' * deep + b"1" + b"}" * deep,
        b'{"deals":[' * 1000,
        b'{"deals":[{"record":{"amount":' + b"9" * long + b"}}]}",
        b'{"deals":[{"record":{"amount":1e999999999}}]}',
        b'{"deals":[{"record":{"amount":NaN}}]}',
        b'{"deals":[{"features":{' + b",".join(b'"k%d":1' % n for n in range(200_000)) + b"}}]}",
        b'{"deals":[{"record":{' + b",".join(b'"amount":%d' % n for n in range(200_000)) + b"}}]}",
        b'{"deals":[{"deal_id":"\\ud800"}]}',
        b'{"deals":[{"deal_id":"\xff\xfe"}]}',
        b'{"deals":[' + b"0," * 900_000 + b"0]}",
        b'"' + b"\\u0000" * 300_000 + b'"',
    ]
    paths = ("/v1/scores/deals", "/v1/scores/customers", "/v1/events")
    return _send(port, key, [(path, body) for path in paths for body in inner], seconds, 4)


def _send(port: int, key: str, bodies: Sequence[tuple[str, bytes]], seconds: float, at_once: int) -> Counter[str]:
    until = time.monotonic() + seconds

    def some(first: int) -> Iterator[str]:
        for number in range(first, 10_000, at_once):
            if time.monotonic() > until and number >= len(bodies):
                return
            yield _answer(port, key, *bodies[number % len(bodies)])

    with ThreadPoolExecutor(at_once) as pool:
        found = pool.map(lambda first: Counter(some(first)), range(at_once))
    return sum(found, Counter[str]())


def _answer(port: int, key: str, path: str, body: bytes) -> str:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    try:
        connection.request("POST", path, body, headers)
        return str(connection.getresponse().status)
    except (OSError, HTTPException):
        # Whoever is refused before the end of a body sees the answer or a closed connection.
        return "closed"
    finally:
        connection.close()


def _status(answer: bytes) -> str:
    return answer[9:12].decode("ascii", "replace") if answer else "closed"
