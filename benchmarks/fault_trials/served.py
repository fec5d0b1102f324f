"""A real `foresell serve --workers N` on a home: started, looked after, wounded and started again."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

from benchmarks.http_load.servers import ONE_THREAD, free_port

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0
STAY_SAID = ("score_log: losing", "store: refusing")
"""What is said for a while after it is over, or as long as a worker lives."""

MORE_OFTEN = {"FORESELL_RETRY_LOAD_AFTER": "00:00:05", "FORESELL_FOLD_EVERY": "00:00:15"}
"""So that folding and loading anew happen in the short time of a trial too."""


class Service:
    """One service, always on the same port. `command` replaces the words after `python`, `settings` the usual ones."""

    def __init__(
        self,
        home: Path,
        address: str | None,
        log: Path,
        workers: int = 2,
        settings: Mapping[str, str] = MORE_OFTEN,
    ) -> None:
        self.home, self.address, self.log, self.port, self.settings = home, address, log, free_port(), settings
        self.command: Sequence[str] = (
            *("-m", "serving", "--home", str(home), "serve"),
            *("--port", str(self.port), "--workers", str(workers)),
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What its processes, and commands beside it, are told."""
        own = {"PYTHONPATH": str(ROOT), **ONE_THREAD, **self.settings}
        return {**os.environ, **own, **({} if self.address is None else {"FORESELL_DATABASE": self.address})}

    def start(self) -> None:
        """Start it; it need not be ready yet."""
        with self.log.open("ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, *self.command],
                cwd=ROOT,
                env=self.environment,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def ended(self) -> int | None:
        """The status with which it ended; None while it runs."""
        return None if self._process is None else self._process.poll()

    def wait_ready(self, patience: float = PATIENCE) -> bool:
        """Wait until it is ready; False where it ends or does not come."""
        until = time.monotonic() + patience
        while time.monotonic() < until and self.ended() is None:
            status, _ = self.look("/readyz")
            if status == 200:
                return True
            time.sleep(0.1)
        return False

    @property
    def process_id(self) -> int:
        """Its first process."""
        assert self._process is not None
        return self._process.pid

    def workers(self) -> list[int]:
        """The processes that answer."""
        assert self._process is not None
        first = self._process.pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [int(child) for child in children]

    def threads(self) -> int:
        """How many threads its workers have."""
        return sum(len(list(Path(f"/proc/{worker}/task").iterdir())) for worker in self.workers())

    def kill_worker(self) -> None:
        """One of them, at once."""
        os.kill(self.workers()[0], signal.SIGKILL)

    def kill_all(self) -> None:
        """Every process of it at once, as when the power fails."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        """In good order; the status."""
        if self._process is None or self._process.poll() is not None:
            return -1 if self._process is None else self._process.returncode
        self._process.terminate()
        try:
            return self._process.wait(40)
        except subprocess.TimeoutExpired:
            self.kill_all()
            return -9

    def look(self, path: str) -> tuple[int, dict[str, Any]]:
        """A path that takes no key: status and JSON; 0 where nobody answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)
        except (OSError, ValueError):
            return 0, {}

    def ask(self, *words: str) -> str:
        """A command of `foresell` beside it; what it says."""
        command = [sys.executable, "-m", "serving", "--home", str(self.home), *words]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"foresell {' '.join(words)}: {done.stderr.strip()[-500:]}")
        return done.stdout.strip()


class Watch:
    """Asks /readyz and /healthz twice a second and keeps what was said out of the usual."""

    def __init__(self, service: Service) -> None:
        self._service, self._stop = service, Event()
        self.usual: set[tuple[str, str]] = set()
        self.said: Counter[str] = Counter()
        self.health: Counter[int] = Counter()
        self.unwell_at = 0.0
        self._thread = Thread(target=self._keep_looking, daemon=True)

    def start(self) -> None:
        """Begin; how the parts stand now is the usual."""
        _, ready = self._service.look("/readyz")
        self.usual = {(one["part"], one["state"]) for one in ready.get("parts", [])}
        self._thread.start()

    def take(self) -> tuple[list[str], dict[int, int]]:
        """What was said since the last time, and the statuses of /healthz."""
        said, health = self.said, self.health
        self.said, self.health = Counter(), Counter()
        return list(said), dict(health)

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join(15)

    def _keep_looking(self) -> None:
        while not self._stop.wait(0.5):
            status, ready = self._service.look("/readyz")
            alive, _ = self._service.look("/healthz")
            self.health[alive] += 1
            parts = {(one["part"], one["state"]) for one in ready.get("parts", []) if one["state"] != "ok"}
            odd = {one for one in parts - self.usual if f"{one[0]}: {one[1]}" not in STAY_SAID}
            troubles = [one["type"].rpartition(":")[2] for one in ready.get("troubles", [])]
            if status != 200 or odd or troubles:
                self.unwell_at = time.monotonic()
            self.said.update(f"{part}: {state}" for part, state in parts - self.usual)
            self.said.update(troubles)
            if status != 200:
                self.said["not ready" if status else "nobody answers"] += 1
