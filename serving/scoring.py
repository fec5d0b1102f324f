"""What does the champion say of these deals? Pure functions from subjects to answers."""

from collections.abc import Callable, Mapping, Sequence
from math import isnan

from features.evaluate import Category, Values
from serving.answers import Chance, DealScore, DealScores, Move, ReasonSaid
from serving.champion import ReasonGiven, ScoreGiven
from serving.language import BETWEEN_NOTES, NOT_USED
from serving.occasion import Occasion, in_utc, in_utc_if_known
from serving.problems import problem_of
from serving.subjects import Form, Subject

LEAST_CHANGE = 1e-9
"""Log-odds; less is rounding."""


def score_subjects(asked: Occasion, subjects: Sequence[Subject]) -> list[DealScore]:
    """The answers for a piece, in its order."""
    found: dict[int, DealScore] = {}
    for position, subject in enumerate(subjects):
        if subject.error is not None:
            found[position] = _answer(asked, subject, None, error=problem_of(subject.error))
    score: dict[Form, Callable[[Occasion, Sequence[Subject]], list[DealScore]]] = {
        "known": _known,
        "described": _described,
        "what_if": _what_if,
    }
    for form, answers in score.items():
        places = [n for n, one in enumerate(subjects) if one.form == form and one.error is None]
        if places:
            found |= zip(places, answers(asked, [subjects[n] for n in places]), strict=True)
    return [found[position] for position in range(len(subjects))]


def _known(asked: Occasion, subjects: Sequence[Subject]) -> list[DealScore]:
    given = _ask(asked, _values_now(asked, subjects), asked.most_reasons)
    return [_answer(asked, subject, score) for subject, score in zip(subjects, given, strict=True)]


def _described(asked: Occasion, subjects: Sequence[Subject]) -> list[DealScore]:
    given = _ask(asked, _values_as_described(asked, subjects), asked.most_reasons)
    return [_answer(asked, subject, score) for subject, score in zip(subjects, given, strict=True)]


def _what_if(asked: Occasion, subjects: Sequence[Subject]) -> list[DealScore]:
    every = len(asked.pair.champion.features)
    now, then = _values_now(asked, subjects), _values_as_described(asked, subjects)
    shown = _ask(asked, then, asked.most_reasons)
    before, after = _ask(asked, now, every), _ask(asked, then, every)
    answers = []
    for row, subject in enumerate(subjects):
        moves = [
            _move(feature, was, will, _value(now, feature, row), _value(then, feature, row))
            for feature, was, will in _side_by_side(before[row], after[row])
        ]
        moved = _strongest(moves, asked.most_reasons)
        answers.append(_answer(asked, subject, shown[row], before=_chance(asked, before[row]), moved=moved))
    return answers


def _ask(asked: Occasion, values: Mapping[str, Values], most_reasons: int) -> Sequence[ScoreGiven]:
    return asked.pair.champion.score(values, asked.days, asked.language, most_reasons)


def _values_now(asked: Occasion, subjects: Sequence[Subject]) -> Mapping[str, Values]:
    return asked.pair.records.values([str(subject.deal_id) for subject in subjects], asked.as_of)


def _values_as_described(asked: Occasion, subjects: Sequence[Subject]) -> Mapping[str, Values]:
    return asked.pair.records.values_of_records([subject.fields for subject in subjects], asked.as_of)


def _chance(asked: Occasion, score: ScoreGiven) -> Chance:
    return Chance(
        probability=score.probability,
        low=score.low,
        high=score.high,
        # An asked date goes to the end of that day, a horizon to a time within its day: the date has the last word.
        win_by={day: score.by_days[days] for days, day in asked.horizons.items()}
        | {day: score.by_days[days] for day, days in asked.dates.items()},
        win_within_days={f"{days:g}": score.by_days[days] for days in asked.horizons},
        expected_close_on=asked.day_after(score.close_after_days),
        expected_amount=score.amount,
    )


def _answer(asked: Occasion, subject: Subject, score: ScoreGiven | None, **more: object) -> DealScore:
    pair = asked.pair
    numbers: dict[str, object] = {} if score is None else dict(_chance(asked, score))
    if score is not None:
        numbers["reasons"] = [_said(reason) for reason in score.reasons]
        numbers["note"] = _note(asked, subject, score)
    return DealScore(
        deal_id=subject.deal_id,
        model_version=pair.champion.version,
        rung=pair.champion.rung,
        data_as_of=in_utc_if_known(asked.data_as_of),
        scored_at=in_utc(asked.scored_at),
        stale=asked.stale,
        **(numbers | more),
    )


def _said(reason: ReasonGiven) -> ReasonSaid:
    return ReasonSaid(feature=reason.feature, value=reason.value, effect=reason.effect, text=reason.text)


def _note(asked: Occasion, subject: Subject, score: ScoreGiven) -> str | None:
    unused = NOT_USED[asked.language].format(", ".join(f"attributes.{name}" for name in subject.unused))
    said = [score.note or "", unused if subject.unused else ""]
    return BETWEEN_NOTES[asked.language].join(part for part in said if part) or None


def _side_by_side(before: ScoreGiven, after: ScoreGiven) -> list[tuple[str, ReasonGiven | None, ReasonGiven | None]]:
    was = {reason.feature: reason for reason in before.reasons}
    will = {reason.feature: reason for reason in after.reasons}
    return [(feature, was.get(feature), will.get(feature)) for feature in {**will, **was}]


def _move(
    feature: str,
    was: ReasonGiven | None,
    will: ReasonGiven | None,
    value_before: float | str | None,
    value_after: float | str | None,
) -> Move:
    latest = will or was
    assert latest is not None
    change = (will.effect if will else 0.0) - (was.effect if was else 0.0)
    return Move(feature=feature, value_before=value_before, value_after=value_after, change=change, text=latest.text)


def _strongest(moves: Sequence[Move], most: int) -> list[Move]:
    moved = [move for move in moves if abs(move.change) > LEAST_CHANGE]
    return sorted(moved, key=lambda move: (-abs(move.change), move.feature))[:most]


def _value(values: Mapping[str, Values], feature: str, row: int) -> float | str | None:
    """One value of a feature; None where it is missing, or where the name sums up several."""
    column = values.get(feature)
    if column is None:
        return None
    if isinstance(column, Category):
        code = int(column.codes[row])
        return None if code < 0 else str(column.levels[code])
    number = float(column[row])
    return None if isnan(number) else number


def answer_together(asked: Occasion, scores: list[DealScore]) -> DealScores:
    """The answers with what is true of all of them."""
    pair = asked.pair
    return DealScores(
        scores=scores,
        model=pair.champion.model,
        model_version=pair.champion.version,
        rung=pair.champion.rung,
        feature_fingerprint=pair.champion.fingerprint,
        base_rate=pair.champion.base_rate,
        currency=pair.currency,
        as_of=in_utc(asked.as_of),
        scored_at=in_utc(asked.scored_at),
        data_as_of=in_utc_if_known(asked.data_as_of),
        stale=asked.stale,
    )
