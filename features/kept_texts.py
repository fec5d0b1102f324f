"""Which text has which number, where there are very many? Texts in arrays that need not be read to be looked up."""

import zlib
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

UNKNOWN = -2


class Texts(Protocol):
    """Texts by number."""

    def __getitem__(self, code: int, /) -> str: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[str]: ...


def text_arrays(texts: Texts) -> dict[str, NDArray[Any]]:
    """Texts one after another, where each begins, and their numbers by checksum: a few share one."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    ends = np.cumsum([len(text) for text in encoded], dtype=np.int64)
    begins = np.concatenate([np.zeros(1, np.int64), ends])
    shelves = 1 << max(len(encoded) - 1, 1).bit_length()
    sums = np.array([zlib.crc32(text) for text in encoded], np.int64) & (shelves - 1)
    order = np.argsort(sums, kind="stable")
    places = np.searchsorted(sums[order], np.arange(shelves + 1))
    return {
        "letters": np.array(memoryview(b"".join(encoded)), np.uint8),
        "begins": begins if begins[-1] >= 2**31 else begins.astype(np.int32),
        "order": order.astype(np.int32),
        "places": places.astype(np.int32),
    }


def raw(array: NDArray[Any]) -> "memoryview[int]":
    """An array as plain integers."""
    return memoryview(array)  # type: ignore[arg-type]


class HeldTexts:
    """Texts in arrays, as `text_arrays` makes them."""

    __slots__ = ("_begins", "_letters", "_mask", "_order", "_places")

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        self._letters = raw(arrays["letters"])
        self._begins = raw(arrays["begins"])
        self._order = raw(arrays["order"])
        self._places = raw(arrays["places"])
        self._mask = len(self._places) - 2

    def __len__(self) -> int:
        return len(self._begins) - 1

    def __getitem__(self, code: int, /) -> str:
        begins = self._begins
        return str(self._letters[begins[code] : begins[code + 1]], "utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        for code in range(len(self)):
            yield self[code]

    def code(self, text: str) -> int:
        """The number of a text; UNKNOWN where it is not there."""
        sought = text.encode("utf-8", "surrogatepass")
        shelf = zlib.crc32(sought) & self._mask
        begins, places = self._begins, self._places
        for place in range(places[shelf], places[shelf + 1]):
            code = self._order[place]
            if self._letters[begins[code] : begins[code + 1]] == sought:
                return code
        return UNKNOWN

    @property
    def bytes(self) -> int:
        """What the arrays take."""
        return sum(part.nbytes for part in (self._letters, self._begins, self._order, self._places))


__all__ = ["UNKNOWN", "HeldTexts", "Texts", "raw", "text_arrays"]
