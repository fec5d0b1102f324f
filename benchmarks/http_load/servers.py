"""How is a server started for a measurement, and ended? Each in a process group of its own, on a free port."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
PATIENCE = 180.0


@dataclass(frozen=True)
class Server:
    """A server that runs: its port, its first process, and seconds from its start to its first good answer."""

    port: int
    process: int
    seconds_to_answer: float

    def resident(self) -> float:
        """Resident memory of its first process, in MiB."""
        return _resident(self.process) / 2**20

    def largest(self) -> float:
        """Resident memory of its largest process, in MiB: the worker that answers."""
        return max(_resident(process) for process in _group(self.process)) / 2**20


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def ask(port: int, path: str, body: str, headers: Mapping[str, str]) -> int:
    """The status of one POST; 0 where nobody answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", path, body.encode(), {"Content-Type": "application/json", **headers})
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


@contextmanager
def running(
    command: Callable[[int], Sequence[str]],
    answers: Callable[[int], int],
    log: Path,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Run a command with a free port until the block ends; wait until `answers` says 200."""
    port = free_port()
    with log.open("w") as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            list(command(port)),
            stdout=said,
            stderr=subprocess.STDOUT,
            env={**os.environ, **ONE_THREAD, "PATH": _path(), "PYTHONDONTWRITEBYTECODE": "", **(environment or {})},
            start_new_session=True,
        )
    try:
        while answers(port) != 200:
            if process.poll() is not None or time.perf_counter() - began > PATIENCE:
                raise RuntimeError(f"{' '.join(command(port)[:6])} did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.01)
        yield Server(port, process.pid, time.perf_counter() - began)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


def python(*words: str) -> list[str]:
    """A command of this interpreter."""
    return [sys.executable, *words]


def uvicorn(app: str, port: int) -> list[str]:
    """One uvicorn worker around an app factory of `rivals`, as quiet as ours."""
    place = f"benchmarks.http_load.rivals:{app}"
    return python("-m", "uvicorn", "--factory", place, "--port", str(port), "--no-access-log", "--log-level", "warning")


def _path() -> str:
    """Where commands are found: first beside this interpreter, as MLflow's server looks for uvicorn there."""
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"


def _group(leader: int) -> list[int]:
    """The processes of a process group."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                if int((folder / "stat").read_text().rpartition(")")[2].split()[2]) == leader:
                    found.append(int(folder.name))
    return found


def _resident(process: int) -> int:
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0
