"""How does a job run in a process of its own? With the same settings, and never longer than its parent lives.

The parent hands over one line of JSON and keeps the pipe open: when it is gone, however it ended, the pipe ends and
the child with it. So whoever takes the job over finds nobody still at work.
"""

import json
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path

from pydantic import BaseModel

from features.errors import ForesellError
from features.own_process import command_of
from serving.jobs.errors import JobCutOff, JobFailedApart
from serving.jobs.job import Job, JobContext
from serving.settings import ServingSettings
from serving.store.opening import open_store

LOOK_SECONDS = 0.1
NICE = 10


class Task(BaseModel):
    """What a child must know. `work` is a function as module:name, `now` naive UTC, `answer` the file to write."""

    work: str
    settings: dict[str, object]
    now: datetime
    answer: Path


@dataclass(frozen=True)
class _Said:
    """What a child left: what it did, or an error in its two sentences."""

    said: str = ""
    problem: str = ""
    fix: str = ""


def run_apart(job: Job, settings: ServingSettings, now: datetime, cut_off: Callable[[float], str]) -> str:
    """Run a job in a child process and return what it says it did.

    `cut_off(seconds)` waits so long at most and says why the job is to be ended at once, "" for not at all. Raises
    JobCutOff, JobFailedApart.
    """
    with tempfile.TemporaryDirectory(prefix="foresell-job-") as folder:
        answer, errors = Path(folder, "answer.json"), Path(folder, "errors.txt")
        task = Task(
            work=f"{job.run.__module__}:{job.run.__qualname__}", settings=settings.plain(), now=now, answer=answer
        )
        with errors.open("wb") as stream:
            child = subprocess.Popen(
                command_of("serving.jobs.__main__"),
                stdin=subprocess.PIPE,
                stdout=stream,
                stderr=stream,
            )
        try:
            _hand_over(child, task)
            why = ""
            while child.poll() is None and not why:
                why = cut_off(LOOK_SECONDS)
        finally:
            child.kill()
            child.wait()
            _let_go(child)
        if why:
            raise JobCutOff(job.name, why)
        return answer_of(job, child.returncode, answer, errors)


def do_task(task: Task) -> None:
    """What the child does: the work, and then its answer. Errors that are not ours end the child."""
    module, _, name = task.work.partition(":")
    work: Callable[[JobContext], str] = getattr(import_module(module), name)
    settings = ServingSettings(**task.settings)  # type: ignore[arg-type]
    try:
        store = open_store(settings.store_address)
        try:
            said = work(JobContext(store, settings.home, settings, task.now, _unheard))
        finally:
            store.close()
    except ForesellError as failure:
        _leave(task, problem=failure.problem.format(*failure.args), fix=failure.fix.format(*failure.args))
    else:
        _leave(task, said=said)


def _unheard(_: str) -> None:
    """A child says nothing on its way."""


def _leave(task: Task, said: str = "", problem: str = "", fix: str = "") -> None:
    """Write the answer so that the parent sees it whole or not at all."""
    draft = task.answer.with_suffix(".tmp")
    draft.write_text(json.dumps({"said": said, "problem": problem, "fix": fix}), "utf-8")
    draft.replace(task.answer)


def _hand_over(child: subprocess.Popen[bytes], task: Task) -> None:
    assert child.stdin is not None
    try:
        child.stdin.write(task.model_dump_json().encode() + b"\n")
        child.stdin.flush()
    except BrokenPipeError:
        return  # it ended at once; its exit says more


def _let_go(child: subprocess.Popen[bytes]) -> None:
    assert child.stdin is not None
    try:
        child.stdin.close()
    except BrokenPipeError:
        return


def answer_of(job: Job, status: int, answer: Path, errors: Path) -> str:
    """What a child that has ended says it did. Raises JobCutOff where it left no answer, JobFailedApart."""
    if not answer.exists():
        lines = errors.read_text("utf-8", "replace").strip().splitlines()
        last = lines[-1] if lines else f"it ended with status {status} without a word"
        raise JobCutOff(job.name, last)
    said = _Said(**json.loads(answer.read_text("utf-8")))
    if said.problem:
        raise JobFailedApart(job.name, said.problem, said.fix)
    return said.said
