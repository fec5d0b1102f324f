"""How is a request about one deal by features read and scored in a few dozen microseconds?

For each bundle a reader is made that knows its features by name: what it reads stands in the order of the compiled
scorer at once. It takes only what has nothing that wants a word: every feature given, no text the model never met, no
date and no moment asked for. All else is for `ScoreBook.answer`, which says the same of what this takes.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Protocol, cast

from msgspec import Meta, MsgspecError, Raw, Struct, defstruct, field
from msgspec.json import Decoder
from msgspec.structs import astuple

from features.told_values import MOST_LETTERS
from serving.champion import Row, ScoreGiven
from serving.language import Language
from serving.questions.asked import Days, Id, Value
from serving.questions.questions import HORIZONS
from training.rowwise.columns import code_of

if TYPE_CHECKING:
    from serving.shelf.pairs import Bundled
    from training.rowwise.columns import RowColumns

LONGEST_BODY = 65_536
"""Bytes; a longer request is about many deals."""

Values = tuple[float | str | None, ...]
Number = float | None
Text = Annotated[str, Meta(max_length=MOST_LETTERS)] | None


class Asked(Protocol):
    """What is asked about one deal, as its reader makes it."""

    deals: tuple[Any]
    horizons: list[float]
    reasons: int
    dates: tuple[()]
    as_of: None


class LaidOut(Protocol):
    """A bundle whose scorer reads values in an order of its own (`training.bundle.Bundle`)."""

    def answer_told(
        self,
        numbers: Sequence[float | None],
        codes: Sequence[int],
        row: Row,
        horizons: Sequence[float],
        language: Language,
        most_reasons: int,
    ) -> ScoreGiven:
        """The score of one row."""

    def answers_told(
        self,
        numbers: Sequence[Sequence[float | None]],
        codes: Sequence[Sequence[int]],
        rows: Sequence[Row],
        horizons: Sequence[float],
        language: Language,
        most_reasons: int,
    ) -> list[Any]:
        """The scores of many."""


class Told(NamedTuple):
    """A deal by features, none of them left out, as its reader read it."""

    reader: "OneDeal"
    deal_id: str | None
    values: Values

    @property
    def row(self) -> Row:
        """Its features by name."""
        return self.reader.row(self.values)


class OneDeal:
    """Reads and scores for one bundle. `reader_of` makes it."""

    def __init__(self, bundled: "Bundled", columns: "RowColumns") -> None:
        """`columns` are those of the bundle's scorer; a text there that nobody sends is worked out on the way."""
        reads, met = bundled.reads, dict(bundled.texts_met)
        self._champion, self._many = cast(LaidOut, bundled.champion), len(columns.numbers)
        texts = [name for name in columns.texts if name in bundled.names]
        others = sorted(bundled.names - {*columns.numbers, *texts})
        self._names = (*columns.numbers, *texts, *others)
        self._place = place = {name: at for at, name in enumerate(self._names)}
        # What nobody sends is taken from behind the last.
        self._texts = [place.get(name, len(place)) for name in columns.texts]
        self._codes = [_codes(known, met.get(name)) for name, known in zip(columns.texts, columns.codes, strict=True)]
        self._met = [(place[name], met[name]) for name in others if name in met]
        kinds = {name: Text if name in reads.texts else Value for name in self._names}
        kinds |= dict.fromkeys((*columns.numbers, *reads.numbers), Number)
        request, deal = _shapes([(name, kinds[name]) for name in self._names])
        self._decode, self._decode_deal = Decoder(request).decode, Decoder(deal).decode

    def read(self, body: bytes) -> Asked | None:
        """What is asked; None where it is not as plain as this takes."""
        if len(body) > LONGEST_BODY:
            return None
        try:
            return cast(Asked, self._decode(body))
        except (MsgspecError, RecursionError, UnicodeDecodeError):
            return None

    def read_deal(self, deal: Raw) -> Told | None:
        """One deal of a longer request: its id and values; None where it is not as plain as this takes."""
        try:
            found = cast(Any, self._decode_deal(deal))
        except (MsgspecError, RecursionError):
            return None
        return Told(self, found.deal_id, astuple(found.features))

    def row(self, values: Values) -> Row:
        """A deal's features by name."""
        return _Named(self._place, values)

    def score(
        self, values: Values, row: Row, days: Sequence[float], language: Language, most_reasons: int
    ) -> ScoreGiven | None:
        """The deal's score; None where it holds a text that the model never met."""
        codes = self.codes(values)
        if codes is None:
            return None
        numbers = cast("tuple[float | None, ...]", values[: self._many])
        return self._champion.answer_told(numbers, codes, row, days, language, most_reasons)

    def score_many(
        self,
        many: Sequence[Values],
        codes: Sequence[Sequence[int]],
        rows: Sequence[Row],
        days: Sequence[float],
        language: Language,
        most_reasons: int,
    ) -> list[ScoreGiven]:
        """The scores of some deals whose texts the model all met."""
        numbers = [cast("tuple[float | None, ...]", values[: self._many]) for values in many]
        return self._champion.answers_told(numbers, codes, rows, days, language, most_reasons)

    def codes(self, values: Values) -> list[int] | None:
        """The codes of a deal's texts; None where it holds one that the model never met."""
        given = (*values, None)
        try:
            codes = [known[given[at]] for known, at in zip(self._codes, self._texts, strict=True)]
        except KeyError:
            return None
        if self._met and any(values[at] is not None and values[at] not in words for at, words in self._met):
            return None
        return codes


def reader_of(bundled: "Bundled") -> OneDeal | None:
    """The reader for a bundle; None where its model is not laid out for it."""
    scorer = getattr(bundled.champion, "scorer", None)
    if scorer is None or not hasattr(bundled.champion, "answer_told"):
        return None
    columns = scorer.tables.columns
    return OneDeal(bundled, columns) if bundled.names.issuperset(columns.numbers) else None


def values_of(asked: Asked) -> Values:
    """The deal's features in its reader's order."""
    return cast(Values, astuple(asked.deals[0].features))


class _Named(Mapping[str, float | str | None]):
    """Features by name, found when asked for: a score asks for four of them, its reasons for two dozen."""

    __slots__ = ("_place", "_values")

    def __init__(self, place: Mapping[str, int], values: Values) -> None:
        self._place, self._values = place, values

    def __getitem__(self, name: str) -> float | str | None:
        return self._values[self._place[name]]

    def get(self, name: str, default: Any = None) -> Any:
        """A feature's value, without the exception that is raised and caught on the usual way."""
        at = self._place.get(name)
        return default if at is None else self._values[at]

    def __iter__(self) -> Iterator[str]:
        return iter(self._place)

    def __len__(self) -> int:
        return len(self._values)


class _AnyText(dict[Any, int]):
    """The codes of a text of which it is not known what the model met."""

    def __missing__(self, value: float | str | None) -> int:
        return code_of(self, value)


def _codes(known: Mapping[str, int], met: frozenset[str] | None) -> dict[Any, int]:
    """The code of each value; where it is known what the model met, of nothing else."""
    if met is None:
        return _AnyText(known)
    return {None: code_of(known, None)} | {text: code_of(known, text) for text in met}


def _shapes(features: Sequence[tuple[str, Any]]) -> tuple[type[Struct], type[Struct]]:
    """The request about one deal with all of these features, and such a deal."""
    strict: dict[str, Any] = {"forbid_unknown_fields": True, "frozen": True}
    names = {f"f{place}": name for place, (name, _) in enumerate(features)}
    told = defstruct("Features", [(f"f{at}", kind) for at, (_, kind) in enumerate(features)], rename=names, **strict)
    deal = defstruct("Deal", [("features", told), ("deal_id", Id | None, None)], **strict)
    horizons = field(default_factory=lambda: list(HORIZONS))
    request = defstruct(
        "Request",
        [
            ("deals", tuple[deal]),  # type: ignore[valid-type]
            ("horizons", Annotated[list[Days], Meta(max_length=20)], horizons),
            ("reasons", Annotated[int, Meta(ge=0, le=100)], 5),
            ("dates", tuple[()], ()),
            ("as_of", None, None),
        ],
        **strict,
    )
    return request, deal
