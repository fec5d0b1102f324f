"""How many scores a second, how late the slowest, beside MLflow's server and a plain handler? `--home HOME [--quick]`.

The home is one of `foresell demo --no-serve`; a copy of it is used. One process for each server, the same model, the
same rows in turn, keep-alive connections; each figure is the median of rounds in which the servers take turns. The load
comes from a process of its own (`http_load.client`). Prints a table, with --json also one line of JSON.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.http_load import questions
from benchmarks.http_load.client import Load
from benchmarks.http_load.questions import Questions
from benchmarks.http_load.rivals import BUNDLE, REASONS, save_pyfunc
from benchmarks.http_load.servers import Server, ask, python, running, uvicorn

ROOT = Path(__file__).resolve().parents[1]
CONNECTIONS = (1, 16, 64)
Figures = dict[str, Any]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="a home of foresell demo --no-serve")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--json", action="store_true", help="also one line of JSON")
    given = parser.parse_args()
    seconds, rounds = (1.0, 1) if given.quick else (3.0, 3)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as ends:
        bench = Bench(Path(folder), given.home, ends)
        figures = bench.measure(seconds, rounds)
    for line in told(figures):
        print(line)
    if given.json:
        print(json.dumps(figures))


class Bench:
    """The servers, started one after the other and kept until the end."""

    def __init__(self, folder: Path, home: Path, ends: ExitStack) -> None:
        self.folder, self.ends = folder, ends
        self.home = folder / "home"
        shutil.copytree(home, self.home)
        pointer = json.loads((self.home / "champions" / "win.json").read_text())
        self.bundle = self.home / "champions" / str(pointer["folder"])
        until = json.loads((self.bundle / "bundle.json").read_text())["bundle"]["until"]
        self.as_of = datetime.fromisoformat(until)
        made = python("-m", "benchmarks.http_load.rows", str(self.home), until)
        data = json.loads(subprocess.run(made, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
        self.ids, self.rows = data["ids"], data["rows"]
        made = python("-m", "serving", "--home", str(self.home), "keys", "create", "--name", "b", "--scopes", "score")
        key = subprocess.run(made, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()[0]
        self.headers = {"Authorization": f"Bearer {key}"}
        self.version = str(pointer["version"])

    def ours(self, name: str, home: Path, body: str) -> Server:
        """Our service for a home, until it answers this body."""

        def command(port: int) -> list[str]:
            moment = f"{self.as_of.isoformat()}Z"
            return python("-m", "serving", "--home", str(home), "serve", "--port", str(port), "--as-of", moment)

        return self._run(name, command, "/v1/scores/deals", body, self.headers)

    def mlflow(self, name: str, model: Path, body: str) -> Server:
        """MLflow's server for a model's folder."""

        def command(port: int) -> list[str]:
            words = ("models", "serve", "-m", str(model), "--env-manager", "local", "--workers", "1")
            return python("-m", "mlflow", *words, "-p", str(port))

        return self._run(name, command, "/invocations", body, {})

    def uvicorn(self, name: str, app: str, path: str, body: str) -> Server:
        """One of the small apps of `rivals`."""
        return self._run(name, lambda port: uvicorn(app, port), path, body, {})

    def _run(self, name: str, command: Any, path: str, body: str, headers: Mapping[str, str]) -> Server:
        def answers(port: int) -> int:
            return ask(port, path, body, headers)

        beside = {BUNDLE: str(self.bundle), "PYTHONPATH": str(ROOT), "FORESELL_JOBS": "false"}
        return self.ends.enter_context(running(command, answers, self.folder / f"{name}.log", beside))

    def measure(self, seconds: float, rounds: int) -> Figures:
        """All figures."""
        rows = self.rows
        asked: dict[str, Questions] = {
            "ours": questions.ours(rows, 0),
            "ours, reasons": questions.ours(rows, REASONS),
            "mlflow": questions.mlflow(rows),
            "plain": questions.plain(rows, 0),
            "plain, reasons": questions.plain(rows, REASONS),
            "empty": Questions("/empty", ["{}"], []),
        }
        bare = self.folder / "bare"
        shutil.copytree(self.home, bare, ignore=shutil.ignore_patterns("history", "mlruns", "demo", "prepared"))
        starts = [self.first_score(f"start-{number}", bare, asked["ours"].one[0]) for number in range(max(rounds, 2))]
        alone = self.ours("bare", bare, asked["ours"].one[0])
        ours = self.ours("ours", self.home, questions.by_id(self.ids, 0)[0])
        registered = self.registered()
        example = asked["mlflow"].one[0]
        served = {
            "mlflow": self.mlflow("mlflow", registered, example),
            "mlflow, reasons": self.mlflow("mlflow-us", self.saved("us", by_lightgbm=False), example),
            "mlflow, reasons by the libraries": self.mlflow("mlflow-lgb", self.saved("lgb", by_lightgbm=True), example),
            "plain": self.uvicorn("plain", "plain_app", "/score", asked["plain"].one[0]),
            "empty": self.uvicorn("empty", "empty_app", "/empty", "{}"),
        }
        ports = {name: server.port for name, server in {**served, "ours": ours}.items()}
        figures: Figures = {
            "answers_differ_by": self.agreement(ours.port, served["mlflow"].port),
            "seconds_to_first_score": min(starts),
            "seconds_to_first_score_by_id": ours.seconds_to_answer,
            "mlflow_seconds_to_first_score": served["mlflow"].seconds_to_answer,
        }

        def load(name: str, question: str, connections: int, *, many: bool = False) -> Load:
            one = asked[question]
            bodies = one.many if many else one.one
            headers = self.headers if name == "ours" else {}
            return Load(ports[name], one.path, bodies, headers, connections, seconds * (2 if many else 1))

        plans: dict[str, list[Load]] = {}
        for connections in CONNECTIONS:
            plans[f"score/{connections}/ours"] = [load("ours", "ours", connections)]
            plans[f"score/{connections}/mlflow"] = [load("mlflow", "mlflow", connections)]
            plans[f"score/{connections}/plain"] = [load("plain", "plain", connections)]
            plans[f"score/{connections}/empty"] = [load("empty", "empty", connections)]
            plans[f"reasons/{connections}/ours"] = [load("ours", "ours, reasons", connections)]
            plans[f"reasons/{connections}/plain"] = [load("plain", "plain, reasons", connections)]
            for name in ("mlflow, reasons", "mlflow, reasons by the libraries"):
                plans[f"reasons/{connections}/{name}"] = [load(name, "mlflow", connections)]
        plans["score/1000 a call/ours"] = [load("ours", "ours", 1, many=True)]
        plans["score/1000 a call/mlflow"] = [load("mlflow", "mlflow", 1, many=True)]
        plans["reasons/1000 a call/ours"] = [load("ours", "ours, reasons", 1, many=True)]
        plans["reasons/1000 a call/plain"] = [load("plain", "plain, reasons", 1, many=True)]
        for name in ("mlflow, reasons", "mlflow, reasons by the libraries"):
            plans[f"reasons/1000 a call/{name}"] = [load(name, "mlflow", 1, many=True)]
        beside = load("ours", "ours, reasons", 1, many=True)
        plans["singles beside 1000 a call/1/ours"] = [load("ours", "ours, reasons", 1), beside]
        for connections in (1, 16):
            bodies = questions.by_id(self.ids, REASONS)
            plans[f"by id/{connections}/ours"] = [
                Load(ports["ours"], "/v1/scores/deals", bodies, self.headers, connections, seconds)
            ]
        found: dict[str, list[dict[str, float]]] = {}
        for _ in range(rounds):
            for name, loads in plans.items():
                found.setdefault(name, []).append(put_under(loads))
        figures["loads"] = {name: medians(each) for name, each in found.items()}
        figures["mib_without_features"] = alone.resident()
        figures["mib_with_features"] = ours.resident()
        figures["mlflow_mib"] = served["mlflow"].largest()
        return figures

    def first_score(self, name: str, home: Path, body: str) -> float:
        """Seconds from the start of the process to the first score by features."""
        with ExitStack() as at_once:
            kept, self.ends = self.ends, at_once
            try:
                return self.ours(name, home, body).seconds_to_answer
            finally:
                self.ends = kept

    def registered(self) -> Path:
        """The folder of the live version in the home's MLflow store."""
        import sqlite3

        with sqlite3.connect(self.home / "mlflow.db") as store:
            (source,) = store.execute(
                "SELECT source FROM model_versions WHERE name = 'win' AND version = ?", [self.version]
            ).fetchone()
        return self.home / "mlruns" / "models" / str(source).removeprefix("models:/") / "artifacts"

    def saved(self, name: str, *, by_lightgbm: bool) -> Path:
        """A model for MLflow's server whose function gives reasons."""
        return save_pyfunc(self.folder / f"pyfunc-{name}", self.bundle, self.rows, by_lightgbm=by_lightgbm)

    def agreement(self, ours: int, mlflow: int) -> float:
        """The largest difference of any probability between our answers and MLflow's."""
        mine = post(ours, questions.ours(self.rows, 0), self.headers)["scores"]
        theirs = post(mlflow, questions.mlflow(self.rows), {})["predictions"]
        pairs = zip(mine, theirs, strict=True)
        return max(float(abs(one["probability"] - other["win_probability"])) for one, other in pairs)


def post(port: int, asked: Questions, headers: Mapping[str, str]) -> dict[str, Any]:
    """The answer to a thousand rows."""
    from http.client import HTTPConnection

    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("POST", asked.path, asked.many[0].encode(), {"Content-Type": "application/json", **headers})
    found: dict[str, Any] = json.loads(connection.getresponse().read())
    return found


def put_under(loads: Sequence[Load]) -> dict[str, float]:
    """What the first load measured, while the others are put on too."""
    plan = json.dumps([asdict(one) for one in loads])
    command = python("-m", "benchmarks.http_load.client")
    done = subprocess.run(command, cwd=ROOT, input=plan, check=True, capture_output=True, text=True, timeout=300)
    found: dict[str, float] = json.loads(done.stdout)[0]
    return found


def medians(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Each figure's median over the rounds; refused answers are summed."""
    together = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    return together | {"refused": sum(each["refused"] for each in rounds)}


def told(figures: Figures) -> Iterator[str]:
    """The table."""
    loads: dict[str, dict[str, float]] = figures["loads"]
    yield f"{'load':58} {'requests/s':>10} {'p50 ms':>8} {'p99 ms':>8} {'ours is':>8}"
    for name, one in loads.items():
        ours = loads.get(f"{name.rsplit('/', 1)[0]}/ours")
        ratio = f"{ours['per_second'] / one['per_second']:7.2f}x" if ours and one["per_second"] else ""
        refused = f"  {one['refused']:.0f} refused" if one["refused"] else ""
        yield f"{name:58} {one['per_second']:10.1f} {one['p50']:8.2f} {one['p99']:8.2f} {ratio:>8}{refused}"
    for name, figure in figures.items():
        if name != "loads":
            yield f"{name.replace('_', ' '):58} {figure:10.4g}"


if __name__ == "__main__":
    main()
