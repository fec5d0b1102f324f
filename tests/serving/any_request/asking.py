"""Asks every call of the service for whatever its description allows, and for what it does not allow."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import GenerationMode
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi import checks

CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


@dataclass
class Found:
    """What was asked, how it was answered, and what did not hold: kinds of faults, with one example of each."""

    asked: Counter[str] = field(default_factory=Counter)
    answered: Counter[int] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def fault(self, kind: str, example: str) -> None:
        self.faults[kind] += 1
        self.examples.setdefault(kind, example)


def operations(address: str) -> list[Any]:
    """Every call that the service describes."""
    document = httpx.get(f"{address}/openapi.json", timeout=60).raise_for_status().json()
    # Keys would be drawn at random too, and nothing else be tried: `ask` shows a real one.
    for path in document["paths"].values():
        for operation in path.values():
            operation.pop("security", None)
    return [one.ok() for one in schemathesis.openapi.from_dict(document).get_all_operations()]


def ask(operation: Any, address: str, key: str, examples: int, seed: int, found: Found) -> None:
    """Ask one call so many times with what fits its description, and as often with what does not.

    `key` is an administrator's. The same seed asks the same.
    """

    def once(case: Any) -> None:
        call = f"{case.method} {case.path}"
        if ends_the_run(case, key):
            found.left_out[call] += 1
            return
        answer = case.call(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=60)
        found.asked[call] += 1
        found.answered[answer.status_code] += 1
        for fault in faults_of(case, answer):
            found.fault(f"{call}: {type(fault).__name__}, status {answer.status_code}", f"{fault}"[:2000])

    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        drawn = hypothesis.settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        # A call without parameters cannot be asked for what it does not allow.
        with suppress(hypothesis.errors.Unsatisfiable, hypothesis.errors.InvalidArgument):
            given = hypothesis.given(case=operation.as_strategy(generation_mode=mode))
            hypothesis.seed(seed)(drawn(given(once)))()


def faults_of(case: Any, answer: Any) -> list[Exception]:
    """What is wrong with an answer: a status of 500 and above, or anything that the description does not say."""
    found: list[Exception] = []
    if answer.status_code >= 500:
        found.append(AssertionError(f"{case.as_curl_command()}\n{answer.text}"))
    try:
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup as group:
        found.extend(group.exceptions)
    except Failure as failure:
        found.append(failure)
    return found


def ends_the_run(case: Any, key: str) -> bool:
    """Whether a request would revoke the very key it is sent with. Nothing else can end the run."""
    told = case.path_parameters or {}
    return bool(case.method == "DELETE" and str(told.get("key_id")) == key.split("_")[1])
