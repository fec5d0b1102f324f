"""Does one worker stay well for half an hour at four fifths of what it can? `--home HOME [--minutes 30] [--share 0.8]`.

The home is one of `foresell demo --no-serve`; a copy of it is served by one process with its jobs on. A short ramp of
closed loops finds how many requests a second of the mix it answers at most: 60 % single scores by features, 25 % by id,
10 % events, 5 % batches of 200. Then requests come at random at that share of it, whether earlier ones were answered or
not. In the first third of the time events are new ones, of which the memory rightly grows; afterwards callers send the
same again, as an outbox does that was not told, and nothing may grow: memory, open files and threads are judged over
the second half, by a slope an hour with its 95 % interval, wider where neighbouring values are alike.

Shows each minute, then a table. Ends with status 1 if a request failed, an accepted event or a served score is not
found, the service did not end well, or something surely grows faster than `MOST_GROWTH`. Less than some ten minutes are
too short for that.
"""

import argparse
import json
import math
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.fault_trials.homes import rows_of_home
from benchmarks.fault_trials.served import Service
from benchmarks.http_load import questions
from benchmarks.http_load.growth import held_by, memory_of, slope
from benchmarks.http_load.open_loop import NUMBER, Kind, Plan, as_json
from benchmarks.http_load.servers import python
from features.history import History
from serving.score_log.counts import counted
from serving.score_log.parts import counts_folder
from serving.store.event_tables import AcceptedEvent
from serving.store.opening import open_store

ROOT = Path(__file__).resolve().parents[1]
WARM_UP, RAMP = 4, (2, 8, 32)
RAMP_SECONDS = 6.0
CONNECTIONS = 64
BATCH = 200
PREFIX = "soak-"
LOOK_EVERY = 5.0
NEW_EVENTS, JUDGED_FROM = 1 / 3, 1 / 2
"""Shares of the time: that in which events are new, and after which what grows is judged."""
MOST_GROWTH = {"rss": 4.0, "uss": 4.0, "files": 12.0, "threads": 12.0}
"""MiB and numbers an hour; what is not surely more (by the lower end of the interval) counts as flat."""
LEAST_GROWTH = 2.0
"""And in all at least so much: in a short time less is chance."""
UNITS = {"rss": "RSS, MiB", "uss": "memory of its own, MiB", "files": "open files", "threads": "threads"}

Sample = dict[str, float]


def kinds_of(rows: dict[str, Any]) -> list[Kind]:
    """The mix."""
    ids, features = rows["ids"], rows["rows"]
    many = [[features[(7 * call + place) % len(features)] for place in range(BATCH)] for call in range(5)]
    row = {"activity_id": f"{PREFIX}{NUMBER.decode()}", "type": "call", "direction": "outbound"}
    row["happened_at"] = "2026-11-20T10:00:00Z"
    events = [
        json.dumps({"events": [{"table": "activities", "id": row["activity_id"], "row": {**row, "deal_id": one}}]})
        for one in ids
    ]
    batches = [json.dumps({"deals": [{"features": one} for one in some]}) for some in many]
    return [
        Kind("by features", 0.60, "/v1/scores/deals", questions.ours(features, 5).one),
        Kind("by id", 0.25, "/v1/scores/deals", questions.by_id(ids, 5)),
        Kind("events", 0.10, "/v1/events", events, good=202),
        Kind("batches", 0.05, "/v1/scores/deals", batches),
    ]


class Looking:
    """Reads memory and queues of the service while it is asked."""

    def __init__(self, service: Service, key: str) -> None:
        self._service, self._key, self._stop = service, key, Event()
        self.samples: list[Sample] = []
        self._thread = Thread(target=self._keep_looking, daemon=True)

    def __enter__(self) -> "Looking":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(15)

    def _keep_looking(self) -> None:
        began = time.monotonic()
        while not self._stop.wait(LOOK_EVERY):
            process = self._service.process_id
            found = {"minutes": (time.monotonic() - began) / 60, **memory_of(process), **held_by(process)}
            with suppress(OSError):
                found |= self._queues()
            self.samples.append(found)

    def _queues(self) -> dict[str, float]:
        asked = urllib.request.Request(f"{self._service.url}/metrics", headers={"Authorization": f"Bearer {self._key}"})
        with urllib.request.urlopen(asked, timeout=20) as answer:
            lines = answer.read().decode().splitlines()
        wanted = ("foresell_queue_length{", "foresell_lost_total{", "foresell_requests_under_way")
        return {
            name.partition("foresell_")[2]: float(value)
            for name, _, value in map(_cut, lines)
            if name.startswith(wanted)
        }


def _cut(line: str) -> tuple[str, str, str]:
    return line.rpartition(" ")


def asked(plan: Plan) -> Iterator[dict[str, Any]]:
    """Carry out a plan in another process; its lines as they come."""
    command = python("-m", "benchmarks.http_load.open_loop")
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(as_json(plan))
        process.stdin.close()
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        raise RuntimeError(f"the load ended with status {process.returncode}")


def soak(service: Service, key: str, rows: dict[str, Any], minutes: float, share: float) -> dict[str, Any]:
    """The capacity, and what each minute at a share of it brought."""
    kinds, headers, events, good = kinds_of(rows), {"Authorization": f"Bearer {key}"}, 0, Counter[str]()
    ramp: dict[int, float] = {}
    for connections in (WARM_UP, *RAMP):
        seconds = RAMP_SECONDS if connections != WARM_UP else RAMP_SECONDS / 2
        found, last = asked(Plan(service.port, kinds, headers, 0.0, connections, seconds, seconds, events))
        events, good = last["next"], good + Counter(last["good"])
        ramp[connections] = found["per_second"]
        said = f"{connections:3} connections: {found['per_second']:8.1f} requests/s, p99 {found['p99']:.1f} ms"
        print(said + (" (to warm up)" if connections == WARM_UP else ""), flush=True)
    capacity = max(ramp[connections] for connections in RAMP)
    rate = share * capacity
    print(f"{minutes:g} minutes at {rate:.1f} requests/s, {share:.0%} of the capacity", flush=True)
    parts: list[dict[str, Any]] = []
    with Looking(service, key) as looking:
        for seed, part in enumerate((NEW_EVENTS, 1 - NEW_EVENTS), 1):
            # Nothing is new in the second part.
            plan = Plan(service.port, kinds, headers, rate, CONNECTIONS, minutes * 60 * part, 60.0, events, seed)
            plan.known = events if seed > 1 else 0
            for line in asked(plan):
                if "requests" in line:
                    parts.append({**line, "at_end": looking.samples[-1] if looking.samples else {}})
                    print(_minute(len(parts), parts[-1]), flush=True)
                else:
                    events, good = line["next"], good + (Counter(line["good"]) if seed == 1 else Counter())
    return {
        "capacity": capacity,
        "ramp": ramp,
        "rate": rate,
        "minutes": parts,
        "events_sent": events,
        "events_accepted": good["events"],
        "samples": looking.samples,
    }


def judged(found: dict[str, Any], minutes: float) -> dict[str, Any]:
    """Requests, errors, latencies, and what grew."""
    samples = [one for one in found["samples"] if one["minutes"] > JUDGED_FROM * minutes]
    times = [one["minutes"] / 60 for one in samples]
    grew = {}
    for name, most in MOST_GROWTH.items():
        values = [one[name] for one in samples]
        an_hour, half = slope(times, values) if len(set(values)) > 1 else (0.0, 0.0)
        first, last = (values[0], values[-1]) if values else (math.nan, math.nan)
        span = times[-1] - times[0] if times else 0.0
        sure = an_hour - half > most and an_hour * span > LEAST_GROWTH
        grew[name] = {"first": first, "last": last, "an_hour": an_hour, "half": half, "grows": sure}
    parts = found["minutes"]
    return {
        "requests": sum(part["requests"] for part in parts),
        "errors": sum(sum(part["errors"].values()) for part in parts),
        "p50": statistics.median(part["p50"] for part in parts),
        "p99": statistics.median(part["p99"] for part in parts),
        "p99_of_the_worst_minute": max(part["p99"] for part in parts),
        "grew": grew,
    }


def kept(home: Path) -> dict[str, int]:
    """What is found of events and served scores once the service has ended and all is folded."""
    living, ended = counted(counts_folder(home))
    counts = living + ended
    store = open_store(f"sqlite:///{home / 'foresell.db'}")
    try:
        with store.session() as session:
            rows = session.scalars(select(AcceptedEvent.row).where(AcceptedEvent.table_name == "activities"))
            names = Counter(str(json.loads(row)["activity_id"]) for row in rows)
    finally:
        store.close()
    with History.existing(home).connect() as connection:
        asked_for = (
            f"SELECT count(*) FROM ({History.existing(home).sql_versions('activities')}) WHERE activity_id LIKE ?"
        )
        (in_history,) = connection.execute(asked_for, [f"{PREFIX}%"]).fetchone() or (0,)
    ours = [count for name, count in names.items() if name.startswith(PREFIX)]
    return {
        "events_found": len(ours),
        "events_twice": sum(1 for count in ours if count > 1),
        "events_in_history": int(in_history),
        "scores_served": counts.taken + counts.lost,
        "scores_written": counts.written,
        "scores_lost": counts.lost + counts.taken - counts.written,
    }


def troubles(told: dict[str, Any]) -> list[str]:
    """Why it is not well; nothing where it is."""
    accepted, found = told["events_accepted"], told["events_found"]
    wrong = {
        f"{told['errors']} requests failed": told["errors"],
        f"{accepted - found} accepted events are not found": found < accepted,
        f"{told['events_twice']} events are there twice": told["events_twice"],
        f"{found - told['events_in_history']} events are not in the history": told["events_in_history"] != found,
        f"{told['scores_lost']} served scores were not written": told["scores_lost"],
        f"the service ended with status {told['ended_with']}": told["ended_with"],
        **{f"{UNITS[name]}: grows": one["grows"] for name, one in told["grew"].items()},
    }
    return [said for said, is_so in wrong.items() if is_so]


def table(told: dict[str, Any]) -> Iterator[str]:
    """The small table."""
    yield "| | first | last | an hour, with its 95 % interval | |"
    yield "|---|---|---|---|---|"
    for name, one in told["grew"].items():
        how = f"{one['an_hour']:+.1f} ± {one['half']:.1f}"
        says = "grows" if one["grows"] else "flat" if one["half"] <= 10 * MOST_GROWTH[name] else "too short to say"
        yield f"| {UNITS[name]} | {one['first']:.1f} | {one['last']:.1f} | {how} | {says} |"
    yield f"| requests, and those that failed | {told['requests']} | {told['errors']} | | |"
    worst = f"p99 {told['p99_of_the_worst_minute']:.1f} in the worst minute"
    yield f"| ms, median of the minutes | p50 {told['p50']:.1f} | p99 {told['p99']:.1f} | {worst} | |"
    twice = f"{told['events_in_history']} in the history, {told['events_twice']} twice"
    yield f"| events accepted, and found | {told['events_accepted']} | {told['events_found']} | {twice} | |"
    yield f"| scores served, and written | {told['scores_served']} | {told['scores_written']} | | |"


def _minute(number: int, part: dict[str, Any]) -> str:
    at = part["at_end"]
    queues = " ".join(f"{name} {value:.0f}" for name, value in at.items() if name.startswith("queue"))
    kinds = " ".join(f"{name} {one['p50']:.1f}/{one['p99']:.1f}" for name, one in sorted(part["by_kind"].items()))
    memory = f"RSS {at.get('rss', 0):.1f} USS {at.get('uss', 0):.1f} MiB"
    head = (
        f"minute {number:3}: {part['per_second']:7.1f}/s errors {sum(part['errors'].values())} {part['errors'] or ''}"
    )
    return f"{head} p50/p99 ms {part['p50']:.1f}/{part['p99']:.1f} ({kinds}) {memory} {queues}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="a home of foresell demo --no-serve")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--share", type=float, default=0.8, help="of the capacity")
    parser.add_argument("--json", action="store_true", help="also one line of JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="foresell-soak-") as folder:
        home = Path(folder, "home")
        shutil.copytree(given.home, home)
        service = Service(home, None, Path(folder, "service.log"), workers=1, settings=QUIETLY)
        rows = rows_of_home(home)
        key = service.ask("keys", "create", "--name", "soak", "--scopes", "score,ingest,read")
        service.start()
        try:
            if not service.wait_ready():
                raise RuntimeError(f"the service did not start:\n{service.log.read_text()[-3000:]}")
            found = soak(service, key, rows, given.minutes, given.share)
        finally:
            status = service.stop()
        folded = service.ask("jobs", "run", "fold")
        told = {**judged(found, given.minutes), **kept(home), "ended_with": status, "at_the_end": folded}
    told["events_accepted"] = found["events_accepted"]
    for line in table(told):
        print(line)
    wrong = troubles(told)
    print("; ".join(wrong) if wrong else "All is well.")
    if given.json:
        print(json.dumps({**found, **told}))
    sys.exit(bool(wrong))


QUIETLY = {"FORESELL_LOG_LEVEL": "warning"}

if __name__ == "__main__":
    main()
