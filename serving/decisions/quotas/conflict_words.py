"""How is a conflict of wishes told, and what would end it? As one would say it to the person who wished."""

from collections.abc import Sequence
from math import ceil

from serving.decisions.quotas.conflicts import Conflict, Wished
from serving.decisions.quotas.over_assignment import OverAssignment
from serving.decisions.quotas.question import QuotaQuestion
from serving.decisions.quotas.words import Pair, money, names, percent, say
from serving.language import Language

ONE: dict[str, Pair] = {
    "target": ("{0} is to carry {1}", "{0}要承担 {1}"),
    "team_least": ("{0} is to carry at least {1}", "{0}至少承担 {1}"),
    "team_most": ("{0} is to carry at most {1}", "{0}至多承担 {1}"),
    "team_locked": ("{0} is locked at {1}", "{0}已锁定为 {1}"),
    "team_chance": (
        "{0} is to be as sure of its number as you ask, which ends at {1}", "按要求的把握，{0}最多只能承担 {1}",
    ),
    "floor": ("the floor of {0} is {1}", "{0}的保底为 {1}"),
    "ceiling": ("the ceiling of {0} is {1}", "{0}的上限为 {1}"),
    "locked": ("{0} is locked at {1}", "{0}已锁定为 {1}"),
    "contract": ("{0} answers by contract for {1}", "{0}的包干额为 {1}"),
    "change_least": ("last period's number lets {0} fall to {1} and no further", "按调整幅度，{0}最低降到 {1}"),
    "change_most": ("last period's number lets {0} rise to {1} and no further", "按调整幅度，{0}最高升到 {1}"),
    "chance_least": ("the chance you ask for leaves {0} no more than {1}", "按要求的最低达成概率，{0}至多承担 {1}"),
    "chance_most": ("the highest chance you allow asks at least {1} of {0}", "按允许的最高达成概率，{0}至少承担 {1}"),
    "absent": ("{0} is not there in the period", "{0}本期不在岗"),
}  # fmt: skip
MANY: dict[str, Pair] = {
    "team_least": ("the least amounts of {0} come to {1}", "{0}的团队下限合计 {1}"),
    "team_most": ("the most amounts of {0} come to {1}", "{0}的团队上限合计 {1}"),
    "team_locked": ("{0} are locked at {1} together", "{0}已锁定，合计 {1}"),
    "team_chance": ("{0}, as sure of their numbers as you ask, end at {1} together", "按要求的把握，{0}合计最多 {1}"),
    "floor": ("the floors of {0} come to {1}", "{0}的保底合计 {1}"),
    "ceiling": ("the ceilings of {0} come to {1}", "{0}的上限合计 {1}"),
    "locked": ("{0} are locked at {1} together", "{0}已锁定，合计 {1}"),
    "contract": ("{0} answer by contract for {1} together", "{0}的包干额合计 {1}"),
    "change_least": (
        "last period's numbers let {0} fall to {1} together and no further", "按调整幅度，{0}合计最低降到 {1}",
    ),
    "change_most": (
        "last period's numbers let {0} rise to {1} together and no further", "按调整幅度，{0}合计最高升到 {1}",
    ),
    "chance_least": (
        "the chance you ask for leaves {0} no more than {1} together", "按要求的最低达成概率，{0}合计至多 {1}",
    ),
    "absent": ("{0} are not there in the period", "{0}本期均不在岗"),
    "chance_most": (
        "the highest chance you allow asks at least {1} of {0} together", "按允许的最高达成概率，{0}合计至少 {1}",
    ),
}  # fmt: skip
MISSING: Pair = ("{0} cannot be placed: {1}, but {2}.", "有 {0}放不下：{1}；但{2}。")
LACKING: Pair = ("{0} is lacking: {1}, but {2}.", "还差 {0}：{1}；但{2}。")
IN_ALL: Pair = (" With the smaller wishes of the kind it is {0}.", "计入其余同类要求，共 {0}。")
AND: Pair = (", and ", "，且")
ANY: Pair = ("Any one of these is enough: {0}.", "以下任选其一即可：{0}。")
ONLY: Pair = ("{0}.", "{0}。")
OR: Pair = ("; or ", "；或者")
NOBODY: Pair = (
    "{0} has nobody who could carry {1}.", "{0}还没有人，无法承担 {1}。",
)  # fmt: skip
FIX_NOBODY: Pair = ("give {0} a seller, or lift the wish", "为{0}安排销售，或取消该要求")
FIXES: dict[str, Pair] = {
    "target": ("bring the number of {0} to {1}", "将{0}的目标调整为 {1}"),
    "team_least": ("bring the least amount of {0} down to {1}", "将{0}的下限降到 {1}"),
    "team_most": ("bring the most amount of {0} up to {1}", "将{0}的上限提到 {1}"),
    "team_locked": ("unlock {0}, or lock at {1}", "解锁{0}，或改锁为 {1}"),
    "team_chance": ("ask for less certainty of {0}, so that it may carry {1}", "降低对{0}的把握要求，使其可承担 {1}"),
    "floor": ("bring the floor of {0} down to {1}", "将{0}的保底降到 {1}"),
    "ceiling": ("bring the ceiling of {0} up to {1}", "将{0}的上限提到 {1}"),
    "locked": ("unlock {0}, or lock at {1}", "解锁{0}，或改锁为 {1}"),
    "contract": ("agree on {1} with {0}", "与{0}重新商定为 {1}"),
    "change_least": ("let the number of {0} fall to {1}", "允许{0}的定额降到 {1}"),
    "change_most": ("let the number of {0} rise to {1}", "允许{0}的定额升到 {1}"),
    "chance_least": ("allow {0} a lower chance, so as to carry {1}", "允许{0}的达成概率更低，承担到 {1}"),
    "chance_most": ("allow {0} a higher chance, so as to carry {1}", "允许{0}的达成概率更高，只承担 {1}"),
    "absent": ("have {0} there, so as to carry {1}", "安排{0}到岗，承担 {1}"),
}
FIXES_MANY: dict[str, Pair] = {
    "team_least": ("bring the least amounts of {0} down to {1} in sum ({2})", "将{0}的下限合计降到 {1}（{2}）"),
    "team_most": ("bring the most amounts of {0} up to {1} in sum ({2})", "将{0}的上限合计提到 {1}（{2}）"),
    "team_locked": ("unlock {0}, or lock them at {1} in sum ({2})", "解锁{0}，或改锁为合计 {1}（{2}）"),
    "team_chance": (
        "ask for less certainty of {0}, so that they may carry {1} in sum ({2})",
        "降低对{0}的把握要求，使其合计可承担 {1}（{2}）",
    ),
    "floor": ("bring the floors of {0} down to {1} in sum ({2})", "将{0}的保底合计降到 {1}（{2}）"),
    "ceiling": ("bring the ceilings of {0} up to {1} in sum ({2})", "将{0}的上限合计提到 {1}（{2}）"),
    "locked": ("unlock {0}, or lock them at {1} in sum ({2})", "解锁{0}，或改锁为合计 {1}（{2}）"),
    "contract": ("agree on {1} in sum with {0} ({2})", "与{0}重新商定为合计 {1}（{2}）"),
    "change_least": ("let the numbers of {0} fall to {1} in sum ({2})", "允许{0}的定额合计降到 {1}（{2}）"),
    "change_most": ("let the numbers of {0} rise to {1} in sum ({2})", "允许{0}的定额合计升到 {1}（{2}）"),
    "chance_least": (
        "allow {0} a lower chance, so as to carry {1} in sum ({2})", "允许{0}的达成概率更低，合计承担到 {1}（{2}）",
    ),
    "absent": ("have {0} there, so as to carry {1} in sum", "安排{0}到岗，合计承担 {1}"),
    "chance_most": (
        "allow {0} a higher chance, so as to carry {1} in sum ({2})", "允许{0}的达成概率更高，合计只承担 {1}（{2}）",
    ),
}  # fmt: skip
INCLUDED: Pair = (", {0} of it over-assigned", "（其中超额分配 {0}）")
ITEM: Pair = ("({0}) {1}", "（{0}）{1}")
LESS_OVER: Pair = ("do without the over-assignment of {0}", "取消 {0}的超额分配")


def in_words(
    conflicts: Sequence[Conflict], question: QuotaQuestion, language: Language, over: OverAssignment | None = None
) -> tuple[str, str]:
    """What cannot be kept, and what would end it; several conflicts are numbered alike in both."""
    wrong = [told(one, question, language, over) for one in conflicts]
    ways = [mended(one, question, language, over) for one in conflicts]
    if len(conflicts) > 1:
        wrong, ways = ([say(ITEM, language, at, one) for at, one in enumerate(side, 1)] for side in (wrong, ways))
    return " ".join(wrong), " ".join(ways)


def told(conflict: Conflict, question: QuotaQuestion, language: Language, over: OverAssignment | None = None) -> str:
    """What cannot be kept together, in one sentence."""
    pushing, holding = conflict.side(True), conflict.side(False)
    if not holding:
        one = pushing[0]
        return say(NOBODY, language, names([one.node], question, language), _money(one.amount, question, language))
    if not pushing:
        pushing, holding = holding, pushing
    short = any(one.kind == "target" for one in pushing)
    text = say(
        LACKING if short else MISSING,
        language,
        _money(conflict.missing, question, language),
        _side(pushing, question, language, over),
        _side(holding, question, language, over),
    )
    if conflict.gap > conflict.missing:
        text += say(IN_ALL, language, _money(conflict.gap, question, language))
    return _capital(text)


def mended(conflict: Conflict, question: QuotaQuestion, language: Language, over: OverAssignment | None = None) -> str:
    """What would end it: each way alone is enough where they meet, and no larger than needed."""
    if not conflict.side(False):
        node = names([conflict.wishes[0].node], question, language)
        return _capital(say(ONLY, language, say(FIX_NOBODY, language, node)))
    ways: list[str] = []
    for least in (True, False):
        for kind, wishes in _by_kind(conflict.side(least)).items():
            change = -conflict.gap if least else conflict.gap
            if kind == "target" and over is not None and over.amount:
                company = _company_for(over, over.assigned + change, least, question.wish.unit)
                change = company - wishes[0].amount
            ways.append(_way(kind, wishes, change, question, language))
    target = any(one.kind == "target" and one.least for one in conflict.wishes)
    if over is not None and target and over.amount >= conflict.gap:
        ways.append(say(LESS_OVER, language, _money(over.amount, question, language)))
    text = say(OR, language).join(ways)
    return say(ANY if len(ways) > 1 else ONLY, language, text if len(ways) > 1 else _capital(text))


def _company_for(over: OverAssignment, carried: int, at_most: bool, unit: int) -> int:
    """The company's number with which the sellers, over-assigned by the same share, carry at most or at least so much.

    The share is known up to the unit that the over-assignment was rounded down to.
    """
    if at_most:
        return carried * over.target // (over.assigned + unit)
    return -(-(carried + unit) * over.target // over.assigned)


def _way(kind: str, wishes: Sequence[Wished], change: int, question: QuotaQuestion, language: Language) -> str:
    total = sum(one.amount for one in wishes)
    wanted = max(total + change, 0)
    whom, amount = names([one.node for one in wishes], question, language), _money(wanted, question, language)
    if len(wishes) == 1 or total == 0:
        return say(FIXES[kind], language, whom, amount)
    # Rounded away from nothing: the told share must be enough.
    share = ceil(abs(wanted - total) / total * 1000) / 1000 * (1 if change > 0 else -1)
    signed = f"{'+' if share > 0 else ''}{percent(share, language)}"
    return say(FIXES_MANY[kind], language, whom, amount, signed)


def _side(wishes: Sequence[Wished], question: QuotaQuestion, language: Language, over: OverAssignment | None) -> str:
    told: list[str] = []
    for kind, group in _by_kind(wishes).items():
        pair = ONE[kind] if len(group) == 1 else MANY[kind]
        amount = _money(sum(one.amount for one in group), question, language)
        line = say(pair, language, names([one.node for one in group], question, language), amount)
        if kind == "target" and over is not None and over.amount:
            line += say(INCLUDED, language, _money(over.amount, question, language))
        told.append(line)
    return say(AND, language).join(told)


def _by_kind(wishes: Sequence[Wished]) -> dict[str, list[Wished]]:
    found: dict[str, list[Wished]] = {}
    for one in wishes:
        found.setdefault(one.kind, []).append(one)
    return found


def _money(amount: int, question: QuotaQuestion, language: Language) -> str:
    return money(amount, question.currency, language)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
