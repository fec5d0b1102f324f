"""A service behind the guarded server, asked over raw sockets; its champion is laid out for reading in order."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from threading import Thread
from time import monotonic, sleep
from types import SimpleNamespace

import pytest

from serving.app import create_app
from serving.settings import ServingSettings
from serving.telemetry.metrics import Metrics
from serving.wire.at_once import AtOnce
from serving.wire.connections import GuardedServer, server_of
from training.rowwise.columns import RowColumns

COLUMNS = RowColumns(["deal_amount"], {"deal_stage": ["Proposal"]})
FULL = {"deal_amount": 5000, "deal_stage": "Proposal"}


def laid_out(champion):
    """The same champion, whose scorer reads an amount, and a stage by its code: 0 for Proposal."""

    class LaidOut(type(champion)):
        @property
        def scorer(self):
            return SimpleNamespace(tables=SimpleNamespace(columns=COLUMNS))

        def answer_told(self, numbers, codes, row, horizons, language, most):
            told = {"deal_amount": numbers[0], "deal_stage": "Proposal" if codes[0] == 0 else row.get("deal_stage")}
            assert told == {name: row.get(name) for name in told}
            return self.answer(told, horizons, language, most)

        def answers_told(self, numbers, codes, rows, horizons, language, most):
            every = zip(numbers, codes, rows, strict=True)
            return [self.answer_told(*one, horizons, language, most) for one in every]

    return LaidOut(champion.version, champion.bonus, champion.until)


@dataclass
class Asking:
    """A running service and a key."""

    server: GuardedServer
    port: int
    key: str
    metrics: Metrics
    tried: list[bool]

    def request(self, body: object, kind: str = "application/json", **more: str) -> bytes:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = {"Host": "here", "Authorization": f"Bearer {self.key}", "X-Request-ID": "one", "Content-Type": kind}
        named = {**head, **{name.replace("_", "-"): value for name, value in more.items()}}
        lines = [f"{name}: {value}" for name, value in named.items()]
        start = ["POST /v1/scores/deals HTTP/1.1", *lines, f"Content-Length: {len(sent)}", "", ""]
        return "\r\n".join(start).encode() + sent

    def ask(self, body: object, kind: str = "application/json", **more: str) -> tuple[bool, bytes, list[bytes], bytes]:
        """Whether it was answered at once, and status, headers but the date, and body of the answer."""
        self.tried.clear()
        (answer,) = self.say([self.request(body, kind, **more)])
        return any(self.tried), *answer

    def say(self, parts: list[bytes], answers: int = 1) -> list[tuple[bytes, list[bytes], bytes]]:
        """Send parts one by one and read so many answers."""
        found, left = [], b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            for number, part in enumerate(parts):
                if number:
                    sleep(0.05)
                connection.sendall(part)
            for _ in range(answers):
                while b"\r\n\r\n" not in left:
                    left += connection.recv(65536)
                head, _, left = left.partition(b"\r\n\r\n")
                status, *headers = head.split(b"\r\n")
                length = next(int(line[15:]) for line in headers if line.lower().startswith(b"content-length:"))
                while len(left) < length:
                    left += connection.recv(65536)
                shown = [line for line in headers if not line.lower().startswith(b"date:")]
                found.append((status, shown, left[:length]))
                left = left[length:]
        return found


@pytest.fixture
def begin(settings, company, monkeypatch) -> Iterator[object]:
    """Starts services: `begin(<setting>=...)`."""
    running, tried = [], []
    answer = AtOnce.answer

    def counted(self, *args):
        found = answer(self, *args)
        tried.append(found.answer is not None)
        return found

    monkeypatch.setattr(AtOnce, "answer", counted)
    small = company.sources
    sources = replace(
        small,
        load=lambda folder: laid_out(small.load(folder)) if folder.name.startswith("win") else small.load(folder),
        words=lambda folder: {"deal_stage": frozenset({"Proposal", "Contact"})},
    )

    def start(**changed):
        given = ServingSettings(**{**settings.model_dump(), "key_recheck": "PT10M", **changed})
        metrics = Metrics()
        app = create_app(given, lambda: company.now, sources=sources, wall_clock=lambda: company.now, counts=metrics)
        server = server_of(app, given, metrics)
        listens = socket.create_server(("127.0.0.1", 0))
        thread = Thread(target=server.run, args=([listens],), daemon=True)
        thread.start()
        until = monotonic() + 20
        while not (server.started and app.state.shelf.records is not None):
            assert monotonic() < until
            sleep(0.01)
        running.append((server, thread, listens))
        return Asking(server, listens.getsockname()[1], company.make_key(given, "score"), metrics, tried)

    yield start
    for server, thread, listens in running:
        server.should_exit = True
        thread.join(20)
        listens.close()


@pytest.fixture
def asking(begin):
    """A service that remembers the key already."""
    made = begin()
    assert made.ask({"deals": [{"features": FULL}]})[1].endswith(b"200 OK")
    return made


PLAIN = [
    {},
    {"reasons": 0},
    {"horizons": [7.5, 30]},
    {"horizons": []},
    {"reasons": 1, "dates": [], "as_of": None},
]
UNUSUAL = [
    {"deals": [{"features": {"deal_amount": 5000}}]},
    {"deals": [{"features": {**FULL, "deal_stage": "Never"}}]},
    {"deals": [{"features": {**FULL, "attribute_x": 1}}]},
    {"deals": [{"features": {**FULL, "deal_amount": "much"}}]},
    {"deals": [{"features": FULL}, {"features": FULL}]},
    {"deals": [{"features": FULL}], "dates": ["2026-12-31"]},
    {"deals": [{"features": FULL}], "as_of": "2026-11-20"},
    {"deals": [{"features": FULL}], "reasons": 101},
    {"deals": [{"deal_id": "D-1"}]},
    {"deals": []},
    b"{",
    b'{"deals": [{"features": {"deal_amount": 1e999, "deal_stage": null}}]}',
]


def test_the_answer_is_the_same_to_the_byte(asking):
    for more in PLAIN:
        body = {"deals": [{"features": FULL, "deal_id": "单"}], **more}
        at_once = asking.ask(body, Accept_Language="zh")
        later = asking.ask(body, "application/json; v=1", Accept_Language="zh")

        assert (at_once[0], later[0]) == (True, False)
        assert at_once[1:] == later[1:]
        assert json.loads(at_once[3])["scores"][0]["probability"] > 0.5


def test_what_is_unusual_goes_the_usual_way(asking):
    for body in UNUSUAL:
        first, second = asking.ask(body), asking.ask(body, "application/json; v=1")

        assert not first[0], body
        assert first[1:] == second[1:]
    plain = {"deals": [{"features": FULL}]}
    assert b" 401 " in asking.ask(plain, Authorization="Bearer fsl_aaaaaaaa_no")[1]
    assert b" 415 " in asking.ask(plain, Content_Encoding="gzip")[1]


def test_a_body_that_comes_in_parts_is_answered(asking):
    whole = asking.request({"deals": [{"features": FULL}]})
    (alone,) = asking.say([whole])

    assert asking.say([whole[:-30], whole[-30:-10], whole[-10:]]) == [alone]
    assert asking.say([whole[:40], whole[40:]]) == [alone]


def test_requests_of_one_connection_are_answered_in_order(asking):
    bodies = [
        {"deals": [{"features": FULL, "deal_id": "first"}]},
        {"deals": [{"deal_id": "D-1"}]},
        {"deals": [{"features": FULL, "deal_id": "third"}]},
    ]
    said = asking.say([b"".join(map(asking.request, bodies))], answers=3)

    assert [json.loads(body)["scores"][0]["deal_id"] for _, _, body in said] == ["first", "D-1", "third"]


def test_what_was_answered_at_once_is_not_counted_as_the_head_of_the_next_request(asking):
    body = json.dumps({"deals": [{"features": FULL}]}).encode() + b" " * 3000
    said = asking.say([asking.request(body) * 30, asking.request(body) * 30], 60)

    assert {status for status, _, _ in said} == {b"HTTP/1.1 200 OK"}


def test_it_is_counted_as_others_are(asking):
    def seen():
        told = asking.metrics.snapshot()
        answered = told["request_duration_seconds"]["/v1/scores/deals", "POST", "200"]
        return sum(answered[1:]), told["scores"]["win", "features"][0]

    before = seen()
    assert asking.ask({"deals": [{"features": FULL}]})[0]

    assert seen() == (before[0] + 1, before[1] + 1)


def test_a_request_takes_one_token_whichever_way_it_goes(begin):
    asking = begin(requests_per_minute=3)
    said = [
        asking.ask({"deals": [{"features": FULL}]}),
        asking.ask({"deals": [{"features": {"deal_amount": 5000}}]}),
        asking.ask({"deals": [{"features": FULL}]}),
        asking.ask({"deals": [{"features": FULL}]}),
    ]

    assert [status.split()[1] for _, status, _, _ in said] == [b"200", b"200", b"200", b"429"]
    assert [at_once for at_once, *_ in said] == [False, False, True, False]


def test_many_deals_read_in_order_are_scored_as_each_alone(asking):
    deals = [{"features": {"deal_amount": 100.0 * place, "deal_stage": "Proposal"}} for place in range(1, 100)]
    deals[7]["features"]["deal_stage"] = "Never"
    del deals[8]["features"]["deal_stage"]
    together = json.loads(asking.ask({"deals": deals})[3])["scores"]

    assert together == [json.loads(asking.ask({"deals": [deal]})[3])["scores"][0] for deal in deals]
    assert [place for place, score in enumerate(together) if score["note"]] == [7, 8]


@pytest.fixture
def known(monkeypatch) -> list[bool]:
    """Whether each request whose head was known was answered."""
    found, answer = [], AtOnce.answer_known

    def noted(self, *args):
        said = answer(self, *args)
        found.append(said.answer is not None)
        return said

    monkeypatch.setattr(AtOnce, "answer_known", noted)
    return found


def test_a_head_that_was_read_before_is_not_read_again_and_answered_alike(asking, known):
    def without_id(body):
        return asking.request(body).replace(b"X-Request-ID: one\r\n", b"Accept-Language: zh\r\n")

    def told(parts, answers=1):
        said = asking.say(parts, answers)
        return [(status, sorted(line.split(b":")[0] for line in headers), body) for status, headers, body in said]

    body = {"deals": [{"features": FULL, "deal_id": "a"}]}
    assert told([without_id(body)]) == told([without_id(body)])
    assert known == [True]
    # Other bytes, other lengths, requests in parts and together, and callers who number theirs are read.
    for parts, answers in (
        ([without_id(body).replace(b"Host: here", b"Host: there")], 1),
        ([without_id({**body, "reasons": 0})], 1),
        ([without_id(body)[:50], without_id(body)[50:]], 1),
        ([without_id(body)[:-5], without_id(body)[-5:]], 1),
        ([without_id(body) * 2], 2),
        ([asking.request(body), asking.request(body)], 2),
    ):
        assert all(status.endswith(b"200 OK") for status, _, _ in told(parts, answers))
        assert known == [True], parts
    # What cannot be answered at once goes its way with the head read.
    other = {"deals": [{"features": {**FULL, "deal_stage": "Proposa!"}, "deal_id": "a"}]}
    assert b"Proposa!" in told([without_id(other)])[0][2]
    assert known == [True, False]


def test_a_known_head_opens_nothing_once_its_key_is_too_old_or_has_asked_too_often(begin, known, monkeypatch):
    asking = begin(requests_per_minute=4)
    asked = asking.request({"deals": [{"features": FULL}]}).replace(b"X-Request-ID: one\r\n", b"")
    unmet = {"deals": [{"features": {**FULL, "deal_stage": "Proposa!"}}]}
    unmet = asking.request(unmet).replace(b"X-Request-ID: one\r\n", b"")
    assert len(asked) == len(unmet)
    said = [asking.say([one])[0] for one in (asked, asked, unmet, asked, asked)]

    # One token each, also where the head was known and the body had to go the usual way.
    assert [status.split()[1] for status, _, _ in said] == [b"200", b"200", b"200", b"200", b"429"]
    assert known == [False, True, False]


def test_few_heads_are_known_at_a_time(asking, monkeypatch):
    from serving.wire import at_once as wire

    monkeypatch.setattr(wire, "MOST_KNOWN", 3)
    house = AtOnce(SimpleNamespace(settings=SimpleNamespace(language="en")), Metrics())
    for number in range(10):
        head = wire.Head(b"Bearer key", None, None, 2)
        house.learn(b"POST %d\r\n\r\n{}" % number, head)
    assert len(house._known) <= 3
    assert house.known(b"POST 9\r\n\r\n{}").length == 2
    assert house.known(b"POST 9\r\n\r\n{} ") is None
    assert house.known(b"POST 9\r\n\r\n") is None
    assert b"key" not in b"".join(part for known in house._known.items() for part in (known[0], known[1].key))
