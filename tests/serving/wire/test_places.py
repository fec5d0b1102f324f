"""Someone without a key cannot lock out who has one: over real sockets, with more callers than there are places."""

import socket
from contextlib import ExitStack
from threading import Thread
from time import sleep

import httpx
import pytest

from serving.access.keys import create_key
from serving.app import create_app
from serving.settings import ServingSettings
from serving.store.opening import open_store
from serving.telemetry.metrics import Metrics
from serving.wire.connections import server_of
from tests.serving.people_site import NOTHING
from tests.serving.small_company import NOW

PLACES = 8


class Crowded:
    """A service of few places, and those who take them."""

    def __init__(self, home) -> None:
        given = {"home": home, "requests_most": PLACES, "connections_most": 40, "jobs": False, "body_wait": "PT20S"}
        settings = ServingSettings(**{**given, "first_load_wait": "PT0S", "key_recheck": "PT0S"})
        store = open_store(settings.store_address)
        self.key, self.other = (create_key(store, name, ["read"], None, NOW) for name in ("CRM", "other"))
        store.close()
        self.metrics, self.ends = Metrics(), ExitStack()
        app = create_app(settings, lambda: NOW, sources=NOTHING, wall_clock=lambda: NOW, counts=self.metrics)
        self.server = server_of(app, settings, self.metrics)
        listens = self.ends.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.port = listens.getsockname()[1]
        self.thread = Thread(target=self.server.run, args=([listens],), daemon=True)
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive()
            sleep(0.005)

    def open(self) -> socket.socket:
        return self.ends.enter_context(socket.create_connection(("127.0.0.1", self.port), timeout=10))

    def crowd(self, count: int, sent: bytes) -> None:
        """So many who send this and read nothing."""
        for _ in range(count):
            connection = self.open()
            connection.setblocking(False)
            connection.send(sent)
        for _ in range(200):
            if self.ask("/docs").status_code == 503:
                return
            sleep(0.02)

    def ask(self, path: str = "/v1/session", key: str | None = None, **more: str) -> httpx.Response:
        headers = {**({"Authorization": f"Bearer {key}"} if key else {}), **more}
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=10)

    def stop(self) -> None:
        self.ends.close()
        self.server.should_exit = self.server.force_exit = True
        self.thread.join(20)
        assert not self.thread.is_alive()


@pytest.fixture
def crowded(tmp_path):
    made = Crowded(tmp_path)
    yield made
    made.stop()


UNREAD = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 99
UNSENT = b"POST /v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"


@pytest.mark.parametrize("sent", [UNREAD, UNSENT], ids=["who do not read", "who do not send"])
def test_strangers_take_no_places_of_those_who_have_a_key(crowded, sent):
    crowded.crowd(2 * PLACES, sent)

    assert crowded.ask("/docs").status_code == 503
    assert crowded.ask("/docs", Cookie="__Host-foresell-session=nobody").status_code == 401
    assert crowded.ask(key="nonsense").status_code == 401
    assert crowded.ask("/healthz").status_code == 200
    assert [crowded.ask(key=key).status_code for key in (crowded.key, crowded.other)] == [200, 200]


def test_connections_that_never_showed_a_key_make_way_for_new_ones(crowded):
    with httpx.Client(base_url=f"http://127.0.0.1:{crowded.port}", timeout=10) as crm:
        headers = {"Authorization": f"Bearer {crowded.key}"}
        assert crm.get("/v1/session", headers=headers).status_code == 200
        (own,) = [one for one in crowded.server.server_state.connections if one.proven]
        for _ in range(60):
            crowded.open()
        sleep(1.2)

        assert crowded.ask(key=crowded.other).status_code == 200
        # The connection on which a key was shown is still the same.
        assert crm.get("/v1/session", headers=headers).status_code == 200
        assert own in crowded.server.server_state.connections
