"""The small company's service over a real socket: started, asked, stopped."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from time import sleep

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from serving.access.keys import create_key
from serving.app import create_app
from serving.champion import Sources
from serving.settings import ServingSettings
from serving.store.opening import open_store
from tests.serving.small_company import NOW, SMALL, UNTIL, SmallChampion, deliver, found, promote


@pytest.fixture
def settings(tmp_path: Path) -> ServingSettings:
    """Settings of a home with a history and a champion."""
    return found(tmp_path / "home")


@dataclass(frozen=True)
class Service:
    """A client of a running app over a real socket, with a key."""

    client: httpx.Client
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def score(self, *deals: Mapping[str, object], **more: object) -> dict[str, object]:
        answer = self.client.post("/v1/scores/deals", json={"deals": deals, **more}, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refused(self, status: int, *deals: Mapping[str, object], **more: object) -> dict[str, object]:
        answer = self.client.post("/v1/scores/deals", json={"deals": deals, **more}, headers=self.headers)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        return dict(answer.json())

    def get(self, path: str) -> dict[str, object]:
        answer = self.client.get(path, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


class Served:
    """An app served by uvicorn on a free port of this machine, in a thread."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self._socket = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=5)
        self._server = uvicorn.Server(config)
        self._thread = Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the service did not start"
            sleep(0.005)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self._socket.getsockname()[1]}", timeout=20)

    def stop(self) -> None:
        """Close the client and wait for the server to end."""
        self.client.close()
        self._server.should_exit = True
        self._thread.join(20)
        self._socket.close()


def make_key(settings: ServingSettings, *scopes: str, expires_at: datetime | None = None) -> str:
    """A key of the service's database."""
    store = open_store(settings.store_address)
    try:
        return create_key(store, "test", scopes, expires_at, NOW)
    finally:
        store.close()


class Starter:
    """Starts services for one home and stops them all."""

    def __init__(self, settings: ServingSettings) -> None:
        self._settings = settings
        self._running: list[Served] = []

    def __call__(
        self,
        scopes: Sequence[str] = ("score", "read"),
        now: datetime = NOW,
        wall: datetime = NOW,
        sources: Sources = SMALL,
        **changed: object,
    ) -> Service:
        wanted = ServingSettings(**{**self._settings.model_dump(), **changed})
        served = Served(create_app(wanted, lambda: now, sources=sources, wall_clock=lambda: wall))
        self._running.append(served)
        served.app.state.shelf.wait_until_loaded(timedelta(seconds=20))
        return Service(served.client, make_key(wanted, *scopes))

    def stop(self) -> None:
        """Stop all that run."""
        for served in self._running:
            served.stop()


@pytest.fixture
def start(settings: ServingSettings) -> Iterator[Starter]:
    """Starts a service of its own: `start(scopes=("score",), now=..., wall=..., sources=..., <setting>=...)`."""
    starter = Starter(settings)
    yield starter
    starter.stop()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service that tests only ask; a test that changes its home starts one of its own."""
    starter = Starter(found(tmp_path_factory.mktemp("service") / "home"))
    yield starter()
    starter.stop()


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The same with a churn model beside, and keys that are remembered: it may answer by the short way."""
    settings = found(tmp_path_factory.mktemp("quick") / "home")
    promote(settings.home, "3", model="churn")
    starter = Starter(settings)
    yield starter(key_recheck="00:10:00")
    starter.stop()


@dataclass(frozen=True)
class Company:
    """What tests tell the small company to do."""

    home: Path
    now: datetime = NOW
    until: datetime = UNTIL
    sources: Sources = SMALL
    champion: type[SmallChampion] = SmallChampion

    def promote(self, version: str, bonus: float = 0.5, until: datetime = UNTIL, model: str = "win") -> None:
        """Make a model the champion, or its shadow (`win.shadow`)."""
        promote(self.home, version, bonus, until, model=model)

    def promote_broken(self, version: str) -> None:
        """Make a model the champion whose bundle cannot be read."""
        promote(self.home, version, content="{")

    def deliver(self, *deals: tuple[object, ...]) -> None:
        """Put more deals on record."""
        deliver(self.home, deals)

    def make_key(self, settings: ServingSettings, *scopes: str, expires_at: datetime | None = None) -> str:
        """A key of the service's database."""
        return make_key(settings, *scopes, expires_at=expires_at)


@pytest.fixture
def company(settings: ServingSettings) -> Company:
    """The company behind the service."""
    return Company(settings.home)
