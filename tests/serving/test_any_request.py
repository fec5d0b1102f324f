"""Any request at all gets an answer that its description declares: a few hundred out of `benchmarks/any_request.py`."""

import shutil
from collections.abc import Iterator
from datetime import datetime

import pytest

from serving.access.keys import create_key
from serving.store.opening import open_store
from tests.serving.any_request.asking import Found, ask, operations
from training.bundle_file import live_bundle, load_any

EXAMPLES = 6


@pytest.fixture(scope="module")
def served(prepared, serve, command, tmp_path_factory) -> Iterator[tuple[str, str]]:
    """A home with all its models and lists, served by a process of its own, and an administrator's key to it."""
    home = tmp_path_factory.mktemp("any") / "home"
    shutil.copytree(prepared[0], home)
    made = command("--home", home, "jobs", "run", "cards")
    assert made.status == 0, made.err
    as_of = load_any(live_bundle(home, "win")).until  # type: ignore[arg-type]
    store = open_store(f"sqlite:///{home / 'foresell.db'}")
    key = create_key(store, "test", ["admin"], None, datetime(2024, 1, 1))
    store.close()
    settings = {"home": str(home), "jobs": "false", "wrong_tries_per_minute": "1000000"}
    process = serve("--as-of", f"{as_of.isoformat()}Z", **settings)
    yield process.wait_until_ready().address, key
    assert not [line for line in process.lines() if "exception" in line or "Traceback" in str(line)]


def test_every_answer_is_as_the_description_says(served):
    address, key = served
    found, calls = Found(), operations(address)
    for operation in calls:
        ask(operation, address, key, EXAMPLES, 0, found)

    assert len(calls) == len(found.asked) > 20
    assert {200, 201, 404, 422} <= set(found.answered), found.answered
    assert not found.faults, "\n\n".join(f"{kind}\n{found.examples[kind]}" for kind in found.faults)
