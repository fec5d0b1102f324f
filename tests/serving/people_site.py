"""A service without models, asked within the process of the test: for what concerns people."""

import asyncio
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from serving.access.keys import create_key
from serving.app import create_app
from serving.champion import Sources
from serving.settings import ServingSettings
from tests.serving.databases import prepared_sqlite
from tests.serving.small_company import NOW, load, pointer, small_records

NOTHING = Sources(find=lambda home, model: None, watched=pointer, load=load, remember=small_records)


class Site:
    """A service without models, asked within this process: for what concerns people. Its clock is moved by tests."""

    def __init__(self, settings: ServingSettings) -> None:
        self.now = NOW
        self._loop = asyncio.Runner()
        self.app = create_app(settings, lambda: NOW, sources=NOTHING, wall_clock=lambda: self.now)
        self._life = self.app.router.lifespan_context(self.app)
        self._loop.run(self._life.__aenter__())
        self.gate = self.app.state.gate
        self.store = self.app.state.store
        self.cookies: dict[str, str] = {}
        self.address = "192.0.2.7"

    def __call__(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **sent: object
    ) -> httpx.Response:
        """Ask as a browser with the cookies it was given; its own page sends the request unless headers say other."""
        return self._loop.run(self._ask(method, path, headers or {}, sent))

    async def _ask(
        self, method: str, path: str, headers: Mapping[str, str], sent: Mapping[str, object]
    ) -> httpx.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        transport = httpx.ASGITransport(app=self.app, client=(self.address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="https://foresell.test") as client:
            given = {**({"Cookie": cookie} if cookie else {}), **headers}
            answer = await client.request(method, path, headers=given, **sent)  # type: ignore[arg-type]
        for set_cookie in answer.headers.get_list("set-cookie"):
            name, _, value = set_cookie.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
            if not self.cookies[name]:
                del self.cookies[name]
        return answer

    def key(self, *scopes: str, **more: object) -> dict[str, str]:
        """The header of a new key."""
        return {"Authorization": f"Bearer {create_key(self.store, 'test', scopes, None, self.now, **more)}"}  # type: ignore[arg-type]

    def sign_in(self, name: str, password: str) -> httpx.Response:
        """Sign in as a program in a browser does."""
        return self("POST", "/v1/session", json={"name": name, "password": password})

    def token(self) -> dict[str, str]:
        """The header that writes of the session need."""
        return {"X-CSRF-Token": self("GET", "/v1/session").json()["csrf_token"]}

    def close(self) -> None:
        """End the service."""
        self._loop.run(self._life.__aexit__(None, None, None))
        self._loop.close()


@pytest.fixture
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that cost next to nothing: tests of what is around them."""
    from serving.access import passwords

    monkeypatch.setattr("serving.access.keys.SCRYPT_N", 16)
    for name, value in (("N", 16), ("P", 1)):
        monkeypatch.setattr(passwords, name, value)
    passwords._nobodys.cache_clear()


@pytest.fixture
def open_site(tmp_path: Path, cheap_hashes: None, _prepared: dict[str, str]) -> Iterator[Callable[..., Site]]:
    """Opens a site with these settings: `open_site(session_idle=...)`."""
    opened: list[Site] = []
    (tmp_path / "home").mkdir()
    shutil.copy(prepared_sqlite(_prepared), tmp_path / "home" / "foresell.db")

    def make(**changed: object) -> Site:
        given = {"home": tmp_path / "home", "key_recheck": timedelta(0), "first_load_wait": timedelta(0), "jobs": False}
        opened.append(Site(ServingSettings(**{**given, **changed})))  # type: ignore[arg-type]
        return opened[-1]

    yield make
    for site in opened:
        site.close()


@pytest.fixture
def site(open_site: Callable[..., Site]) -> Site:
    """A service without models."""
    return open_site()
