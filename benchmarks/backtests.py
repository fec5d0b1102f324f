"""How good is each model on every public set, beside all rivals, as the commands tell it?

`python benchmarks/backtests.py [--only SET] [--folds N] [--reports FOLDER] [--json]`.
Imports each set with its mapping of `examples/` and runs `foresell backtest MODEL`, once per set and model, in a
process of its own: what stands in docs/results.md is what a user gets. Differences carry bootstrap intervals over
deals, customers or series. `--reports` keeps the pages and the JSON of every run.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class PublicSet:
    """A set: its folder, its mapping, the converter that makes tables of it, and the models it can teach."""

    title: str
    folder: str
    mapping: str
    models: tuple[str, ...]
    converter: tuple[str, ...] = ()


SETS = {
    "bpi": PublicSet(
        "BPI Challenge 2012", "bpic2012", "bpic2012.yaml", ("win",), ("bpic2012_to_tables.py", "{in}", "{out}")
    ),
    "ibm": PublicSet("IBM win/loss", "ibm_win_loss", "ibm_win_loss.yaml", ("win",)),
    "maven": PublicSet("Maven CRM", "maven_crm", "maven_crm.yaml", ("win", "forecast")),
    "retail": PublicSet("Online Retail II", "online_retail_ii", "online_retail_ii.yaml", ("churn", "forecast")),
    "telco": PublicSet("Telco churn", "telco_churn", "telco_churn.yaml", ("churn",)),
    "adventureworks": PublicSet("AdventureWorks", "adventureworks", "adventureworks.yaml", ("forecast",)),
    "tourism": PublicSet(
        "Australian tourism",
        "au_tourism",
        "au_tourism.yaml",
        ("forecast",),
        ("au_tourism_to_tables.py", "{in}", "{out}"),
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--only", action="append", choices=list(SETS), help="a set; may be given again")
    parser.add_argument("--model", choices=["win", "churn", "forecast"], help="only this model")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--reports", type=Path, help="keep JSON and pages here")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures: dict[str, object] = {}
    for name in options.only or SETS:
        one = SETS[name]
        with tempfile.TemporaryDirectory() as folder:
            home = imported(one, options.data, Path(folder))
            for model in one.models:
                if options.model in (None, model):
                    kept = options.reports or Path(folder)
                    figures[f"{name} {model}"] = judged(one, name, model, home, kept, options.folds)
    if options.json:
        print(json.dumps(figures))


def imported(one: PublicSet, data: Path, folder: Path) -> Path:
    """The home folder that holds the set."""
    source = data / one.folder
    if one.converter:
        places = {"{in}": str(source), "{out}": str(folder / "tables")}
        script, *words = one.converter
        run([sys.executable, str(ROOT / "examples" / script), *(places[word] for word in words)])
        source = folder / "tables"
    home = folder / "home"
    run(foresell(home, "import", str(source), "--mapping", str(ROOT / "examples" / one.mapping)))
    return home


def judged(one: PublicSet, name: str, model: str, home: Path, kept: Path, folds: int) -> object:
    """Print what `foresell backtest` says; return its figures."""
    kept.mkdir(parents=True, exist_ok=True)
    figures, page = kept / f"{name}-{model}.json", kept / f"{name}-{model}.html"
    words = ["backtest", model, "--folds", str(folds), "--no-log", "--out", str(figures), "--report", str(page)]
    begun = time.perf_counter()
    done = run(foresell(home, *words), check=False)
    seconds = time.perf_counter() - begun
    print(f"\n## {one.title}: {model}\n\n`foresell backtest {model} --folds {folds}` ({seconds:.0f} s)\n")
    if done.returncode:
        print(done.stderr.strip(), flush=True)
        return {"error": done.stderr.strip()}
    print(f"```\n{done.stdout.rstrip()}\n```", flush=True)
    return {"seconds": round(seconds, 1), **json.loads(figures.read_text("utf-8"))}


def foresell(home: Path, *words: str) -> list[str]:
    return [sys.executable, "-c", "from serving.cli import main; main()", "--home", str(home), *words]


def run(command: Sequence[str], *, check: bool = True) -> "subprocess.CompletedProcess[str]":
    """Run in the project's folder; what goes wrong is shown."""
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(list(command), cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return done


if __name__ == "__main__":
    main()
