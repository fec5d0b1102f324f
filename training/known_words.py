"""Which texts did a model meet in training? What it cannot know, an answer should say."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from training.bundle_file import unseal

ESTIMATES = ("estimate", "served")
"""The parts of a bundle's document that learned from texts: of a win model and of a churn model."""


def known_words(folder: Path) -> dict[str, frozenset[str]]:
    """The texts of each feature that the bundle in a folder tells apart; features of numbers are not named.

    A text that was too rare in training for any part of the model counts as not known. Raises BundleDamaged.
    """
    document = unseal(folder)
    found: dict[str, set[str]] = {}
    for name, words in _met_in([document.get(part) for part in ESTIMATES]):
        found.setdefault(name, set()).update(words)
    return {name: frozenset(words) for name, words in found.items()}


def _met_in(document: object) -> Iterator[tuple[str, list[str]]]:
    """Codes of trees and levels of regressions, wherever in the document they stand."""
    waiting = [document]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            # Long lists hold numbers only; terms and learners are objects.
            waiting += [one for one in part if isinstance(one, dict | list)]
        elif isinstance(part, Mapping):
            codes = part.get("codes")
            if isinstance(codes, Mapping):
                yield from ((name, list(levels)) for name, levels in codes.items() if isinstance(levels, Mapping))
            if part.get("kind") == "CategoryTerm":
                yield str(part["name"]), [str(level) for level in part["levels"]]
            waiting += [one for one in part.values() if isinstance(one, dict | list)]
