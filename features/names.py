"""Which number stands for which name? Names shared by all events in memory, and those that only a question brings."""

from collections.abc import Iterable

UNKNOWN = -2
"""The code of a name nobody has."""
OWN = -3
"""Codes from here down are names of a question's own, which are forgotten with it."""


class Names:
    """Texts by code, in the order in which they were first met. -1 is no text.

    A layer `over` other names keeps its additions to itself.
    """

    def __init__(self, texts: Iterable[str] = (), over: "Names | None" = None) -> None:
        self._texts = list(texts)
        self._codes: dict[str, int] | None = None
        self._over = over

    def __len__(self) -> int:
        return len(self._texts)

    def code(self, text: str | None) -> int:
        """The code of a text; -1 for None, UNKNOWN for a name that is not there."""
        if text is None:
            return -1
        found = self._own().get(text, UNKNOWN)
        return self._over.code(text) if found == UNKNOWN and self._over is not None else found

    def add(self, text: str | None) -> int:
        """The code of a text, a new one where there is none."""
        found = self.code(text)
        if found == UNKNOWN:
            assert text is not None
            found = len(self._texts) if self._over is None else OWN - len(self._texts)
            self._own()[text] = found
            self._texts.append(text)
        return found

    def text(self, code: int) -> str | None:
        """The text of a code; None for none."""
        if code >= 0:
            return self._texts[code] if self._over is None else self._over.text(code)
        return self._texts[OWN - code] if code <= OWN else None

    def _own(self) -> dict[str, int]:
        if self._codes is None:
            self._codes = {text: code for code, text in enumerate(self._texts)}
        return self._codes
