"""Which word was probably meant?"""

from collections.abc import Iterable
from difflib import get_close_matches

MOST_FAULTS = 100
"""Faults of one row, or of one request, after which no more are looked for: what was probably meant is dear to find."""


def nearest(word: str, words: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The most similar of `words`, ignoring case, or None where none is similar (difflib's ratio).

    >>> nearest("Ammount", ["amount", "currency"])
    'amount'
    """
    by_fold = {known.casefold(): known for known in reversed(list(words))}
    found = get_close_matches(word.casefold(), list(by_fold), n=1, cutoff=cutoff)
    return by_fold[found[0]] if found else None


def hint(word: str, words: Iterable[str], limit: int = 30) -> str:
    """A sentence that names the word probably meant, or all that there are.

    >>> hint("ammount", ["amount", "currency"])
    "Did you mean 'amount'? Known here: amount, currency."
    """
    known = list(words)
    if not known:
        return "There are none to choose from."
    listed = ", ".join(known[:limit]) + (f" and {len(known) - limit} more" if len(known) > limit else "")
    meant = nearest(word, known)
    return (f"Did you mean '{meant}'? " if meant else "") + f"Known here: {listed}."
