"""How good is the churn model on the IBM Telco sample, a snapshot without dates, beside its rivals?

`python benchmarks/churn_telco.py [--data FOLDER] [--json]`. Imports the set with `examples/telco_churn.yaml` and judges
every estimate on customers it has not seen, in five parts, by `foresell backtest churn`; the same with the answers of
customers mixed, where nothing may be found.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from features.history import History  # noqa: E402
from features.importing import import_folder  # noqa: E402
from features.span import last_recorded  # noqa: E402
from training.churn.backtest import backtested  # noqa: E402
from training.churn.dataset import churn_data  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "telco_churn")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home, now = Path(folder), datetime.now(UTC).replace(tzinfo=None)
        import_folder(options.data, home, ROOT / "examples" / "telco_churn.yaml", now)
        environment = {**os.environ, "FORESELL_HOME": str(home), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "training", "backtest", "churn", "--json"]
        told = subprocess.run(command, check=True, env=environment, cwd=home, capture_output=True, text=True).stdout
        found = json.loads(told.strip().splitlines()[-1])
        history = History.existing(home)
        last = last_recorded(history, now)
        assert last is not None
        mixed = json.loads(backtested(churn_data(history, last + timedelta(microseconds=1)).shuffled(0), 3).to_json())
    table("as it is", found)
    table("answers mixed among customers", mixed)
    if options.json:
        print(json.dumps({"backtest": found["scorecards"], "served": found["served"], "mixed": mixed["scorecards"]}))


def table(title: str, found: dict) -> None:  # type: ignore[type-arg]
    """The estimates of one backtest."""
    print(f"\n{title}: {found['served']} is served")
    print(f"{'estimate':<16}{'log loss':>9}{'Brier':>8}{'AUC':>7}{'EMPC':>8}   ours less this one, 95 %")
    for name, card in sorted(found["scorecards"].items(), key=lambda item: item[1]["log_loss"]):
        less = found["ours_less_rival"].get(name)
        shown = "" if less is None else f"{less['difference']:+.4f} [{less['low']:+.4f}, {less['high']:+.4f}]"
        auc = next((value for key, value in card.items() if key.startswith("auc_")), 0.5)
        print(f"{name:<16}{card['log_loss']:>9.4f}{card['brier']:>8.4f}{auc:>7.3f}{card['empc']:>8.3f}   {shown}")


if __name__ == "__main__":
    main()
