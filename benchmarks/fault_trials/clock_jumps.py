"""What becomes of scores, keys, events and nightly work when the clock of the machine jumps? Days ahead, then back."""

import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.fault_trials.kept import Kept, in_database
from benchmarks.fault_trials.served import Service
from benchmarks.fault_trials.steady_load import SteadyLoad
from serving.client import Foresell, Refused
from serving.client.retries import NO_RETRIES

JUMPS = (("three days ahead", 3 * 86_400.0), ("back to the present", 0.0), ("a day back", -86_400.0), ("present", 0.0))
SECONDS = 6.0
Line = tuple[str, str, dict[str, dict[str, int]], list[str], list[str], Kept]


def clock_jumps(service: Service, address: str, rows: dict[str, Any], key: str, folder: Path) -> Iterator[Line]:
    """One line for each jump. The service must be stopped; one whose clock can be moved takes its place."""
    ahead = folder / "ahead"
    _move(ahead, 0.0)

    def now() -> datetime:
        return datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=float(ahead.read_text()))

    day = service.ask("keys", "create", "--name", "a day", "--scopes", "score", "--days", "1")
    service.command = ("-m", "benchmarks.fault_trials.moved_clock", str(service.home), str(service.port), str(ahead))
    service.start()
    if not service.wait_ready():
        raise RuntimeError(f"the service did not start:\n{service.log.read_text()[-3000:]}")
    load = SteadyLoad(service.url, key, rows["ids"], rows["rows"], now=now)
    load.start()
    try:
        for name, seconds in JUMPS:
            _move(ahead, seconds)
            load.take()
            time.sleep(SECONDS)
            opens = _opens(service.url, day, rows["ids"][0])
            ready = service.look("/readyz")[1]
            answered = {kind: dict(tally.answers) for kind, tally in load.take().items()}
            kept = in_database(address, load)
            bad = [f"{count} times {what}" for what, count in load.wrong.items()]
            load.wrong.clear()
            bad += [f"{kept.lost} lost"] if kept.lost else []
            bad += [] if opens == (seconds <= 0) else [f"a key of one day {'still' if opens else 'no longer'} opens"]
            bad += [f"{k}: {said}" for k, found in answered.items() for said in found if not said.startswith("20")]
            said = [f"a key of one day {'opens' if opens else 'has expired'}", f"data as of {ready.get('data_as_of')}"]
            said += [f"{one['part']}: {one['state']}" for one in ready.get("parts", []) if one["state"] != "ok"]
            yield (
                f"clock jumps {name}",
                f"the service's clock is {seconds:+,.0f} s from the machine's",
                answered,
                said,
                bad,
                kept,
            )
    finally:
        load.stop()
        service.stop()


def _move(file: Path, seconds: float) -> None:
    draft = file.with_suffix(f".{os.getpid()}")
    draft.write_text(str(seconds))
    draft.replace(file)


def _opens(address: str, key: str, deal_id: str) -> bool:
    # A checked key is trusted for some seconds.
    time.sleep(11)
    with Foresell(address, key, retries=NO_RETRIES) as client:
        try:
            client.score_deals([deal_id])
        except Refused as refused:
            if refused.status != 401:
                print(refused, file=sys.stderr)
            return False
    return True
