"""Which number stands for which name? Names shared by all events in memory, and those that only a question brings."""

from collections.abc import Iterable

from features.kept_texts import UNKNOWN, HeldTexts

OWN = -3
"""Codes from here down are names of a question's own, which are forgotten with it."""


class Names:
    """Texts by code, in the order in which they were first met. -1 is no text.

    The first may be `held` in arrays. A layer `over` other names keeps its additions to itself.
    """

    def __init__(self, texts: Iterable[str] = (), over: "Names | None" = None, held: HeldTexts | None = None) -> None:
        self._held = held
        self._begun = 0 if held is None else len(held)
        self._texts = list(texts)
        self._codes: dict[str, int] | None = None
        self._over = over
        self._last: tuple[str | None, int] = (None, -1)

    def __len__(self) -> int:
        return self._begun + len(self._texts)

    def code(self, text: str | None) -> int:
        """The code of a text; -1 for None, UNKNOWN for a name that is not there."""
        if text is None:
            return -1
        found = self._own().get(text, UNKNOWN)
        if found != UNKNOWN:
            return found
        if self._over is not None:
            return self._over.code(text)
        if self._held is None:
            return UNKNOWN
        asked, found = self._last  # one deal is looked up in many streams
        if asked != text:
            found = self._held.code(text)
            self._last = (text, found)
        return found

    def add(self, text: str | None) -> int:
        """The code of a text, a new one where there is none."""
        found = self.code(text)
        if found == UNKNOWN:
            assert text is not None
            found = len(self) if self._over is None else OWN - len(self._texts)
            self._own()[text] = found
            self._texts.append(text)
        return found

    def text(self, code: int) -> str | None:
        """The text of a code; None for none."""
        if code >= 0:
            if self._over is not None:
                return self._over.text(code)
            if code < self._begun:
                assert self._held is not None
                return self._held[code]
            return self._texts[code - self._begun]
        return self._texts[OWN - code] if code <= OWN else None

    def texts(self) -> list[str]:
        """All texts in the order of their codes."""
        return [*(self._held or ()), *self._texts]

    def _own(self) -> dict[str, int]:
        if self._codes is None:
            self._codes = {text: self._begun + place for place, text in enumerate(self._texts)}
        return self._codes


__all__ = ["OWN", "UNKNOWN", "Names"]
