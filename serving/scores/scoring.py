"""What do the models say of these deals or customers? From subjects to answers, and to what is noted of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from features.evaluate import Values
from serving.champion import ChurnChampion, ChurnGiven, Row, ScoreGiven, WinChampion
from serving.problems.documents import problem_of
from serving.scores.occasion import Occasion
from serving.scores.remarks import note_of
from serving.scores.subjects import Subject
from serving.scores.what_if import moved
from serving.scores.written import Chance, CustomerScore, DealScore, Risk
from training.bundle import rows_of

AT_ONCE = 8
"""Ids whose features are looked up in one go: the memory is closed to others meanwhile."""
NOTHING = Chance(None, None, None, {}, {}, {}, {}, None, None)
NO_RISK = Risk(None, None, None, None, {}, {}, None, None)

S = TypeVar("S", DealScore, CustomerScore)


@dataclass(frozen=True)
class Scored(Generic[S]):
    """Answers in the order of their subjects; what the model gave and looked at, None where nothing was scored."""

    answers: list[S]
    given: list[ScoreGiven | ChurnGiven | None]
    rows: list[Row | None]


def score_deals(asked: Occasion, subjects: Sequence[Subject]) -> Scored[DealScore]:
    """The answers for some deals."""
    answer = cast(WinChampion, asked.bundled.champion).answer
    days, language, most = asked.days, asked.language, asked.most_reasons
    found = Scored[DealScore]([], [], [])
    for subject, (now, then), known in zip(subjects, _rows(asked, subjects), _told(asked, subjects), strict=True):
        row = now if then is None else then
        if row is None:
            found.answers.append(_deal(asked, subject, NOTHING, (), None, None, None))
            found.given.append(None)
            found.rows.append(None)
            continue
        score = answer(row, days, language, most) if known is None else known
        before = moves = None
        if now is not None and then is not None:
            every = len(asked.bundled.names)
            was, will = answer(now, days, language, every), answer(then, days, language, every)
            before, moves = _chance(asked, was), moved(was.reasons, will.reasons, now, then, most)
        # Of what was scored together nothing else is to be said.
        note = note_of(asked, subject, row, score.note) if known is None else score.note
        found.answers.append(_deal(asked, subject, _chance(asked, score), score.reasons, before, moves, note))
        found.given.append(score)
        found.rows.append(row)
    return found


def _told(asked: Occasion, subjects: Sequence[Subject]) -> Sequence[ScoreGiven | None]:
    """The scores of subjects that can be scored together; None for the others."""
    reader = asked.bundled.one_deal
    found: list[ScoreGiven | None] = [None] * len(subjects)
    if reader is None or len(subjects) == 1:
        return found
    some = [
        (place, subject.told, codes, subject.row)
        for place, subject in enumerate(subjects)
        if subject.told is not None and subject.row is not None and (codes := reader.codes(subject.told)) is not None
    ]
    if some:
        scores = reader.score_many(
            [values for _, values, _, _ in some],
            [codes for _, _, codes, _ in some],
            [row for _, _, _, row in some],
            asked.days,
            asked.language,
            asked.most_reasons,
        )
        for (place, _, _, _), score in zip(some, scores, strict=True):
            found[place] = score
    return found


def told_of_deal(asked: Occasion, subject: Subject, score: ScoreGiven, row: Row) -> Scored[DealScore]:
    """The answer for one deal that was scored already and of which nothing else is to be said."""
    answer = _deal(asked, subject, _chance(asked, score), score.reasons, None, None, None)
    return Scored([answer], [score], [row])


def score_customers(asked: Occasion, subjects: Sequence[Subject]) -> Scored[CustomerScore]:
    """The answers for some customers."""
    answer = cast(ChurnChampion, asked.bundled.champion).answer
    days, language, most, at = asked.days, asked.language, asked.most_reasons, asked.as_of
    found = Scored[CustomerScore]([], [], [])
    for subject, (now, then) in zip(subjects, _rows(asked, subjects), strict=True):
        row = now if then is None else then
        if row is None:
            found.answers.append(_customer(asked, subject, NO_RISK, (), None, None, None))
            found.given.append(None)
            found.rows.append(None)
            continue
        score = answer(row, days, language, most, at)
        before = moves = None
        if now is not None and then is not None:
            every = len(asked.bundled.names)
            was, will = answer(now, days, language, every, at), answer(then, days, language, every, at)
            before, moves = _risk(asked, was), moved(was.reasons, will.reasons, now, then, most)
        note = note_of(asked, subject, row, score.note)
        found.answers.append(_customer(asked, subject, _risk(asked, score), score.reasons, before, moves, note))
        found.given.append(score)
        found.rows.append(row)
    return found


def _rows(asked: Occasion, subjects: Sequence[Subject]) -> list[tuple[Row | None, Row | None]]:
    """What the model looks at of each subject, and of a what-if with its changes; None where it cannot be scored."""
    found: list[tuple[Row | None, Row | None]] = [(subject.row, None) for subject in subjects]
    if all(subject.form == "features" for subject in subjects):
        return found
    records, as_of = asked.records, asked.as_of
    assert records is not None
    of_deals = asked.bundled.champion.model == "win"
    describe = records.values_of_records if of_deals else records.values_of_customers
    asking = [place for place, subject in enumerate(subjects) if subject.error is None]
    known = [place for place in asking if subjects[place].form in ("known", "what_if")]
    ids = [str(subjects[place].subject_id) for place in known]
    entity = asked.bundled.reads.entity
    now = dict(zip(known, _looked_up(ids, lambda some: records.values(some, as_of, entity)), strict=True))
    told = [place for place in asking if subjects[place].form in ("described", "what_if")]
    fields = [subjects[place].fields or {} for place in told]
    then = dict(zip(told, _looked_up(fields, lambda some: describe(some, as_of)), strict=True))
    for place in asking:
        if subjects[place].form == "described":
            found[place] = then[place], None
        elif subjects[place].form != "features":
            found[place] = now[place], then.get(place)
    return found


T = TypeVar("T")


def _looked_up(asked: Sequence[T], values: Callable[[Sequence[T]], Mapping[str, Values]]) -> Iterable[Row]:
    for first in range(0, len(asked), AT_ONCE):
        some = asked[first : first + AT_ONCE]
        yield from rows_of(values(some))


def _chance(asked: Occasion, score: ScoreGiven) -> Chance:
    by_days, around = score.by_days, score.around_days
    win_by: dict[str, float] = {}
    low: dict[str, float] = {}
    high: dict[str, float] = {}
    for end, days in asked.ends:
        win_by[end] = by_days[days]
        if around:
            low[end], high[end] = around[days]
    return Chance(
        score.probability,
        score.low,
        score.high,
        win_by,
        low,
        high,
        {number: by_days[days] for number, days in asked.within},
        asked.day_after(score.close_after_days),
        score.amount,
    )


def _risk(asked: Occasion, score: ChurnGiven) -> Risk:
    by_days = score.by_days
    return Risk(
        score.kind,
        score.probability,
        score.low,
        score.high,
        {end: by_days[days] for end, days in asked.ends},
        {number: by_days[days] for number, days in asked.within},
        score.orders,
        score.value_at_risk,
    )


def _deal(
    asked: Occasion, subject: Subject, numbers: Chance, reasons: Any, before: Any, moves: Any, note: str | None
) -> DealScore:
    source = asked.source
    return DealScore(
        subject.subject_id,
        numbers.probability,
        numbers.low,
        numbers.high,
        numbers.win_by,
        numbers.win_by_low,
        numbers.win_by_high,
        numbers.win_within_days,
        numbers.expected_close_on,
        numbers.expected_amount,
        reasons,
        before,
        moves,
        note,
        source.model_version,
        source.rung,
        source.data_as_of,
        source.level_as_of,
        source.scored_at,
        source.stale,
        _problem(subject),
    )


def _customer(
    asked: Occasion, subject: Subject, numbers: Risk, reasons: Any, before: Any, moves: Any, note: str | None
) -> CustomerScore:
    source = asked.source
    return CustomerScore(
        subject.subject_id,
        numbers.kind,
        numbers.probability,
        numbers.low,
        numbers.high,
        numbers.churn_by,
        numbers.churn_within_days,
        numbers.expected_orders,
        numbers.value_at_risk,
        reasons,
        before,
        moves,
        note,
        source.model_version,
        source.rung,
        source.data_as_of,
        source.level_as_of,
        source.scored_at,
        source.stale,
        _problem(subject),
    )


def _problem(subject: Subject) -> dict[str, Any] | None:
    return None if subject.error is None else problem_of(subject.error).model_dump()
