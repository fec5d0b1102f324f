"""Is someone asking too often? Token buckets, one for each name, in the memory of the process.

A bucket holds as many tokens as are allowed in a minute and fills evenly (J. Turner, New Directions in
Communications, 1986). Each worker counts for itself: N workers allow up to N times as much.
"""

from collections.abc import Callable, Hashable
from ipaddress import IPv6Address, ip_address
from math import ceil
from time import monotonic

MOST_HELD = 10_000
"""Buckets kept; the oldest goes first, which is as if it were full again."""


class Buckets:
    """Buckets by name; `tick` counts seconds."""

    def __init__(self, tick: Callable[[], float] = monotonic, most_held: int = MOST_HELD) -> None:
        self._tick, self._most_held = tick, most_held
        self._held: dict[Hashable, list[float]] = {}

    def take(self, name: Hashable, per_minute: float) -> int:
        """Take one token: 0, or the whole seconds until there is one again."""
        now = self._tick()
        held = self._held.get(name)
        if held is None:
            if len(self._held) >= self._most_held:
                self._held.pop(next(iter(self._held)), None)
            self._held[name] = [per_minute - 1, now]
            return 0
        tokens = min(per_minute, held[0] + (now - held[1]) * per_minute / 60)
        held[1] = now
        if tokens < 1:
            held[0] = tokens
            return ceil((1 - tokens) * 60 / per_minute)
        held[0] = tokens - 1
        return 0

    def wait(self, name: Hashable, per_minute: float) -> int:
        """The whole seconds until a token can be taken, without taking it; 0 for now."""
        held = self._held.get(name)
        if held is None:
            return 0
        tokens = held[0] + (self._tick() - held[1]) * per_minute / 60
        return 0 if tokens >= 1 else ceil((1 - tokens) * 60 / per_minute)


def neighbourhood(address: str | None) -> str:
    """The address under which tries are counted: an IPv6 caller has a whole /64 to choose from.

    >>> neighbourhood("2001:db8:1:2:3:4:5:6")
    '2001:db8:1:2::'
    >>> neighbourhood("::ffff:192.0.2.1")
    '192.0.2.1'
    """
    if address is None:
        return "unknown"
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Address(int(found) >> 64 << 64))
