"""What is a sentence with blanks? An English and a Chinese form, and others for values below zero."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from training.wording.numbers import Kind, Language, counted, written

BLANK = re.compile(r"\{(\w+)(?::([^|}]*)\|([^}]*))?\}")
Known = float | str | None


@dataclass(frozen=True)
class Phrase:
    """`en` and `zh`; `en_below` and `zh_below` for values below zero, where they differ.

    An English sentence begins with a `capital`.

    >>> Phrase("{v:call|calls} so far", "至今通话 {v} 次").say(2.0, "count", {}, "en")
    '2 calls so far'
    """

    en: str
    zh: str
    en_below: str = ""
    zh_below: str = ""
    capital: bool = True

    @staticmethod
    def above(en: str, zh: str) -> "Phrase":
        """How far a share won lies above or below everyone's."""
        return Phrase(
            f"{en} are won {{v}} more often than others", f"{zh}赢率高于整体 {{v}}",
            f"{en} are won {{v}} less often than others", f"{zh}赢率低于整体 {{v}}",
        )  # fmt: skip

    def say(self, value: float | str, kind: Kind, row: Mapping[str, Known], language: Language) -> str | None:
        """The sentence; None where it asks for something of the row that is not known."""
        below = not isinstance(value, str) and value < 0
        text = (self.en_below if language == "en" else self.zh_below) if below else ""
        text = text or (self.en if language == "en" else self.zh)
        said = ""
        for before, name, one, many in _parts(text):
            said += before
            if name == "v":
                plain = not one or isinstance(value, str)
                said += written(value, kind, language) if plain else counted(cast(float, value), one, many)
            elif name:
                if (other := row.get(name)) is None:
                    return None
                said += written(other or "", "text", language)
        # What the company itself wrote keeps its small letters.
        own = language == "zh" or not self.capital or (text.startswith("{v}") and isinstance(value, str))
        return said if own else said[0].upper() + said[1:]


@lru_cache(maxsize=4096)
def _parts(text: str) -> tuple[tuple[str, str, str, str], ...]:
    """What stands before each blank, its name, and the noun for one and for many; last what stands behind all."""
    found, end = [], 0
    for blank in BLANK.finditer(text):
        name, one, many = blank.groups()
        found.append((text[end : blank.start()], name, one or "", many or ""))
        end = blank.end()
    return (*found, (text[end:], "", "", ""))
