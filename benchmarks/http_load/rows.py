"""The features of a home's open deals, as JSON: what the servers are asked. `python -m benchmarks.http_load.rows`."""

import json
import sys
from datetime import datetime
from pathlib import Path

from features.history import History
from features.online import Memory
from features.open_deals import open_deals
from training.bundle import Bundle, live_bundle, rows_of


def main() -> None:
    """Write ids and rows of the open deals of a home as of a moment; says them on standard output."""
    home, as_of = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
    folder = live_bundle(home, "win")
    if folder is None:
        raise SystemExit(f"{home} has no win model: make one with foresell demo --no-serve")
    history = History.existing(home)
    features = Bundle.load(folder).features
    ids = open_deals(history, as_of).ids.tolist()
    rows = rows_of(Memory(history, features).values(ids, as_of, "deal"))
    json.dump({"ids": ids, "rows": rows, "bundle": str(folder)}, sys.stdout)


if __name__ == "__main__":
    main()
