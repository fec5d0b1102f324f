"""How long does an import take, and how much memory? `python benchmarks/importing.py [--rows N] [--json]`.

Writes N invented activities as CSV, imports them into an empty home, imports them again, each in a process of its own,
and prints seconds, rows per second and the peak of resident memory.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from features.importing import import_folder


def write_activities(target: Path, rows: int) -> None:
    """A CSV of `rows` activities over four years, ten columns, a third of them with an offset in the time."""
    import duckdb

    duckdb.execute("SET enable_progress_bar = false")
    duckdb.execute(
        f"""COPY (
            SELECT 'A' || i AS activity_id, 'D' || (hash(i) % greatest({rows} // 20, 1)) AS deal_id,
                'C' || (hash(i + 1) % greatest({rows} // 50, 1)) AS customer_id,
                CASE WHEN i % 3 = 0 THEN 'P' || (hash(i + 2) % 5000) END AS contact_id,
                'R' || (hash(i + 3) % 200) AS rep_id,
                ['call', 'Email', 'meeting', 'visit', 'chat'][1 + (hash(i + 4) % 5)::INTEGER] AS type,
                ['inbound', 'outbound'][1 + (hash(i + 5) % 2)::INTEGER] AS direction,
                strftime(TIMESTAMP '2020-01-01' + INTERVAL (i * 120) SECOND, '%Y-%m-%d %H:%M:%S')
                    || CASE WHEN i % 3 = 0 THEN '+08:00' ELSE '' END AS happened_at,
                (hash(i + 6) % 90)::VARCHAR AS duration_minutes,
                'spoke about offer, "price" ' || (hash(i + 7) % 1000) AS outcome
            FROM range({rows}) t(i)
        ) TO '{target}' (FORMAT csv, HEADER)"""
    )


def timed_import(export: Path, home: Path) -> tuple[float, float, int]:
    """One import: seconds, peak resident memory of this process in MB, rows found on record already."""
    start = time.perf_counter()
    report = import_folder(export, home, None, datetime(2025, 1, 1))
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return seconds, peak, report.tables[0].same


def measure(rows: int) -> dict[str, float]:
    """Import `rows` activities twice, each time in a new process, as the command does."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes,
    ):
        export, home = Path(folder) / "export", Path(folder) / "home"
        export.mkdir()
        processes.submit(write_activities, export / "activities.csv", rows).result()
        size = (export / "activities.csv").stat().st_size / 1e6
        seconds, peak, _ = processes.submit(timed_import, export, home).result()
        again, peak_again, same = processes.submit(timed_import, export, home).result()
        if same != rows:
            raise SystemExit(f"the second import should have found all rows on record, and found {same}")
    return {
        "rows": rows,
        "file_mb": round(size, 1),
        "seconds": round(seconds, 2),
        "rows_per_second": round(rows / seconds),
        "peak_rss_mb": round(peak),
        "again_seconds": round(again, 2),
        "again_peak_rss_mb": round(peak_again),
    }


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object on the last line")
    options = parser.parse_args()
    figures = measure(options.rows)
    for name, figure in figures.items():
        print(f"{name:<18}{figure:>14,}")
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
