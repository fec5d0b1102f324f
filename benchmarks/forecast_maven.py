"""How good are bookings forecasts on a real-looking pipeline without amounts before the close, beside every rival?

`python benchmarks/forecast_maven.py [--data FOLDER] [--folds N] [--json]`. Imports the Maven sales pipeline and runs
`foresell backtest forecast` on it: monthly moments, each with only what was on record then.
"""

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from features.history import History  # noqa: E402
from features.importing import import_folder  # noqa: E402
from features.span import last_recorded  # noqa: E402
from training.forecast.backtest import backtest_forecast  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "maven_crm")
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        now = datetime.now(UTC).replace(tzinfo=None)
        import_folder(options.data, Path(folder), ROOT / "examples" / "maven_crm.yaml", now)
        history = History.existing(Path(folder))
        last = last_recorded(history, now)
        assert last is not None
        found = backtest_forecast(history, last + timedelta(microseconds=1), options.folds)
    print("\n".join(found.lines()))
    if options.json:
        print(json.dumps(json.loads(found.to_json())))


if __name__ == "__main__":
    main()
