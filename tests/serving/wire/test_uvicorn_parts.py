"""Every part of uvicorn and httptools that the guarded server leans on, so that an upgrade fails here and says why.

None of it is promised by their documentation. Where a test fails after an upgrade: read the new source, mend
`protocol.py`, `guarded.py` and `connections.py` of `serving/wire`, then raise the bound in `pyproject.toml`.
"""

import asyncio
import inspect
import tomllib
from pathlib import Path

import httptools
import pytest
import uvicorn
from uvicorn import Config, Server
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

ROOT = Path(__file__).resolve().parents[3]
WHY = "uvicorn {0} no longer has {1}, which serving/wire leans on: mend it, then raise the bound in pyproject.toml"
METHODS = {
    HttpToolsProtocol: {
        "connection_made": ["self", "transport"],
        "connection_lost": ["self", "exc"],
        "data_received": ["self", "data"],
        "on_message_begin": ["self"],
        "on_url": ["self", "url"],
        "on_header": ["self", "name", "value"],
        "on_headers_complete": ["self"],
        "on_body": ["self", "body"],
        "on_message_complete": ["self"],
        "on_response_complete": ["self"],
        "pause_writing": ["self"],
        "resume_writing": ["self"],
        "_unset_keepalive_if_required": ["self"],
        "_should_upgrade": ["self"],
    },
    Server: {
        "on_tick": ["self", "counter"],
        "shutdown": ["self", "sockets"],
        "handle_exit": ["self", "sig", "frame"],
    },
    FlowControl: {"pause_reading": ["self"], "resume_reading": ["self"]},
}


@pytest.mark.parametrize(("owner", "name"), [(owner, name) for owner, named in METHODS.items() for name in named])
def test_a_method_is_there_and_takes_what_it_took(owner, name) -> None:
    said = WHY.format(uvicorn.__version__, f"{owner.__name__}.{name}({', '.join(METHODS[owner][name])})")

    assert hasattr(owner, name), said
    assert list(inspect.signature(getattr(owner, name)).parameters) == METHODS[owner][name], said


async def app(scope, receive, send) -> None:
    """Never asked."""


def protocol() -> HttpToolsProtocol:
    return HttpToolsProtocol(Config(app, log_config=None), ServerState(), {}, asyncio.get_running_loop())


PARTS = ("app_state", "config", "connections", "cycle", "flow", "headers", "loop", "parser", "pipeline", "scope")


@pytest.mark.parametrize("part", [*PARTS, "server_state", "tasks", "timeout_keep_alive_task", "transport"])
def test_a_connection_has_its_parts(part) -> None:
    async def found() -> bool:
        return hasattr(protocol(), part)

    assert asyncio.run(found()), WHY.format(uvicorn.__version__, f"HttpToolsProtocol.{part}")


@pytest.mark.parametrize(
    "part", ["body", "disconnected", "keep_alive", "message_event", "response_complete", "response_started", "scope"]
)
def test_a_request_under_way_has_its_parts(part) -> None:
    source = inspect.getsource(RequestResponseCycle)

    assert f"self.{part}" in source, WHY.format(uvicorn.__version__, f"RequestResponseCycle.{part}")


def test_a_request_whose_caller_is_gone_sends_nothing_more() -> None:
    """A request that was refused in its body must not be answered behind the refusal."""

    class Wire:
        def write(self, data: bytes) -> None:
            raise AssertionError("written")

    async def tried() -> None:
        made = protocol()
        made.flow = FlowControl(Wire())
        given = {"scope": {}, "transport": Wire(), "flow": made.flow, "logger": made.logger, "access_log": False}
        given |= {"access_logger": made.access_logger, "default_headers": [], "message_event": asyncio.Event()}
        cycle = RequestResponseCycle(**given, expect_100_continue=False, keep_alive=True, on_response=lambda: None)
        cycle.disconnected = True
        await cycle.send({"type": "http.response.start", "status": 200, "headers": []})
        assert await cycle.receive() == {"type": "http.disconnect"}

    asyncio.run(tried())


def test_requests_wait_at_the_left_and_leave_at_the_right() -> None:
    """Whose turn is next is read off the row of those that wait."""
    assert "self.pipeline.appendleft(" in inspect.getsource(HttpToolsProtocol.on_headers_complete)
    assert "self.pipeline.pop()" in inspect.getsource(HttpToolsProtocol.on_response_complete)


@pytest.mark.parametrize("part", ["connections", "default_headers", "tasks", "total_requests"])
def test_the_server_counts_what_we_read(part) -> None:
    assert hasattr(ServerState(), part), WHY.format(uvicorn.__version__, f"ServerState.{part}")


def test_signals_that_were_caught_are_kept_where_they_are_cleared() -> None:
    assert Server(Config(app, log_config=None))._captured_signals == [], WHY.format(uvicorn.__version__, "them")


def test_the_parser_stops_behind_the_head_of_a_request_for_another_protocol_and_says_where() -> None:
    class Reader:
        """Hears nothing."""

    parser, head = (
        httptools.HttpRequestParser(Reader()),
        b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    )
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    with pytest.raises(httptools.HttpParserUpgrade) as stopped:
        parser.feed_data(head + b"rest")

    assert stopped.value.args[0] == len(head)
    assert (parser.get_method(), parser.get_http_version(), parser.should_upgrade()) == (b"GET", "1.1", True)


def test_no_newer_uvicorn_is_installed_than_was_read() -> None:
    needs = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    (bound,) = [need for need in needs if need.startswith("uvicorn")]
    major, minor = (int(part) for part in uvicorn.__version__.split(".")[:2])

    assert bound.endswith(f",<{major}.{minor + 1}"), (
        f"uvicorn {uvicorn.__version__} is installed, pyproject has {bound}"
    )
