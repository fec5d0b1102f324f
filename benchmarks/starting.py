"""How soon does a service answer, and what does it hold in memory? `--home HOME [--rounds N] [--json]`.

The home is one of `foresell demo --no-serve`; copies of it are used. From the start of the process to its first score
by features and by id, in seconds and in the processor's, and the memory held a while later, with and without a history;
and that of one of two workers. Resident memory counts what processes share in each of them, the fair share counts it
once, divided among them, and what is a process's own is what one more of them takes.
A first start that is not counted lets Python and the machine code be compiled, as an installation does. Linux only.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.http_load import questions
from benchmarks.http_load.servers import ask, python, running

ROOT = Path(__file__).resolve().parents[1]
SETTLED = 3.0
"""Seconds after the first score at which memory is read: by then all that is loaded later has been."""

Figures = dict[str, float]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="a home of foresell demo --no-serve")
    parser.add_argument("--rounds", type=int, default=5, help="starts of each kind, of which the median counts")
    parser.add_argument("--json", action="store_true", help="also one line of JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = Starts(Path(folder), given.home).measure(given.rounds)
    print(f"{'':24}" + "".join(f"{name:>18}" for name in next(iter(found.values()))))
    for kind, figures in found.items():
        print(f"{kind:24}" + "".join(f"{figure:18.2f}" for figure in figures.values()))
    if given.json:
        print(json.dumps(found))


class Starts:
    """Services that are started and ended."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder, self.home, self.bare = folder, folder / "home", folder / "bare"
        shutil.copytree(home, self.home, ignore=shutil.ignore_patterns("mlruns", "demo"))
        pointer = json.loads((self.home / "champions" / "win.json").read_text())
        bundle = self.home / "champions" / str(pointer["folder"]) / "bundle.json"
        until = str(json.loads(bundle.read_text())["bundle"]["until"])
        self.as_of = f"{datetime.fromisoformat(until).isoformat()}Z"
        made = python("-m", "benchmarks.http_load.rows", str(self.home), until)
        data = json.loads(subprocess.run(made, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
        self.by_features = questions.ours(data["rows"], 5).one[0]
        self.by_id = questions.by_id(data["ids"], 5)[0]
        made = python("-m", "serving", "--home", str(self.home), "keys", "create", "--name", "b", "--scopes", "score")
        key = subprocess.run(made, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()[0]
        self.headers = {"Authorization": f"Bearer {key}"}
        shutil.copytree(self.home, self.bare, ignore=shutil.ignore_patterns("history", "prepared"))

    def measure(self, rounds: int) -> dict[str, Figures]:
        """The medians of each kind of start, which take turns."""
        kinds: Mapping[str, tuple[Path, str, int]] = {
            "features, no history": (self.bare, self.by_features, 1),
            "features, no history, 2": (self.bare, self.by_features, 2),
            "features": (self.home, self.by_features, 1),
            "by id": (self.home, self.by_id, 1),
        }
        found: dict[str, list[Figures]] = {kind: [] for kind in kinds}
        for number in range(rounds + 1):
            for kind, (home, body, workers) in kinds.items():
                figures = self.start(home, body, workers)
                if number:
                    found[kind].append(figures)
        return {
            kind: {name: statistics.median(one[name] for one in each) for name in each[0]}
            for kind, each in found.items()
        }

    def start(self, home: Path, body: str, workers: int) -> Figures:
        """One start: seconds and processor's seconds to the first score, and MiB when it has settled."""

        def command(port: int) -> list[str]:
            words = ["--home", str(home), "serve", "--port", str(port), "--as-of", self.as_of]
            return python("-m", "serving", *words, "--workers", str(workers))

        def answers(port: int) -> int:
            return ask(port, "/v1/scores/deals", body, self.headers)

        compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(self.folder / "compiled")}
        beside = {"PYTHONPATH": str(ROOT), "FORESELL_JOBS": "false", **compiled}
        with running(command, answers, self.folder / "serve.log", beside) as server:
            answering = [server.process] if workers == 1 else children(server.process)
            processor = sum(map(processor_seconds, {server.process, *answering}))
            time.sleep(SETTLED)
            held = memory(answering[-1])
        return {"seconds": server.seconds_to_answer, "processor s": processor, **held}


def processor_seconds(process: int) -> float:
    """What a process took of the processors, in seconds, with all its threads."""
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def children(process: int) -> list[int]:
    """The processes that a process began."""
    return sorted(map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()))


def memory(process: int) -> Figures:
    """What a process holds, in MiB: resident, its fair share of it, its own alone, and what of it is no file's."""
    told = dict(line.split(":", 1) for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:])
    kib = {name: int(text.split()[0]) for name, text in told.items()}
    own = kib["Private_Clean"] + kib["Private_Dirty"]
    found = {"resident": kib["Rss"], "fair share": kib["Pss"], "own": own, "no file's": kib["Anonymous"]}
    return {f"{name} MiB": held / 1024 for name, held in found.items()}


if __name__ == "__main__":
    main()
