"""Does one worker stay well for half an hour at four fifths of what it can? `--home HOME [--minutes 30] [--share 0.8]`.

The home is one of `foresell demo --no-serve`; a copy of it is served by one process with its jobs on. A short ramp of
closed loops finds how many requests a second of the mix it answers at most: 60 % single scores by features, 25 % by id,
10 % new events, 5 % batches of 200. Then requests come at random at that share of it, whether earlier ones were
answered or not. Shows each minute's latencies, errors, memory and queues, and how memory moved: a slope in MiB an hour
with its 95 % interval, wider where neighbouring values are alike. Ends with status 1 if any request failed or was lost.
"""

import argparse
import json
import math
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.fault_trials.homes import rows_of_home
from benchmarks.fault_trials.served import Service
from benchmarks.http_load import questions
from benchmarks.http_load.open_loop import NUMBER, Kind, Plan, as_json
from benchmarks.http_load.servers import python

ROOT = Path(__file__).resolve().parents[1]
RAMP = (2, 8, 32)
RAMP_SECONDS = 6.0
CONNECTIONS = 64
BATCH = 200
LOOK_EVERY = 5.0
SETTLING = 0.2
"""Share of the time whose memory is not judged: what is loaded and cached once is no leak."""

Sample = dict[str, float]


def kinds_of(rows: dict[str, Any]) -> list[Kind]:
    """The mix."""
    ids, features = rows["ids"], rows["rows"]
    many = [[features[(7 * call + place) % len(features)] for place in range(BATCH)] for call in range(5)]
    row = {"activity_id": f"soak-{NUMBER.decode()}", "type": "call", "direction": "outbound"}
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
            found = {"minutes": (time.monotonic() - began) / 60, **memory_of(self._service.process_id)}
            self.samples.append({**found, **self._queues()})

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


def memory_of(process: int) -> dict[str, float]:
    """MiB of a process: resident, and what is its own alone."""
    found = {"rss": 0.0, "uss": 0.0}
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]:
        name, value = line.split()[:2]
        if name == "Rss:":
            found["rss"] = int(value) / 1024
        elif name in ("Private_Clean:", "Private_Dirty:"):
            found["uss"] += int(value) / 1024
    return found


def slope(times: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """Least-squares slope and the half width of its 95 % interval.

    The count of values is made smaller by their first-order autocorrelation (Santer et al. 2000, J. Geophys. Res. 105).
    """
    from scipy.stats import linregress, t

    if len(values) < 5:
        return math.nan, math.nan
    line = linregress(times, values)
    rest = [value - line.intercept - line.slope * moment for moment, value in zip(times, values, strict=True)]
    squares = sum(one * one for one in rest)
    alike = sum(a * b for a, b in pairwise(rest)) / squares if squares else 0.0
    effective = max(len(values) * (1 - max(alike, 0.0)) / (1 + max(alike, 0.0)), 3.0)
    error = line.stderr * math.sqrt((len(values) - 2) / (effective - 2))
    return float(line.slope), float(error * t.ppf(0.975, effective - 2))


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
    kinds, headers, first = kinds_of(rows), {"Authorization": f"Bearer {key}"}, 0
    capacity, ramp = 0.0, {}
    for connections in RAMP:
        plan = Plan(service.port, kinds, headers, 0.0, connections, RAMP_SECONDS, RAMP_SECONDS * 0.9, first)
        found, last = asked(plan)
        first = last["next"]
        ramp[connections] = found["per_second"]
        capacity = max(capacity, found["per_second"])
        print(
            f"{connections:3} connections: {found['per_second']:8.1f} requests/s, p99 {found['p99']:.1f} ms", flush=True
        )
    rate = share * capacity
    print(f"{minutes:g} minutes at {rate:.1f} requests/s, {share:.0%} of the capacity", flush=True)
    parts: list[dict[str, Any]] = []
    with Looking(service, key) as looking:
        for line in asked(Plan(service.port, kinds, headers, rate, CONNECTIONS, minutes * 60, 60.0, first, seed=1)):
            if "requests" in line:
                parts.append({**line, "at_end": looking.samples[-1] if looking.samples else {}})
                print(_minute(len(parts), parts[-1]), flush=True)
            else:
                first = line["next"]
    return {
        "capacity": capacity,
        "ramp": ramp,
        "rate": rate,
        "minutes": parts,
        "events": first,
        "samples": looking.samples,
    }


def judged(found: dict[str, Any], minutes: float) -> dict[str, Any]:
    """Errors, losses, and how memory moved."""
    samples = [one for one in found["samples"] if one["minutes"] > SETTLING * minutes]
    times = [one["minutes"] / 60 for one in samples]
    moved = {name: slope(times, [one[name] for one in samples]) for name in ("rss", "uss")}
    last = found["samples"][-1] if found["samples"] else {}
    return {
        "requests": sum(part["requests"] for part in found["minutes"]),
        "errors": sum(sum(part["errors"].values()) for part in found["minutes"]),
        "lost": sum(value for name, value in last.items() if name.startswith("lost_total")),
        "memory_mib_an_hour": moved,
        "memory_from": {name: samples[0][name] for name in moved} if samples else {},
        "memory_to": {name: samples[-1][name] for name in moved} if samples else {},
    }


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
    told = {**judged(found, given.minutes), "ended_with": status, "at_the_end": folded}
    for name, value in told.items():
        print(f"{name.replace('_', ' '):22} {value}")
    if given.json:
        print(json.dumps({**found, **told}))
    sys.exit(bool(told["errors"] or told["lost"] or status))


QUIETLY = {"FORESELL_LOG_LEVEL": "warning"}

if __name__ == "__main__":
    main()
