"""Two services on one PostgreSQL and one home, behind a proxy that takes them in turn: do they act as one?"""

import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Event, Thread
from time import sleep
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from features.catalog import select as features_named
from features.history import Delivery, History
from serving.access.keys import create_key, revoke_key
from serving.client import Foresell, Retries
from serving.store.job_tables import JobLock, JobRun
from serving.store.opening import Store, open_store
from training.amounts import Amounts
from training.bundle import Bundle
from training.intervals import Spread
from training.rivals.stage_table import StageTable
from training.timing import EDGES, Curve, Timing

ROUNDS = 40
RECHECK = 0.5
CHANCES = {"Proposal": 0.6, "Contact": 0.3}
QUICKER = """
from functools import partial
from serving.jobs import runner
runner.Pace = partial(runner.Pace, look=0.1, beat=0.2, lease=1.5)
from serving.cli import main
main()
"""
"""`foresell`, whose jobs are looked after more often than every few seconds, so that the test need not wait."""


def stage_model() -> Bundle:
    """A table of rates by stage: what is recorded of a deal's stage is what its score says."""
    table = StageTable()
    table.rate, table.pipelines = 0.4, {"": 0.4}
    table.stages = {("", stage): chance for stage, chance in CHANCES.items()}
    table.counts = dict.fromkeys(table.stages, 10)
    timing = Timing({"": Curve(np.linspace(0, 0.5, len(EDGES)), np.linspace(0, 0.4, len(EDGES)))}, 365.0, 200)
    return Bundle(
        "win",
        "1",
        "table of rates",
        datetime(2024, 3, 1),
        features_named("deal_stage", "deal_age_days"),
        table,
        0.4,
        Spread((-3.0, 3.0), (0.3, 0.3)),
        timing,
        Amounts(0.9, 1000.0, {}),
        {"says": "A table of rates is served."},
    )


class RoundRobin:
    """A proxy: each connection goes to the next instance; one that does not take it is passed over."""

    def __init__(self, ports: list[int]) -> None:
        self._ports, self._turn = ports, count()
        self._listens = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listens.getsockname()[1]}"
        self.taken = dict.fromkeys(ports, 0)
        Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._listens.accept()
                Thread(target=self._connect, args=(caller, next(self._turn)), daemon=True).start()

    def _connect(self, caller: socket.socket, turn: int) -> None:
        with caller:
            for passed in range(len(self._ports)):
                port = self._ports[(turn + passed) % len(self._ports)]
                with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)) as instance:
                    self.taken[port] += 1
                    back = Thread(target=self._carry, args=(instance, caller), daemon=True)
                    back.start()
                    self._carry(caller, instance)
                    back.join()
                    return

    @staticmethod
    def _carry(source: socket.socket, to: socket.socket) -> None:
        """What one end says to the other, until it has said all."""
        with suppress(OSError):
            while part := source.recv(65536):
                to.sendall(part)
        with suppress(OSError):
            to.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._listens.close()


@dataclass
class Pair:
    """Both instances, the proxy in front of them, and what they share."""

    home: Path
    store: Store
    instances: list[Any]
    proxy: RoundRobin
    made: Iterator[int] = field(default_factory=lambda: count(1))

    @contextmanager
    def client(self, address: str | None = None) -> Iterator[Foresell]:
        """A client of one instance, or of the proxy: with a new connection for each request."""
        patient = Retries(attempts=20, first_pause=0.05, longest_pause=6)
        with httpx.Client(timeout=30, limits=httpx.Limits(max_keepalive_connections=0)) as http:
            yield Foresell(address or self.proxy.address, self.key(), http=http, retries=patient)

    def key(self, *scopes: str) -> str:
        return create_key(self.store, "test", scopes or ("score", "ingest", "read"), None, datetime(2024, 3, 1))

    def stage(self, deal_id: str, stage: str) -> dict[str, object]:
        """The event that a deal reached a stage just now."""
        row = {"deal_id": deal_id, "field": "stage", "changed_at": datetime.now(UTC).isoformat(), "new_value": stage}
        return {"table": "deal_changes", "row": row}

    def deal(self) -> dict[str, object]:
        """The event that a deal never heard of was made."""
        row = {"deal_id": f"E-{next(self.made)}", "status": "open", "created_at": "2024-02-01"}
        return {"table": "deals", "row": row}


def tell_of_one_deal(home: Path) -> None:
    """A history of one deal, long ago."""
    home.mkdir()
    deals = {"deal_id": ["D-1"], "status": ["open"], "created_at": [datetime(2024, 1, 1)]}
    changes = {"deal_id": ["D-1"], "field": ["stage"], "changed_at": [datetime(2024, 1, 2)], "new_value": ["Proposal"]}
    files = {"deals": home / "deals.parquet", "deal_changes": home / "deal_changes.parquet"}
    for path, columns in zip(files.values(), (deals, changes), strict=True):
        pq.write_table(pa.table(columns), path)
    History.open(home).append(Delivery(files, {}, "UTC", "EUR", "test", datetime(2024, 3, 1)))


def wait_for(what: Callable[[], object], seconds: float = 60) -> None:
    for _ in range(round(seconds / 0.01)):
        if what():
            return
        sleep(0.01)
    raise AssertionError("it did not happen")


@pytest.fixture(scope="module")
def pair(postgres, serve, tmp_path_factory) -> Iterator[Pair]:
    """A home with one deal and a model, served twice. The nightly work is due, whatever the hour; the rest was done."""
    home = tmp_path_factory.mktemp("two") / "home"
    tell_of_one_deal(home)
    folder = home / "champions" / "win" / "1"
    stage_model().save(folder)
    (folder / "version").write_text("1")
    (home / "champions" / "win.json").write_text(json.dumps({"version": "1", "folder": "win/1"}))
    database = postgres.make()
    store, now = open_store(postgres.address(database)), datetime.now(UTC).replace(tzinfo=None)
    far_from_now = (now + timedelta(hours=12)).time().isoformat("seconds")
    nights = [(now + timedelta(days=days)).date().isoformat() for days in (-1, 0, 1)]
    done = {"holder": "a test", "attempts": 0, "started_at": now, "ended_at": now, "outcome": "done", "said": ""}
    with store.session() as session:
        slots = [("follow", "round"), ("cards", "round"), *(("drift", night) for night in nights)]
        session.add_all(JobRun(job=job, slot=slot, **done) for job, slot in slots)
    said = {"home": str(home), "database": postgres.address(database), "key_recheck": f"00:00:00.{RECHECK * 10:.0f}"}
    said |= {"nightly_at": far_from_now, "catch_up_after": "00:00:00", "fold_every": "00:00:00.5"}
    said |= {"lists_every": "24:00:00", "level_every": "24:00:00"}
    instances = [serve(program=QUICKER, **said) for _ in range(2)]
    for one in instances:
        one.wait_until_ready()
    proxy = RoundRobin([one.port for one in instances])
    yield Pair(home, store, instances, proxy)
    proxy.close()
    for one in instances:
        one.stop()
    store.close()
    postgres.drop(database)
    assert not [line for one in instances for line in one.lines() if "traceback" in str(line).lower()]


def said_of(client: Foresell, *deals: str) -> list[float]:
    scores = client.score_deals(deals, reasons=0)["scores"]
    assert [one["error"] for one in scores] == [None] * len(deals)
    return [round(one["probability"], 9) for one in scores]


def test_what_one_accepts_is_in_the_next_score_of_the_other(pair):
    seen = []
    with pair.client(pair.instances[0].address) as one, pair.client(pair.instances[1].address) as two:
        for place in range(ROUNDS):
            tells, answers = (one, two) if place % 2 else (two, one)
            stage = ("Contact", "Proposal")[place // 2 % 2]
            tells.send_events([pair.stage("D-1", stage)])
            seen.append((stage, said_of(answers, "D-1")))

    assert seen == [(stage, [CHANCES[stage]]) for stage, _ in seen]
    assert len({stage for stage, _ in seen}) == 2


def test_behind_the_proxy_they_are_one_service(pair):
    before = dict(pair.proxy.taken)
    with pair.client() as client:
        for place in range(ROUNDS):
            stage = ("Contact", "Proposal")[place // 2 % 2]
            client.send_events([pair.stage("D-1", stage)])
            assert [said_of(client, "D-1") for _ in range(2)] == [[CHANCES[stage]]] * 2

    told = [pair.proxy.taken[port] - before[port] for port in before]
    assert min(told) >= ROUNDS, "both were asked in turn"


def test_an_idempotency_key_holds_on_both(pair):
    body, other = {"events": [pair.deal()]}, {"events": [pair.deal()]}
    headers = {"Authorization": f"Bearer {pair.key('ingest')}", "Idempotency-Key": "delivery-1"}
    first, again, reused = (
        httpx.post(f"{pair.instances[at].address}/v1/events", json=sent, headers=headers, timeout=30)
        for at, sent in ((0, body), (1, body), (1, other))
    )

    assert (first.status_code, first.json()["accepted"]) == (202, 1)
    assert (again.status_code, again.content) == (202, first.content)
    assert (reused.status_code, reused.json()["type"]) == (422, "urn:foresell:problem:idempotency-key-reused")


def test_the_same_request_to_both_at_once_is_done_once(pair):
    body = {"events": [pair.deal() for _ in range(20)]}
    headers = {"Authorization": f"Bearer {pair.key('ingest')}", "Idempotency-Key": "delivery-2"}

    def tell(place: int) -> httpx.Response:
        address = pair.instances[place % 2].address
        while True:
            answer = httpx.post(f"{address}/v1/events", json=body, headers=headers, timeout=30)
            if answer.status_code != 409:
                return answer

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(tell, range(8)))

    assert {one.status_code for one in answers} == {202}
    assert {one.content for one in answers} == {answers[0].content}
    assert answers[0].json()["accepted"] == 20


def test_a_revoked_key_opens_neither(pair):
    key = pair.key("read")

    def status() -> list[int]:
        headers = {"Authorization": f"Bearer {key}"}
        return [httpx.get(f"{one.address}/v1/models", headers=headers).status_code for one in pair.instances]

    assert status() == [200, 200]
    revoke_key(pair.store, key.split("_")[1], datetime(2024, 3, 2))
    sleep(RECHECK + 0.05)
    assert status() == [401, 401]


def test_the_nightly_job_is_run_by_one_of_them_once(pair):
    def runs() -> list[tuple[str, str, str]]:
        with pair.store.session() as session:
            asked = select(JobRun.slot, JobRun.outcome, JobRun.holder).where(JobRun.job == "retention")
            return [(slot, outcome, holder) for slot, outcome, holder in session.execute(asked)]

    wait_for(lambda: [outcome for _, outcome, _ in runs()] == ["done"])
    sleep(1)  # both have looked several times more
    lines = [line for one in pair.instances for line in one.lines() if is_of(line, "retention")]

    ((slot, _, holder),) = runs()
    assert [(line["slot"], line["outcome"]) for line in lines] == [(slot, "done")]
    assert pid_in(holder) in [one.pid for one in pair.instances]


def is_of(line: dict[str, object], job: str) -> bool:
    return line["message"] == "job" and line["job"] == job


def pid_in(holder: str) -> int:
    return int(holder.split(":")[-2])


def test_killed_in_the_middle_of_a_job_the_other_goes_on_and_nothing_accepted_is_lost(pair):
    accepted, stop = list[str](), Event()

    def tell_on() -> None:
        with pair.client() as client:
            while not stop.is_set():
                events = [pair.deal() for _ in range(3)]
                assert client.send_events(events)["accepted"] == 3
                accepted.extend(str(event["row"]["deal_id"]) for event in events)

    def holder() -> str | None:
        with pair.store.session() as session:
            return session.scalar(select(JobLock.holder).where(JobLock.job == "fold"))

    with ThreadPoolExecutor(1) as threads:
        telling = threads.submit(tell_on)
        wait_for(lambda: len(accepted) >= 9)
        wait_for(holder)
        killed = pid_in(str(holder()))
        os.kill(killed, signal.SIGKILL)
        told_before = len(accepted)
        wait_for(lambda: len(accepted) >= told_before + 30)
        stop.set()
        telling.result(60)
    (left,) = (one for one in pair.instances if one.pid != killed)
    with pair.client() as client:
        wait_for(lambda: client.request("GET", "/v1/events/status")["waiting"] == 0)
        scores = said_of(client, *accepted)

    assert set(scores) == {0.4}
    with pair.store.session() as session:
        (last,) = session.scalars(select(JobRun.holder).where(JobRun.job == "fold"))
    assert pid_in(last) == left.pid
    history = History.existing(pair.home)
    with history.connect() as con:
        rows = con.execute(f"SELECT deal_id FROM ({history.sql_versions('deals')}) WHERE deal_id LIKE 'E-%'").fetchall()
    found = [deal for (deal,) in rows]
    assert len(found) == len(set(found))
    assert set(accepted) <= set(found)
