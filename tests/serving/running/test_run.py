"""The real bundle and the real memory behind real servers, each in a process of its own."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Thread
from time import sleep

import httpx
import numpy as np
import pytest

from features.catalog import select
from serving.app import create_app
from serving.running.run import PortTaken, SocketTaken, listening, standing_clock
from serving.settings import read_settings
from serving.wire.connections import server_of
from training.amounts import Amounts
from training.bundle import Bundle
from training.intervals import Spread
from training.rivals.stage_table import StageTable
from training.timing import EDGES, Curve, Timing

AS_OF = datetime(2026, 11, 21, 9, 30)
HEAVY = {"pandas", "mlflow", "sklearn", "lightgbm", "matplotlib", "scipy", "alembic"}
DEALS = [
    {"deal_id": "D-1"},
    {"deal_id": "D-2"},
    {"record": {"amount": "5000", "stage": "Proposal"}},
    {"deal_id": "D-2", "changes": {"stage": "Proposal"}},
    {"deal_id": "D-3"},
    {"deal_id": "nowhere"},
]

ASK = """
import json, sys, threading, time, urllib.request
from datetime import datetime

import uvicorn

from serving.running.run import app_of
from serving.settings import read_settings

port, key, deals = int(sys.argv[1]), sys.argv[2], sys.argv[3]
app = app_of(read_settings(log_level="error"), datetime(2026, 11, 21, 9, 30))
server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
thread = threading.Thread(target=server.run)
thread.start()
while not server.started:
    assert thread.is_alive(), "the service did not start"
    time.sleep(0.01)
headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

def ask(path, body=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers)
    return json.load(urllib.request.urlopen(request))

answer = ask("/v1/scores/deals", json.dumps({"deals": json.loads(deals)}).encode())
record = ask("/v1/deals/D-1")
print(json.dumps({"answer": answer, "record": record, "modules": sorted(sys.modules)}))
server.should_exit = True
thread.join()
"""


def stage_table() -> StageTable:
    table = StageTable()
    table.rate, table.pipelines = 0.4, {"": 0.4}
    table.stages = {("", "Proposal"): 0.6, ("", "Contact"): 0.3}
    table.counts = dict.fromkeys(table.stages, 10)
    return table


@pytest.fixture
def key(settings, company) -> str:
    """A key to the service of a home with a real bundle."""
    bundle = Bundle(
        "win",
        "7",
        "table of rates",
        company.until,
        select("deal_amount", "deal_stage", "deal_age_days"),
        stage_table(),
        0.4,
        Spread((-3.0, 3.0), (0.3, 0.3)),
        Timing({"": Curve(np.linspace(0, 0.5, len(EDGES)), np.linspace(0, 0.4, len(EDGES)))}, 365.0, 200),
        Amounts(0.9, 1000.0, {}),
        {"says": "A table of rates is served."},
    )
    folder = company.home / "champions" / "win" / "7"
    bundle.save(folder)
    (folder / "version").write_text("7")
    (company.home / "champions" / "win.json").write_text(json.dumps({"version": "7", "folder": "win/7"}))
    return company.make_key(settings, "score", "read")


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def environment(company) -> dict[str, str]:
    return {**os.environ, "FORESELL_HOME": str(company.home)}


def test_a_score_needs_no_pandas_and_no_mlflow(key, port, environment):
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(port), key, json.dumps(DEALS)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)

    assert HEAVY & set(said["modules"]) == set()
    scores = said["answer"]["scores"]
    assert [one["error"] and one["error"]["status"] for one in scores] == [None, None, None, None, 409, 404]
    assert [one["probability"] for one in scores[:4]] == pytest.approx([0.6, 0.3, 0.6, 0.6])
    assert scores[3]["before"]["probability"] == pytest.approx(0.3)
    assert scores[3]["moved"][0]["feature"] == "deal_stage"
    assert [one["expected_amount"] for one in scores[:3]] == pytest.approx([900, 9000, 4500])
    assert said["answer"]["rung"] == "table of rates"
    assert said["record"]["record"]["stage"] == "Proposal"
    assert said["record"]["score"] == scores[0]


@contextmanager
def served(port: int, workers: int, environment: dict[str, str]) -> Iterator[httpx.Client]:
    program = (
        "from datetime import datetime; from serving.running.run import run; "
        "from serving.settings import read_settings; "
        f"run(read_settings(), '127.0.0.1', {port}, {workers}, datetime(2026, 11, 21, 9, 30))"
    )
    process = subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE, text=True)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            for _ in range(3000):
                assert process.poll() is None, process.stderr.read()
                try:
                    client.get("/healthz")
                    break
                except httpx.TransportError:
                    sleep(0.02)
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        log = process.communicate(timeout=60)[1]
    assert process.returncode == 0, log
    assert "Traceback" not in log
    lines = [json.loads(line) for line in log.splitlines()]
    assert any(line["message"] == "request" and line["path"] == "/v1/scores/deals" for line in lines)
    (started, *_), (listening,) = (
        [one for one in lines if one["message"] == said] for said in ("started", "listening")
    )
    assert started["settings"] == {"home": environment["FORESELL_HOME"]}
    assert (listening["at"], listening["workers"]) == (f"127.0.0.1:{port}", workers)
    assert sum(line["message"] == "stopped" for line in lines) == workers


@pytest.mark.parametrize("workers", [1, 2])
def test_one_worker_or_several_answer_with_a_clock_that_stands_still(key, port, environment, workers, company):
    with served(port, workers, environment) as client:
        answer = client.post(
            "/v1/scores/deals", json={"deals": [{"deal_id": "D-1"}]}, headers={"Authorization": f"Bearer {key}"}
        )

    assert answer.status_code == 200, answer.text
    assert answer.json()["scored_at"] == "2026-11-21T09:30:00Z"
    assert answer.json()["scores"][0]["probability"] == pytest.approx(0.6)
    assert "server" not in answer.headers
    assert len(list((company.home / "served").rglob("*.parquet"))) == 1, "the score was in the queue at the end"


def test_a_clock_stands_still_or_runs():
    assert standing_clock(AS_OF)() == AS_OF
    assert standing_clock(None)() > AS_OF.replace(year=2020)


def pids_of(client: httpx.Client) -> set[int]:
    """The workers that report, by their own counts."""
    told = client.get("/metrics").text
    return {int(pid) for pid in re.findall(r'foresell_process_start_time_seconds{pid="([0-9]+)"}', told)}


def wait_for(what: Callable[[], object], seconds: float = 60) -> None:
    for _ in range(round(seconds / 0.05)):
        if what():
            return
        sleep(0.05)
    raise AssertionError("it did not happen")


def lives(pid: int) -> bool:
    """Whether a process runs; one that ended and waits to be asked about does not."""
    try:
        with open(f"/proc/{pid}/stat") as told:
            return told.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="tells who lives by /proc")
def test_a_killed_worker_is_replaced_and_none_outlives_the_parent(key, port, environment):
    program = (
        "from serving.running.run import run; from serving.settings import read_settings; "
        f"run(read_settings(), '127.0.0.1', {port}, 2)"
    )
    process = subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=30, transport=httpx.HTTPTransport(retries=20)
        ) as client:
            wait_for(lambda: process.poll() is None and len(pids_of(client)) == 2)
            for _ in range(4):
                client.get("/v1/models", headers={"Authorization": f"Bearer {key}", "Connection": "close"})
            sleep(1.5)  # the workers share what they counted once a second
            before = pids_of(client)
            os.kill(min(before), signal.SIGKILL)
            wait_for(lambda: len(safely(pids_of, client) - {min(before)}) == 2)
            told = client.get("/metrics").text

            assert 'foresell_request_duration_seconds_count{method="GET",route="/v1/models",status="200"} 4.0' in told
            workers = pids_of(client)
    finally:
        process.kill()
        process.wait()
    wait_for(lambda: not any(lives(pid) for pid in workers))


def safely(ask: Callable[[httpx.Client], set[int]], client: httpx.Client) -> set[int]:
    """What is said; nothing where the connection was that of the one who was killed."""
    try:
        return ask(client)
    except httpx.TransportError:
        return set()


def test_a_socket_in_the_file_system_serves_and_is_removed(key, company, tmp_path):
    at = tmp_path / "foresell.sock"
    with listening("", 0, at) as first:
        with pytest.raises(SocketTaken, match="cannot listen at"), listening("", 0, at):
            pass
        assert stat.S_IMODE(at.stat().st_mode) == 0o660
        settings = read_settings(home=company.home)
        server = server_of(create_app(settings, lambda: AS_OF, sources=company.sources), settings)
        thread = Thread(target=server.run, args=([first],), daemon=True)
        thread.start()
        wait_for(lambda: server.started)
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(at)), base_url="http://foresell") as client:
            assert client.get("/healthz").status_code == 200
            assert client.get("/metrics").status_code == 401
        server.should_exit = True
        thread.join(10)
    assert not at.exists()


def test_a_socket_left_over_is_replaced(tmp_path):
    at = tmp_path / "foresell.sock"
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(at))
    dead.close()

    with listening("", 0, at):
        assert at.exists()


def test_a_port_in_use_is_named(port):
    with listening("127.0.0.1", port), pytest.raises(PortTaken, match=str(port)), listening("127.0.0.1", port):
        pass
