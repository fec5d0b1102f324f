"""Can a feature be what it says? Every way in which one that somebody wrote may be wrong, and how to mend it."""

import re
from collections.abc import Iterator
from dataclasses import fields
from math import isfinite
from typing import get_args

from features.contracts import ATTRIBUTE_PREFIX
from features.definition import Entity, Feature
from features.owners import EVERYONE, OF_CUSTOMER, OF_DEAL
from features.stream import ColumnKind
from features.streams import STREAMS
from features.suggesting import hint
from features.verbs import Calendar, Leaf, SmoothedRate, Verb
from features.whole_contract import columns_of, fits, kind_of

Fault = tuple[str, str]
"""What is wrong, and what to do about it."""
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
RESERVED = (ATTRIBUTE_PREFIX, f"customer_{ATTRIBUTE_PREFIX}", "last_activity_", "win_rate_above_by_")
"""Beginnings of names that stand for attributes of the history."""
VERBS = {verb.__name__: verb for verb in get_args(Verb)}
TAKES: dict[str, tuple[ColumnKind, ...]] = {
    "Distinct": ("category",),
    "DaysUntil": ("moment",),
    "Latest": ("number", "category"),
    "First": ("number", "category"),
}
"""The kinds of column a verb can look at; all others take numbers."""


def fault(feature: Feature) -> Fault | None:
    """The first thing wrong with a feature; None for one that some history can give."""
    return next(_faults(feature), None)


def _faults(feature: Feature) -> Iterator[Fault]:
    if not isinstance(feature.name, str) or not NAME.fullmatch(feature.name):
        yield "its name is not one", "write small letters, digits and _, beginning with a letter, 63 at the most."
        return
    if feature.name.startswith(RESERVED):
        yield "names that begin so stand for attributes", f"begin the name otherwise than with {' or '.join(RESERVED)}."
    for word in ("meaning", "meaning_zh"):
        said = getattr(feature, word)
        if not isinstance(said, str) or not said.strip() or "\n" in said:
            yield f"its {word} is not given", "say on one line what it means: in English, then in Chinese."
    if feature.entity not in get_args(Entity):
        yield f"its entity is {feature.entity!r}", f"name one of {', '.join(get_args(Entity))}."
        return
    if not _is_number(feature.years) or feature.years < 0:
        yield f"its years are {feature.years!r}", "give the years of history it takes as a number, or leave it out."
    yield from _of_verb(feature.verb, feature.entity)


def _of_verb(verb: object, entity: Entity) -> Iterator[Fault]:
    """What is wrong with a verb or those it is made of."""
    if not isinstance(verb, Verb):
        yield f"{_said(verb)} is no verb", f"use one of features.verbs: {', '.join(VERBS)}."
        return
    name = type(verb).__name__
    for field in fields(verb):
        value = getattr(verb, field.name)
        if field.name in ("over", "under", "left", "right"):
            wrong = list(_of_verb(value, entity))
            yield from wrong
            if not wrong and gives_text(value):
                yield f"{name} of {type(value).__name__} is arithmetic with texts", "choose number columns."
        elif field.name in ("stream", "column", "by", "of", "part") and not isinstance(value, str):
            yield f"the {field.name} of {name} is {_said(value)}", "give a text."
            return
        elif field.name == "within_days" and value is not None and not (_is_number(value) and value > 0):
            yield f"within_days of {name} is {value!r}", "give a number of days above 0, or leave it out."
        elif field.name == "strength" and not (_is_number(value) and value > 0):
            yield f"strength of {name} is {value!r}", "give a number above 0."
    if isinstance(verb, Calendar):
        parts = get_args(Calendar.__annotations__["part"])
        if verb.part not in parts:
            yield f"Calendar knows no {verb.part!r}", hint(verb.part, parts)
    elif isinstance(verb, Leaf | SmoothedRate):
        yield from _of_stream(verb, entity)


def _of_stream(verb: Leaf | SmoothedRate, entity: Entity) -> Iterator[Fault]:
    name = type(verb).__name__
    if verb.stream not in STREAMS:
        yield f"there is no stream '{verb.stream}'", hint(verb.stream, STREAMS)
        return
    if not fits(verb.stream, verb.of, entity):
        keys = ", ".join(key for key in KEYS if fits(verb.stream, key, entity))
        yield f"{verb.stream} are not those of '{verb.of}' for a {entity}", f"say whose events they are, of=: {keys}."
    if hasattr(verb, "column"):
        yield from _of_column(verb.stream, verb.column, TAKES.get(name, ("number",)), name)
    if hasattr(verb, "by"):
        yield from _of_column(verb.stream, verb.by, ("moment",), name)
    yield from _of_where(verb)
    since = getattr(verb, "since", None)
    if since is not None:
        if type(since).__name__ != "DaysSince":
            yield f"since of {name} is {_said(since)}", "give a DaysSince, or leave it out."
        else:
            yield from _of_verb(since, entity)


def _of_where(verb: Leaf | SmoothedRate) -> Iterator[Fault]:
    where = getattr(verb, "where", ())
    pairs = isinstance(where, tuple) and all(isinstance(p, tuple) and len(p) == 2 for p in where)
    if not pairs or not all(isinstance(text, str) for pair in where for text in pair):
        yield f"where of {type(verb).__name__} is {where!r}", 'write pairs of texts: where=(("type", "call"),).'
        return
    for column, _ in where:
        yield from _of_column(verb.stream, column, ("category",), "where")


def _of_column(stream: str, column: str, kinds: tuple[ColumnKind, ...], taker: str) -> Iterator[Fault]:
    found = kind_of(stream, column)
    if found is None:
        known = [c for c in columns_of(stream) if not c.startswith(ATTRIBUTE_PREFIX)]
        yield f"{stream} have no column '{column}'", hint(column, known)
    elif found not in kinds:
        fitting = [c for c, kind in columns_of(stream).items() if kind in kinds and not c.startswith(ATTRIBUTE_PREFIX)]
        yield (
            f"{taker} takes no {found} column, and '{column}' of {stream} is one",
            f"choose a {' or '.join(kinds)} column: {', '.join(fitting) or 'there is none'}.",
        )


KEYS = ("deal", "customer", "rep", "team", "product", "contact", "stage", *OF_CUSTOMER, *OF_DEAL, EVERYONE)
"""The single keys there are, attributes apart."""


def gives_text(verb: Verb) -> bool:
    """Whether a verb's values are texts."""
    column = getattr(verb, "column", "")
    return type(verb).__name__ in ("Latest", "First") and kind_of(verb.stream, column) == "category"  # type: ignore[union-attr]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _said(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else f"a {type(value).__name__}"
