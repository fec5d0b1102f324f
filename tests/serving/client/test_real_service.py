"""The client against the service itself, and its documentation as it stands, word for word."""

import asyncio
import io
import json
import re
import shutil
import subprocess
from contextlib import redirect_stdout
from datetime import date, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from pydantic import BaseModel

from features.contracts import TABLES
from serving.cards.making import make
from serving.client import AsyncForesell, Foresell, NotAccepted, NotAllowed, NotFound, answers, what_if
from serving.store.opening import open_store

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "client.md").read_text("utf-8")
MODULES = (
    "serving.problems.documents",
    "serving.scores.answers",
    "serving.scores.customer_answers",
    "serving.cards.answers",
    "serving.cards.on_record",
    "serving.events.questions",
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def running(start: Any, settings: Any) -> tuple[str, str]:
    """Address and key of a service whose lists were made."""
    store = open_store(settings.store_address)
    make(store, settings.home, datetime(2026, 11, 21, 9, 30), lambda _: None)
    store.close()
    service = start(scopes=("score", "read", "ingest"))
    return str(service.client.base_url), service.key


def test_scores_in_every_form(running: tuple[str, str]) -> None:
    with Foresell(*running, language="en") as foresell:
        answer = foresell.score_deals(
            [
                "D-1",
                {"record": {"amount": Decimal("1000"), "stage": "Proposal"}},
                what_if("D-1", stage="Contact"),
                {"features": {"deal_amount": 1000, "deal_stage": "Proposal"}},
                "nowhere",
            ],
            horizons=[30],
            dates=[date(2026, 12, 31)],
            reasons=2,
        )

    known, described, changed, features, nowhere = answer["scores"]
    assert known["probability"] == described["probability"] == features["probability"]
    assert changed["before"] is not None
    assert changed["before"]["probability"] == known["probability"]
    assert known["win_by"].keys() == {"2026-12-21", "2026-12-31"}
    assert nowhere["error"] is not None
    assert nowhere["error"]["status"] == 404
    assert answer["model_version"] == "7"


def test_more_than_a_thousand_are_one_call_of_the_client(running: tuple[str, str]) -> None:
    with Foresell(*running) as foresell:
        answer = foresell.score_deals(["D-1", "D-2"] * 700, reasons=0)

    assert [one["deal_id"] for one in answer["scores"]] == ["D-1", "D-2"] * 700


def test_problems_are_exceptions(running: tuple[str, str]) -> None:
    address, key = running
    with Foresell(address, key) as foresell:
        with pytest.raises(NotAccepted, match="Did you mean 'amount'") as wrong:
            foresell.score_deals([{"record": {"ammount": 1}}])
        with pytest.raises(NotFound) as absent:
            foresell.deal("no such/deal ä")
        with pytest.raises(NotAccepted, match="limitt"):
            foresell.request("GET", "/v1/models", params={"limitt": 1})
    with Foresell(address, "fsl_wrong") as foresell, pytest.raises(NotAllowed) as refused:
        foresell.models()

    assert wrong.value.problem["errors"][0]["field"] == "deals[0].record.ammount"
    assert absent.value.kind == "deal-not-found"
    assert refused.value.kind == "key-not-accepted"


def test_the_one_that_does_not_wait_answers_the_same(running: tuple[str, str]) -> None:
    async def ask() -> Any:
        async with AsyncForesell(*running) as foresell:
            return await asyncio.gather(foresell.score_deals(["D-1"]), foresell.deal("D-1"), foresell.readiness())

    scores, deal, readiness = asyncio.run(ask())
    with Foresell(*running) as foresell:
        assert foresell.score_deals(["D-1"])["scores"] == scores["scores"]
        assert foresell.deal("D-1") == deal
    assert readiness["ready"]


def test_the_types_of_answers_are_those_of_the_service() -> None:
    served = {
        name: found
        for module in MODULES
        for name, found in vars(import_module(module)).items()
        if isinstance(found, type) and issubclass(found, BaseModel)
    }
    told = {name: found for name, found in vars(answers).items() if hasattr(found, "__required_keys__")}

    assert len(told) > 20
    for name, found in told.items():
        assert get_type_hints(found).keys() == served[name].model_fields.keys(), name


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_example_of_the_documentation_runs(running: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORESELL_URL", running[0])
    monkeypatch.setenv("FORESELL_KEY", running[1])
    said, known = io.StringIO(), {"__name__": "example"}
    with redirect_stdout(said):
        for block in blocks("python"):
            exec(compile(block, "docs/client.md", "exec"), known)
    lines = said.getvalue().splitlines()

    assert len(blocks("python")) >= 6
    assert lines[0].startswith("D-1 0.5")
    assert any("record-not-accepted is no field" in line for line in lines)
    accepted = [line for line in lines if line.startswith("{'accepted'")]
    assert len(accepted) == 2
    assert accepted[0] == accepted[1]
    for block in blocks("bash"):
        done = subprocess.run(["sh", "-c", block], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout)


def test_javascript_calls_what_there_is(start: Any) -> None:
    """No engine runs it here: its addresses, fields and statuses are held against the description of the API."""
    (script,) = blocks("javascript")
    described = start().client.get("/openapi.json").json()
    fields = {
        name for schema in described["components"]["schemas"].values() for name in (schema.get("properties") or {})
    }

    for method, path in re.findall(r'call\("(\w+)", "([^"]+)"', script):
        assert method.lower() in described["paths"][path]
    bodies = "".join(re.findall(r'call\("POST", [^,]+, \{\n(.*?)\n\}', script, re.DOTALL))
    sent = set(re.findall(r"\b(\w+):", bodies))
    assert sent
    assert sent <= fields | set(TABLES["deals"].names)
    read = re.findall(r"(?:score|scored|accepted|ready|problem)\.(\w+)", script)
    assert set(read) <= fields
    for opening, closing in ("{}", "()", "[]"):
        assert script.count(opening) == script.count(closing)
