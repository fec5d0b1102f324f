"""How is chance drawn, so that each deal has its own luck whatever else is simulated with it?

Random numbers are a function of (seed, purpose, entity, step): the SplitMix64 sequence of Steele, Lea
and Flood ("Fast splittable pseudorandom number generators", OOPSLA 2014) started from a key of its own
for every entity and purpose. Nothing depends on the order or the size of the chunks, and the same deal
meets the same luck under another policy (common random numbers).
"""

from zlib import crc32

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Keys = npt.NDArray[np.uint64]

_GOLDEN = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1
_UNIT = 2.0**-53


def streams(seed: int, purpose: str, entities: Ints) -> Keys:
    """One key per entity, for draws of this purpose; the same shape as `entities`."""
    root = _mixed(np.array([(seed * _GOLDEN + crc32(purpose.encode())) & _MASK], dtype=np.uint64))
    numbered = entities.astype(np.uint64) * np.uint64(_GOLDEN) + root[0]
    return _mixed(_mixed(numbered))


def uniform(keys: Keys, step: int | Ints) -> Floats:
    """One draw in [0, 1) for each key at this step; `step` broadcasts against the keys."""
    if isinstance(step, int):
        moved = keys + np.uint64((step * _GOLDEN) & _MASK)
    else:
        moved = keys + step.astype(np.uint64) * np.uint64(_GOLDEN)
    return (_mixed(moved) >> np.uint64(11)).astype(np.float64) * _UNIT


def normal(keys: Keys, step: int) -> Floats:
    """One standard normal draw for each key (Box and Muller 1958); uses steps 2*step and 2*step+1."""
    radius = np.sqrt(-2.0 * np.log1p(-uniform(keys, 2 * step)))
    return np.asarray(radius * np.cos(2.0 * np.pi * uniform(keys, 2 * step + 1)))


def pick(draws: Floats, shares: tuple[float, ...]) -> Ints:
    """The index that each draw in [0, 1) falls on when the line is cut in proportion to `shares`."""
    edges = np.cumsum(np.asarray(shares, dtype=np.float64))
    return np.searchsorted(edges[:-1] / edges[-1], draws, side="right").astype(np.int64)


def below(draws: Floats, counts: Ints | int) -> Ints:
    """A whole number from 0 to count - 1 for each draw in [0, 1)."""
    return np.asarray(np.minimum((draws * counts).astype(np.int64), np.asarray(counts) - 1), dtype=np.int64)


def _mixed(x: Keys) -> Keys:
    """The finaliser of SplitMix64: every bit in moves every bit out. Never changes its argument."""
    mixed = x ^ (x >> np.uint64(30))
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed
