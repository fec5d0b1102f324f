"""This process in Spark's place: the same calls, so that what workers do can be tested anywhere."""

import pickle
from collections.abc import Callable, Iterable
from random import Random
from typing import Any


class Hands:
    """Does in this process what Spark does with parcels: the same calls, and every function is pickled on the way."""

    defaultParallelism = 3  # noqa: N815

    def __init__(self) -> None:
        self.moved: list[tuple[str, int]] = []

    def parallelize(self, items: Iterable[Any], _: int) -> "Parcels":
        return Parcels(list(items), self)

    def union(self, many: list["Parcels"]) -> "Parcels":
        return Parcels([item for one in many for item in one.items], self)


class Parcels:
    def __init__(self, items: list[Any], hands: Hands) -> None:
        self.items, self.hands = items, hands

    def mapPartitions(self, work: Any) -> "Parcels":  # noqa: N802
        copy = pickle.loads(pickle.dumps(work))
        done = list(copy(iter(self.items)))
        self.hands.moved.append((work.func.__name__, len(done)))
        return Parcels(done, self.hands)

    def repartitionAndSortWithinPartitions(self, buckets: int, place: Callable[[Any], int]) -> "Parcels":  # noqa: N802
        shuffled = Random(len(self.items)).sample(self.items, len(self.items))
        return Parcels(sorted(shuffled, key=lambda item: (place(item[0]) % buckets, item[0])), self.hands)

    def persist(self, _: object) -> "Parcels":
        return self

    def unpersist(self) -> None: ...

    def count(self) -> int:
        return len(self.items)

    def collect(self) -> list[Any]:
        return self.items
