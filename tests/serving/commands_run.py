"""`foresell` as its users run it: a command in this process, the service in one of its own."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from time import sleep
from typing import NamedTuple

import httpx
import pytest


class Said(NamedTuple):
    """How a command ended and what it said."""

    status: int
    out: str
    err: str


@pytest.fixture(scope="session")
def command() -> Callable[..., Said]:
    """Runs `foresell` with these words in this process."""
    from serving.cli import main

    def run(*given: object) -> Said:
        out, err, before = StringIO(), StringIO(), sys.argv
        sys.argv, status = ["foresell", *map(str, given)], 0
        try:
            with redirect_stdout(out), redirect_stderr(err):
                main()
        except SystemExit as ended:
            status = int(ended.code or 0)
        finally:
            sys.argv = before
        return Said(status, out.getvalue(), err.getvalue())

    return run


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, command: Callable[..., Said]) -> tuple[Path, Said]:
    """The home that `foresell demo --no-serve` made, with all its models, and what was said. Copy it to change it."""
    home = tmp_path_factory.mktemp("demo") / "home"
    return home, command("--home", home, "demo", "--deals", 300, "--no-serve")


class Process:
    """`foresell serve` in a process of its own on a free port, with settings from the environment."""

    def __init__(self, log: Path, words: Sequence[object], program: str, given: Mapping[str, str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.log, self.address = log, f"http://127.0.0.1:{self.port}"
        line = [sys.executable, "-c", program, "serve", "--port", str(self.port), *map(str, words)]
        environment = {**os.environ, **{f"FORESELL_{name.upper()}": value for name, value in given.items()}}
        with log.open("wb") as stream:
            self._process = subprocess.Popen(line, env=environment, stdout=stream, stderr=stream)
        self.pid = self._process.pid

    def wait_until_ready(self, seconds: float = 60) -> "Process":
        """Until it can answer scores."""
        for _ in range(round(seconds / 0.05)):
            assert self._process.poll() is None, self.log.read_text()
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.address}/readyz", timeout=10).status_code == 200:
                    return self
            sleep(0.05)
        raise AssertionError(self.log.read_text()[-3000:])

    def lines(self) -> list[dict[str, object]]:
        """What it logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self) -> None:
        """Ask it to end, and wait."""
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait(60)


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Process]]:
    """Starts processes of the service and stops them: `serve("--as-of", ..., home=..., database=...)`."""
    logs, running = tmp_path_factory.mktemp("serve"), list[Process]()

    def begin(*given: object, program: str = "from serving.cli import main; main()", **settings: str) -> Process:
        running.append(Process(logs / f"{len(running)}.log", given, program, settings))
        return running[-1]

    yield begin
    for one in running:
        one.stop()
