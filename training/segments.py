"""For whom is a model worse? Groups of judged rows, and where ours is beaten or does not come true beyond noise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from training.judged_rows import Floats, JudgedRows, Labels, Mask, decided_rows, losses
from training.reports.words import estimate_name
from training.segment_words import NONE, OTHER, label_words

if TYPE_CHECKING:
    import pandas as pd

    from training.dataset import Dataset
    from training.horizon_scores import Asked

MOST_LEVELS = 8
MOST_GROUPINGS = 12
SMALLEST_SHARE = 0.02
"""Levels with fewer of the rows are pooled."""
FEWEST_DEALS = 30
FEWEST_OF_EACH = 10
LEVEL = 0.05
FIRST = ("deal_stage", "team", "deal_pipeline", "product", "product_family", "customer_segment", "customer_region")
"""Groupings that a manager asks for first; the others follow in the order of the features."""
AMOUNTS = ("deal_amount", "customer_value")

Words = Mapping[str, tuple[str, str]]
"""A grouping's name in English and Chinese; without one its own name is shown."""


@dataclass(frozen=True)
class Finding:
    """A group in which ours is worse: `kind` is "beaten" or "miscalibrated"; `p` is Holm's."""

    segment: str
    label: str
    kind: str
    deals: int
    p: float
    says: str
    says_zh: str


def segments_of(*judged: Dataset) -> dict[str, Labels]:
    """Groups of the rows of all data sets [n]: age, amount in four bands, and texts with few levels.

    Rare levels are pooled, and a text most of whose levels are rare is left out.
    """
    import pandas as pd

    x = pd.concat([each.x for each in judged], ignore_index=True)
    found: dict[str, Labels] = {}
    ages = np.concatenate([each.age for each in judged])
    if 1 < len(np.unique(ages)) <= 2 * MOST_LEVELS:
        found["age"] = np.array([f"{age:g} d" for age in ages], object)
    for name in AMOUNTS:
        if name in x and (bands := _bands(x[name].to_numpy(np.float64))) is not None:
            found[name] = bands
    texts = [str(name) for name in x.columns if x[name].dtype == object]
    for name in sorted(texts, key=lambda name: FIRST.index(name) if name in FIRST else len(FIRST)):
        if len(found) < MOST_GROUPINGS and (labels := _levels(x[name])) is not None:
            found[name] = labels
    return found


def for_whom(asked: Sequence[Asked], ours: str, rival: str | None, words: Words | None = None) -> tuple[Finding, ...]:
    """Groups where `ours` is worse than `rival`, or off what came, beyond noise; the surest first.

    Differences are means over the questions (horizons), with errors that count deals. All groups and both kinds share
    one family: p-values are those of Holm (Scandinavian Journal of Statistics 6, 1979), so that with the chance of 95 %
    none is listed by luck alone.
    """
    named = dict.fromkeys(name for each in asked for name in each.segments)
    tested: list[tuple[float, Finding]] = []
    seen: set[bytes] = set()
    for name in named:
        labels = dict.fromkeys(str(label) for each in asked for label in np.unique(each.segments[name].astype(str)))
        for label in labels:
            # The same rows under another name, such as the first stage and age 0, are told once.
            rows = np.concatenate([each.segments[name].astype(str) == label for each in asked]).tobytes()
            if rows in seen:
                continue
            seen.add(rows)
            parts = [_rows(each, ours, rival, each.segments[name].astype(str) == label) for each in asked]
            there = [part for part in parts if part is not None]
            if there:
                tested += _tested(name, label, there, rival, (words or {}).get(name, (name, name)))
    return tuple(_holm(tested))


@dataclass(frozen=True)
class _Part:
    """One group in one question: the judged rows of ours, their deals' names, and the rival's probabilities."""

    rows: JudgedRows
    names: Labels
    rival: Floats | None


def _rows(each: Asked, ours: str, rival: str | None, mask: Mask) -> _Part | None:
    if not (np.isfinite(each.outcome[mask]) & (each.weight[mask] > 0)).any():
        return None
    rows, known = decided_rows(each.outcome[mask], each.said[ours][mask], each.weight[mask], each.subject[mask])
    enough = min(len(set(rows.deal[rows.y == value].tolist())) for value in (0, 1)) >= FEWEST_OF_EACH
    if rows.deals < FEWEST_DEALS or not enough:
        return None
    names = np.unique(np.asarray(each.subject)[mask][known].astype(str))
    return _Part(rows, names, None if rival is None or rival not in each.said else each.said[rival][mask][known])


def _tested(
    name: str, label: str, parts: Sequence[_Part], rival: str | None, word: tuple[str, str]
) -> Iterator[tuple[float, Finding]]:
    deals = len(np.unique(np.concatenate([part.names for part in parts])))
    group, group_zh = f"{word[0]} = {label}", f"{word[1]} = {label_words(label)}"
    said = float(np.mean([part.rows.average(part.rows.p) for part in parts]))
    came = float(np.mean([part.rows.average(part.rows.y) for part in parts]))
    gap, error = _mean_and_error([(part, part.rows.p - part.rows.y) for part in parts])
    if error > 0:
        high, high_zh = ("too high", "偏高") if gap > 0 else ("too low", "偏低")
        says = f"{group}: {said:.0%} said on average, {came:.0%} came, {high} ({deals:,} cases)."
        says_zh = f"{group_zh}：平均预测 {said:.0%}，实际 {came:.0%}，{high_zh}（{deals:,} 个个案）。"
        yield _two_sided(gap / error), Finding(name, label, "miscalibrated", deals, 1.0, says, says_zh)
    if rival is None:
        return
    worse = [
        (part, losses(part.rows.y, part.rows.p) - losses(part.rows.y, part.rival))
        for part in parts
        if part.rival is not None
    ]
    difference, error = _mean_and_error(worse)
    if difference > 0 and error > 0:
        ours = float(np.mean([part.rows.average(losses(part.rows.y, part.rows.p)) for part, _ in worse]))
        theirs, (better, better_zh) = ours - difference, (estimate_name(rival, "en"), estimate_name(rival, "zh"))
        says = f"{group}: {better} is better, log loss {theirs:.4f} against {ours:.4f} ({deals:,} cases)."
        says_zh = f"{group_zh}：{better_zh}更好，对数损失 {theirs:.4f}，我方 {ours:.4f}（{deals:,} 个个案）。"
        yield _two_sided(difference / error), Finding(name, label, "beaten", deals, 1.0, says, says_zh)


def _mean_and_error(values: Sequence[tuple[_Part, Floats]]) -> tuple[float, float]:
    """The mean over parts of each part's weighted mean, and its standard error over deals (linearised)."""
    names, place = np.unique(np.concatenate([part.names for part, _ in values]), return_inverse=True)
    pull, means, start = np.zeros(len(names)), [], 0
    for part, value in values:
        mean, total = part.rows.average(value), part.rows.weight.sum()
        where = place[start : start + len(part.names)]
        np.add.at(pull, where, part.rows.by_deal(part.rows.weight * (value - mean)) / total / len(values))
        means.append(mean)
        start += len(part.names)
    scale = len(names) / max(len(names) - 1, 1)
    return float(np.mean(means)), math.sqrt(float((pull**2).sum()) * scale)


def _two_sided(z: float) -> float:
    return math.erfc(abs(z) / math.sqrt(2))


def _holm(tested: Sequence[tuple[float, Finding]]) -> Iterator[Finding]:
    """Those that stand at `LEVEL` when so many were tested."""
    highest = 0.0
    for place, (p, finding) in enumerate(sorted(tested, key=lambda item: item[0])):
        highest = max(highest, min(1.0, p * (len(tested) - place)))
        if highest > LEVEL:
            return
        yield replace(finding, p=highest)


def _bands(amount: Floats) -> Labels | None:
    """Four bands of about as many rows; None where amounts are missing or too alike."""
    known = amount[np.isfinite(amount)]
    if len(known) < len(amount) / 2:
        return None
    edges = np.unique(np.quantile(known, (0.25, 0.5, 0.75)))
    if len(edges) < 3:
        return None
    names = [f"≤ {edges[0]:,.0f}"]
    names += [f"{low:,.0f} – {high:,.0f}" for low, high in pairwise(edges.tolist())]
    names.append(f"> {edges[-1]:,.0f}")
    band = np.searchsorted(edges, amount, side="left")
    return np.array([names[place] if np.isfinite(v) else NONE for place, v in zip(band, amount, strict=True)], object)


def _levels(column: pd.Series) -> Labels | None:
    """The column's frequent levels, the others pooled; None where there are no two or most are rare."""
    texts = column.where(column.notna(), NONE).astype(str)
    share = texts.value_counts(normalize=True, sort=False)
    # Alike shares are put in the order of their names, so that a run repeats.
    order = sorted(share.index, key=lambda level: (-share[level], level))[:MOST_LEVELS]
    kept = {level for level in order if share[level] >= SMALLEST_SHARE}
    pooled = 1 - sum(float(share[level]) for level in kept)
    if len(kept) < 2 or pooled > 0.5:
        return None
    return texts.where(texts.isin(kept), OTHER).to_numpy(object)
