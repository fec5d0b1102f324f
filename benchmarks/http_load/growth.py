"""What does a process hold, and does it grow? Memory, open files, threads, and the slope of what was seen of them."""

import math
import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path


def memory_of(process: int) -> dict[str, float]:
    """MiB of a process: resident, and what is its own alone."""
    found = {"rss": 0.0, "uss": 0.0}
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]:
        name, value = line.split()[:2]
        if name == "Rss:":
            found["rss"] = int(value) / 1024
        elif name in ("Private_Clean:", "Private_Dirty:"):
            found["uss"] += int(value) / 1024
    return found


def held_by(process: int) -> dict[str, float]:
    """Open files and threads of a process."""
    counted = {"files": "fd", "threads": "task"}
    return {name: float(len(os.listdir(f"/proc/{process}/{folder}"))) for name, folder in counted.items()}


def slope(times: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """Least-squares slope and the half width of its 95 % interval.

    The count of values is made smaller by their first-order autocorrelation (Santer et al. 2000, J. Geophys. Res. 105).
    """
    from scipy.stats import linregress, t

    if len(values) < 5:
        return math.nan, math.nan
    line = linregress(times, values)
    rest = [value - line.intercept - line.slope * moment for moment, value in zip(times, values, strict=True)]
    squares = sum(one * one for one in rest)
    alike = sum(a * b for a, b in pairwise(rest)) / squares if squares else 0.0
    effective = max(len(values) * (1 - max(alike, 0.0)) / (1 + max(alike, 0.0)), 3.0)
    error = line.stderr * math.sqrt((len(values) - 2) / (effective - 2))
    return float(line.slope), float(error * t.ppf(0.975, effective - 2))
