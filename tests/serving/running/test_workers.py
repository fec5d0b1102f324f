"""Workers that are started, end and are replaced; the processes here only sleep or end."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from serving.running.workers import COULD_NOT_START, Handover, Workers, WorkersDoNotStart
from serving.settings import ServingSettings
from serving.telemetry.metrics import Metrics

HANDED = Handover(settings={}, as_of=None, listens=0, counts=None)


class Clock:
    """Seconds that pass when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def program(code: str) -> Callable[[Handover], "subprocess.Popen[bytes]"]:
    return lambda handed: subprocess.Popen([sys.executable, "-S", "-c", code], stdin=subprocess.PIPE)


def ended(workers: Workers) -> None:
    for worker in workers._running:
        worker.process.wait(20)


SLEEPS = "import time; time.sleep(60)"


def test_a_killed_worker_is_replaced_at_once() -> None:
    clock = Clock()
    workers = Workers(HANDED, 2, 1.0, program(SLEEPS), clock)
    workers.start()
    first, second = workers.pids
    clock.now = 20.0
    workers._running[0].process.kill()
    workers._running[0].process.wait(20)
    workers.replace_ended()

    assert second in workers.pids
    assert first not in workers.pids
    assert len(workers.pids) == 2
    workers.stop()
    assert workers.pids == []


def test_pauses_double_while_new_ones_fail_and_end_when_one_lives() -> None:
    clock = Clock()
    workers = Workers(HANDED, 1, 1.0, program("raise SystemExit(1)"), clock)
    workers.start()
    pauses = []
    for _ in range(9):
        ended(workers)
        workers.replace_ended()
        due = [at for at, _ in workers._due]
        pauses.append(due[0] - clock.now if due else 0.0)
        clock.now += pauses[-1]
        workers.replace_ended()
    workers.stop()

    assert pauses == [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]


def test_a_service_that_cannot_start_is_not_started_for_ever() -> None:
    workers = Workers(HANDED, 1, 1.0, program(f"raise SystemExit({COULD_NOT_START})"))
    workers.start()
    ended(workers)

    with pytest.raises(WorkersDoNotStart, match=str(COULD_NOT_START)):
        workers.replace_ended()


def test_who_does_not_stop_is_killed() -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    clock = Clock()

    def start(handed: Handover) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen([sys.executable, "-S", "-c", deaf], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        return process

    workers = Workers(HANDED, 1, -5.0, start, clock)
    workers.start()
    process = workers._running[0].process
    workers.stop()

    assert process.returncode == -signal.SIGKILL


def test_counts_of_an_ended_worker_are_kept(tmp_path: Path) -> None:
    workers = Workers(HANDED.model_copy(update={"counts": tmp_path}), 1, 1.0, program("raise SystemExit(1)"))
    workers.start()
    (pid,) = workers.pids
    ended(workers)
    dead = Metrics(tmp_path)
    dead.scores("win", "known", 5)
    dead._shared._own = f"{pid}-abcdef01.json"
    dead._shared.write(dead.snapshot())
    workers.replace_ended()
    workers.stop()

    assert [path.name for path in tmp_path.iterdir()] == ["ended.json"]
    assert Metrics(tmp_path).together()["scores"] == {("win", "known"): [5.0]}


def test_a_worker_learns_every_setting_secrets_too_and_nobody_else_sees_them() -> None:
    settings = ServingSettings(database=SecretStr("postgresql://a:hunter2@db/x"), grace="PT7S", home="elsewhere")
    handed = Handover(settings=settings.plain(), as_of=None, listens=3, counts=None)
    again = Handover.model_validate_json(handed.model_dump_json())

    assert ServingSettings(**again.settings) == settings
    assert "hunter2" not in str(settings)


def test_a_worker_that_nobody_started_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "serving.running.worker"], stdin=subprocess.DEVNULL, capture_output=True
    )

    assert done.returncode == 1
    assert b"foresell serve --workers" in done.stderr


def test_a_socket_with_the_number_of_standard_input_is_given_another() -> None:
    code = """
import os, socket
os.close(0)
from serving.running.workers import beside_standard_streams
low = socket.create_server(("127.0.0.1", 0))
high = beside_standard_streams(low)
print(low.fileno(), high.fileno() > 2, high.getsockname() == low.getsockname(), beside_standard_streams(high) is high)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["0", "True", "True", "True"]
