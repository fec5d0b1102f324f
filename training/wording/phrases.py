"""What is a sentence with blanks? An English and a Chinese form, and others for values below zero."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

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
        others = {name for name, _, _ in BLANK.findall(text)} - {"v"}
        if any(row.get(name) is None for name in others):
            return None

        def fill(blank: re.Match[str]) -> str:
            name, one, many = blank.groups()
            if name != "v":
                return written(row[name] or "", "text", language)
            if one and not isinstance(value, str):
                return counted(value, one, many)
            return written(value, kind, language)

        said = BLANK.sub(fill, text)
        # What the company itself wrote keeps its small letters.
        own = language == "zh" or not self.capital or (text.startswith("{v}") and isinstance(value, str))
        return said if own else said[0].upper() + said[1:]
