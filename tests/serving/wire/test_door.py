"""Whose body is read: nobody's without a key, and of large ones a few megabytes at a time."""

import asyncio
import json

import pytest

from serving.access.calls import calls_of
from serving.access.needs import Open
from serving.problems.documents import RefusedRequest
from serving.problems.errors import KeyMissing
from serving.wire import door
from serving.wire.door import LARGE, MOST_OPEN, MOST_VALUES, OPEN, Door, Room, values_in


def test_those_who_come_first_go_first_and_one_larger_than_all_goes_alone():
    async def visit(room, size, name, told):
        taken = await room.enter(size)
        told.append(f"{name} in")
        await asyncio.sleep(0)
        told.append(f"{name} out")
        room.leave(taken)

    async def all_of_them():
        told, room = [], Room(10)
        async with asyncio.TaskGroup() as group:
            for name, size in (("a", 4), ("b", 6), ("large", 99), ("c", 1)):
                group.create_task(visit(room, size, name, told))
        return told, room

    told, room = asyncio.run(all_of_them())

    assert told == ["a in", "b in", "a out", "b out", "large in", "large out", "c in", "c out"]
    assert room._taken == 0


def test_who_gives_up_waiting_takes_no_room():
    async def tried():
        room = Room(10)
        taken = await room.enter(10)
        waiting = [asyncio.ensure_future(room.enter(size)) for size in (10, 3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        room.leave(taken)
        # The next one's turn has come, and it goes away before it knows.
        waiting[1].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return room._taken, await room.enter(10)

    assert asyncio.run(tried()) == (0, 10)


@pytest.mark.parametrize(
    ("value", "count"),
    [({}, 2), ([1, 2, 3], 4), ({"a": [1, {"b": "c, [d]"}], "e": 'f", "g'}, 6), ("\\", 1), (["\\", '"', ","], 4)],
)
def test_values_are_counted_and_what_stands_in_texts_is_not(monkeypatch, value, count):
    monkeypatch.setattr(door, "MOST_VALUES", count - 2)

    assert values_in(json.dumps(value).encode()) in (count, count - 1)


def test_so_many_texts_as_no_call_needs_are_too_many_without_a_closer_look():
    assert values_in(b"[" + b'"a",' * (3 * MOST_VALUES) + b'"a"]') > MOST_VALUES
    assert values_in(b'["' + b"," * (3 * MOST_VALUES) + b'"]') <= 3


def test_every_open_call_with_a_body_is_known_to_the_door(site):
    sent = {"POST", "PUT", "PATCH", "DELETE"}
    found = {call.path for call in calls_of(site.app) if isinstance(call.declares, Open) and call.method in sent}

    assert found == OPEN


class Body:
    """A body that comes in parts; knows how many were taken."""

    def __init__(self, parts):
        self.parts, self.taken = parts, 0

    async def receive(self):
        self.taken += 1
        more = self.taken < len(self.parts)
        return {"type": "http.request", "body": self.parts[self.taken - 1], "more_body": more}


def knock(monkeypatch, parts, path="/v1/events", known=True, **headers):
    """What the app behind the door got of this body."""

    async def knows(request):
        if not known:
            raise KeyMissing
        request.state.caller = "somebody"

    async def app(scope, receive, send):
        got.append(await receive())

    got, body = [], Body(parts)
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "path": path, "method": "POST", "headers": named, "state": {}}
    monkeypatch.setattr(door, "admitted", knows)
    inside = Door(app)
    try:
        asyncio.run(inside(scope, body.receive, None))
    except RefusedRequest as refusal:
        got.append(type(refusal.error).__name__)
    assert inside._room._taken == 0
    return got[0], body.taken, scope["state"]


def test_nothing_is_taken_of_who_is_not_known(monkeypatch):
    for headers in ({"content_length": "3"}, {"transfer_encoding": "chunked"}, {"content_length": str(LARGE + 1)}):
        assert knock(monkeypatch, [b"abc"], known=False, **headers) == ("KeyMissing", 0, {})


def test_a_small_body_comes_as_it_came_and_a_large_one_or_one_of_unknown_length_whole(monkeypatch):
    got, taken, state = knock(monkeypatch, [b"ab", b"c"], content_length="3")
    assert (got["body"], got["more_body"], taken, state) == (b"ab", True, 1, {"caller": "somebody"})

    for headers in ({"transfer_encoding": "chunked"}, {"content_length": str(LARGE + 1)}):
        got, taken, _ = knock(monkeypatch, [b"ab", b"c"], **headers)
        assert (got["body"], got["more_body"], taken) == (b"abc", False, 2)


def test_more_values_than_any_call_needs_are_not_parsed(monkeypatch):
    assert knock(monkeypatch, [b"[" + b"0," * MOST_VALUES + b"0]"], transfer_encoding="chunked")[0] == "TooManyValues"


def test_where_one_signs_in_little_is_read_and_no_key_asked_for(monkeypatch):
    for path in OPEN:
        assert knock(monkeypatch, [b"abc"], path, False, content_length="3")[0]["body"] == b"abc"
        assert knock(monkeypatch, [b"x" * (MOST_OPEN + 1)], path, False, content_length="9")[0] == "OpenBodyTooLarge"


def test_a_refusal_at_the_door_reads_like_that_of_the_route(site):
    small, large = b"{}", b"x" * (LARGE + 1)
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": f"Bearer fsl_abcdefgh_{'x' * 43}"}):
        without = site("GET", "/v1/keys", headers)
        for body in (small, large):
            answer = site("POST", "/v1/keys", headers, content=body)
            assert (answer.status_code, answer.json()["type"]) == (401, without.json()["type"])
            assert answer.headers["www-authenticate"] == without.headers["www-authenticate"]
    assert site("POST", "/v1/nothing", content=small).status_code == 404


def test_a_known_session_is_enough_where_only_a_session_will_do_and_a_key_is_not(site):
    key = site.key("admin")
    assert site("DELETE", "/v1/session", {**key, "Content-Length": "2"}, content=b"{}").status_code == 401
