"""Does the service withstand any request, and answer each as its description says? schemathesis, over every call.

    python benchmarks/any_request.py --home foresell-home [--minutes 5] [--seed 0] [--json]

The home is one of `foresell demo --no-serve`; a copy of it is served by a process of its own, with the lists made. Each
call of the OpenAPI document is asked with values that fit the document, and with some that do not, in turns until the
time is over. Every answer must have a status below 500, a status, content type and body that the document declares for
it. Left out is only what would end the run: revoking the key that is used. Prints what was found and how often, each
kind with one example.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import httpx

from features.history import History
from serving.access.keys import create_key
from serving.store.opening import open_store
from tests.serving.any_request.asking import Found, ask, operations

ROUND_EXAMPLES = 15


@contextmanager
def served(home: Path) -> Iterator[tuple[str, str]]:
    """The home served by a process of its own, with its lists made: its address and an administrator's key."""
    command = [sys.executable, "-m", "serving", "--home", str(home)]
    taken = History.existing(home).entries[-1].taken_at
    store = open_store(f"sqlite:///{home / 'foresell.db'}")
    key = create_key(store, "any request", ["admin"], None, datetime.fromisoformat(taken))
    store.close()
    subprocess.run([*command, "jobs", "run", "cards"], check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "FORESELL_JOBS": "false", "FORESELL_WRONG_TRIES_PER_MINUTE": "1000000"}
    environment["FORESELL_LOG_LEVEL"] = "error"
    process = subprocess.Popen([*command, "serve", "--port", str(port), "--as-of", f"{taken}Z"], env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            with suppress(httpx.TransportError):
                if httpx.get(f"{address}/readyz").status_code == 200:
                    break
            time.sleep(0.1)
        yield address, key
        assert process.poll() is None, "the service ended"
    finally:
        process.terminate()
        process.wait(60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found, seed = Found(), asked.seed
    with tempfile.TemporaryDirectory(prefix="any-request-") as scratch:
        home = Path(scratch, "home")
        shutil.copytree(asked.home, home)
        with served(home) as (address, key):
            calls, end = operations(address), time.monotonic() + 60 * asked.minutes
            while time.monotonic() < end:
                for operation in calls:
                    if time.monotonic() >= end:
                        break
                    ask(operation, address, key, ROUND_EXAMPLES, seed, found)
                seed += 1
    print(f"{found.asked.total():,} requests to {len(found.asked)} calls; left out: {dict(found.left_out) or 'none'}")
    print("answered: " + ", ".join(f"{status}: {count:,}" for status, count in sorted(found.answered.items())))
    for kind, count in found.faults.most_common():
        print(f"\n{count:,} times {kind}\n{found.examples[kind]}")
    if asked.json:
        print(json.dumps({"asked": found.asked.total(), "answered": found.answered, "faults": found.faults}))
    if found.faults:
        sys.exit(1)


if __name__ == "__main__":
    main()
