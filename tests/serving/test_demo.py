"""From nothing to a served score: prepared once with 300 deals, then served over a real socket."""

import json
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from features.history import History
from features.open_deals import open_deals
from serving.demo import HomeTaken, prepare
from training.bundle import Bundle, live_bundle

TODAY, NOW = date(2026, 11, 21), datetime(2026, 11, 21, 9, 30)


def test_the_demo_goes_from_nothing_to_a_live_model(prepared):
    home, said = prepared

    assert said.status == 0, said.err
    assert re.search(r"^\[ *\d+\.\d s\] inventing a company with 300 deals", said.err, re.MULTILINE)
    assert "importing its history" in said.err
    assert "win: logging to MLflow" in said.err
    assert "could not be trained" not in said.err
    folder = live_bundle(home, "win")
    assert folder is not None
    bundle = Bundle.load(folder)
    assert said.out.splitlines()[0] == bundle.meta["says"]
    assert len(open_deals(History.existing(home), bundle.until)) > 10
    assert {"mlflow.db", "foresell.db", "history", "champions"} <= {one.name for one in home.iterdir()}


def test_what_it_prints_to_serve_it_is_a_command(prepared):
    home, said = prepared
    words = shlex.split(said.out.splitlines()[1].removeprefix("Serve it: "))

    assert words[:4] == ["foresell", "--home", str(home), "serve"]
    as_of = datetime.fromisoformat(words[words.index("--as-of") + 1])
    assert as_of.replace(tzinfo=None) == Bundle.load(live_bundle(home, "win")).until  # type: ignore[arg-type]


def test_a_second_demo_takes_what_is_there(prepared):
    home, said = prepared
    before = History.existing(home).fingerprint
    told: list[str] = []

    again = prepare(home, 5000, 99, TODAY, NOW, told.append)

    assert History.existing(home).fingerprint == before
    assert again.version == "1"
    assert again.says == said.out.splitlines()[0]
    assert again.key.startswith("fsl_")
    assert not [line for line in told if "inventing" in line or "fold" in line]
    assert [line for line in told if "prepared before" in line]


def test_a_demo_whose_training_was_cut_short_is_completed(prepared, tmp_path, monkeypatch):
    home, _ = prepared
    trained: list[Path] = []
    monkeypatch.setattr("serving.demo._train", lambda home, *_: trained.append(home))
    import shutil

    shutil.copytree(home / "history", tmp_path / "home" / "history")

    with pytest.raises(AssertionError):  # nothing was really trained here
        prepare(tmp_path / "home", 300, 7, TODAY, NOW, lambda _: None)
    assert trained == [tmp_path / "home"]


def test_a_home_with_another_history_is_refused(story, command):
    story.deal("d1")
    story.import_now()
    before = History.existing(story.home).fingerprint

    with pytest.raises(HomeTaken):
        prepare(story.home, 300, 7, TODAY, NOW, lambda _: None)
    said = command("--home", story.home, "demo", "--no-serve")

    assert said.status == 1
    assert "To fix: give the demo a folder of its own" in said.err
    assert History.existing(story.home).fingerprint == before


class Running:
    """`foresell demo` in a process of its own."""

    def __init__(self, home: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        program = "from serving.cli import main; main()"
        words = ["--home", str(home), "demo", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", program, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.address = f"http://127.0.0.1:{self.port}"

    def read_until(self, wanted: Callable[[str], bool]) -> str:
        """What it prints, up to the line that is wanted."""
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if wanted(line):
                return "".join(lines)
        raise AssertionError("".join(lines) + str(self.process.stderr and self.process.stderr.read()))

    def stop(self) -> int:
        """Ctrl-C, and how it ended."""
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(30)
        finally:
            self.process.kill()
            for pipe in (self.process.stdout, self.process.stderr):
                if pipe:
                    pipe.close()


def test_the_printed_line_gets_a_score_from_the_served_demo(prepared):
    home, _ = prepared
    running = Running(home)
    try:
        printed = running.read_until(lambda line: line.startswith("Stop with Ctrl-C"))
        words = shlex.split(next(line for line in printed.splitlines() if line.startswith("curl ")))
        ready = urllib.request.urlopen(f"{running.address}/readyz", timeout=10)
        ready.close()
        headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
        address, body = words[2], words[words.index("-d") + 1].encode()
        with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=10) as answer:
            told = json.load(answer)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(address, body, {"Content-Type": "application/json"}))
        refused.value.close()
    finally:
        ended = running.stop()

    assert ready.status == 200
    assert address == f"{running.address}/v1/scores/deals"
    score = told["scores"][0]
    assert 0 < score["low"] <= score["probability"] <= score["high"] < 1
    assert f"chance to win {score['probability']:.0%}" in printed
    assert f"Deal {score['deal_id']}:" in printed
    assert told["model_version"] == "1"
    assert refused.value.code == 401
    assert ended == 0


def test_a_port_that_is_taken_is_an_error_with_its_way_out_before_anything_is_made(tmp_path, command):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        began = time.monotonic()
        said = command("--home", tmp_path / "home", "demo", "--port", taken.getsockname()[1])

    assert said.status == 1, (said, time.monotonic() - began)
    assert "To fix: " in said.err
    assert "--port" in said.err
    assert not (tmp_path / "home").exists()


def test_scores_and_features_that_commands_write_and_models_they_change_are_in_the_audit_trail(
    prepared, command, tmp_path
):
    home = tmp_path / "home"
    shutil.copytree(prepared[0], home)
    trail = ("--home", home, "audit", "list", "--json")
    before = len(command(*trail).out.splitlines())
    table, moment = tmp_path / "f.parquet", f"{Bundle.load(live_bundle(home, 'win')).until.isoformat()}Z"

    for words in (
        ("features", "build", "deals", "--as-of", moment, "--out", table),
        ("score", table, "--model", "win", "--out", tmp_path / "s.parquet", "--jobs", 1),
        ("models", "promote", "win", "1", "--force"),
        ("models", "shadow", "win"),
    ):
        done = command("--home", home, *words)
        assert done.status == 0, done.err
    noted = [json.loads(line) for line in command(*trail).out.splitlines()][before:]

    assert [(one["action"], one["subject"]) for one in noted] == [
        ("features.exported", "features:deals"),
        ("scores.exported", "model:win"),
        ("model.promoted", "model:win:1"),
        ("model.shadowed", "model:win"),
    ]
    assert noted[1]["detail"] == {
        "command": "score",
        "features": str(table),
        "out": str(tmp_path / "s.parquet"),
        "reasons": 0,
    }
    assert command("--home", home, "audit", "verify").status == 0
