"""What else should be known of an answer? What the model never met, what was not given, not used, or is new."""

from collections.abc import Iterator, Sequence

from serving.champion import Row
from serving.language import (
    AND_MORE,
    BETWEEN_NOTES,
    MAY_LACK,
    NEVER_MET,
    NEW_HERE,
    NOT_GIVEN,
    NOT_IN_IT,
    NOT_USED,
    Language,
)
from serving.scores.occasion import Occasion
from serving.scores.subjects import Subject

MOST_NAMED = 5
"""So many are named, the rest are counted."""
LONGEST = 60
"""Letters of a text that are repeated."""


def note_of(asked: Occasion, subject: Subject, row: Row, said: str | None) -> str | None:
    """The model's own note and ours; None where there is nothing to say."""
    never = [
        f"{name} '{str(value)[:LONGEST]}'"
        for name, words in asked.bundled.texts_met
        if (value := row.get(name)) is not None and value not in words
    ]
    behind = 0 if subject.form == "features" else asked.behind
    if not (said or never or subject.absent or subject.unused or subject.new or behind != 0):
        return None
    parts = [*_parts(asked.language, subject, never, said)]
    if behind != 0:
        parts.append(MAY_LACK[asked.language] if behind is None else NOT_IN_IT[asked.language].format(f"{behind:,}"))
    return BETWEEN_NOTES[asked.language].join(parts)


def _parts(language: Language, subject: Subject, never: Sequence[str], said: str | None) -> Iterator[str]:
    if said:
        yield said
    for sentence, names in (
        (NEVER_MET, never),
        (NEW_HERE, subject.new),
        (NOT_GIVEN, subject.absent),
        (NOT_USED, subject.unused),
    ):
        if names:
            yield sentence[language].format(_named(names, language))


def _named(names: Sequence[str], language: Language) -> str:
    few = ", ".join(names[:MOST_NAMED])
    return few if len(names) <= MOST_NAMED else AND_MORE[language].format(few, len(names) - MOST_NAMED)
