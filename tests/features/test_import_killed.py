"""kill -9 at twenty moments of an import: the history always opens, and running it again completes it."""

import os
import random
import shutil
import signal
import time
from datetime import datetime
from multiprocessing import get_context

import duckdb
import pytest

from features.history import History
from features.importing import import_folder

KILLS = 20
ROWS = 100_000
TAKEN = datetime(2024, 3, 1)


@pytest.fixture
def laden(door):
    """An export of two tables, large enough that its import takes a while."""
    duckdb.execute(
        f"""COPY (SELECT 'a' || i AS activity_id, 'd' || i % 1000 AS deal_id, 'call' AS type,
        TIMESTAMP '2024-01-01' + INTERVAL (i) SECOND AS happened_at, md5(i::VARCHAR) AS outcome
        FROM range({ROWS}) t(i)) TO '{door.export}/activities.csv' (HEADER)"""
    )
    lines = [f"d{n},open,2024-01-01,,{n if n % 7 else 'x'}" for n in range(1000)]
    door.file("deals.csv", "\n".join(["deal_id,status,created_at,closed_at,amount", *lines, ""]))
    return door


def content(door):
    return door.rows("deals"), door.rows("activities", "activity_id, deal_id, type, happened_at, outcome")


@pytest.mark.skipif(os.name == "nt", reason="no kill -9 on Windows")
def test_an_import_killed_at_any_moment(laden):
    context = get_context("forkserver")
    context.set_forkserver_preload(["features.importing", "features.sources.delimited"])

    def start():
        process = context.Process(target=import_folder, args=(laden.export, laden.home, None, TAKEN))
        process.start()
        return process

    start().join()  # the first start pays for the fork server
    shutil.rmtree(laden.home)
    durations = []
    for _ in range(2):
        begun = time.monotonic()
        undisturbed = start()
        undisturbed.join()
        durations.append(time.monotonic() - begun)
        assert undisturbed.exitcode == 0
        expected = content(laden)
        assert len(expected[1]) == ROWS
        shutil.rmtree(laden.home)

    chance = random.Random(7)
    killed = 0
    for turn in range(KILLS):
        process = start()
        time.sleep(min(durations) * (turn + chance.random()) / KILLS)
        process.kill()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
        rows = content(laden)
        assert rows in (expected, ([], [])), f"turn {turn}: a part of the delivery is on record"
        if History.open(laden.home).entries:
            shutil.rmtree(laden.home)

    assert killed >= KILLS // 2
    start().join()
    assert content(laden) == expected
    assert laden.leftovers() == []
