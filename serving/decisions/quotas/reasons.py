"""Why this number for this seller? In the words of a sales director, never of a solver."""

from serving.decisions.quotas.proposing import QuotaPlan
from serving.decisions.quotas.words import Pair, money, names, percent, say
from serving.language import Language

RULES: dict[str, Pair] = {
    "equal-chance": (
        "{0}: made in {1} of 100 cases, the same chance as everybody who is free to move.",
        "{0}：达成把握约 {1}%，与其他可调整的同事机会相同。",
    ),
    "contracted": (
        "{0}: what the contracts leave, shared at the same chance; made in {1} of 100 cases.",
        "{0}：包干之外的余额按同等机会分摊，达成把握约 {1}%。",
    ),
    "proportional": ("{0}: in proportion to last period's result.", "{0}：按上期业绩比例分配。"),
    "potential": ("{0}: in proportion to the potential of the territory.", "{0}：按区域潜力比例分配。"),
    "even": ("{0}: the same for everybody, by the time there.", "{0}：人人相同，按在岗时间折算。"),
}
BOUND: dict[str, Pair] = {
    "locked": ("{0}: locked, left as it is.", "{0}：已锁定，保持不变。"),
    "contract": ("{0}: fixed by the contract for the territory.", "{0}：按区域包干合同确定。"),
    "floor": ("{0}: the floor. By the rule alone it would be {2}.", "{0}：取保底额；仅按规则应为 {2}。"),
    "ceiling": ("{0}: the ceiling. By the rule alone it would be {2}.", "{0}：取上限；仅按规则应为 {2}。"),
    "change_least": (
        "{0}: no further down from last period. By the rule alone it would be {2}.",
        "{0}：降幅已到限；仅按规则应为 {2}。",
    ),
    "change_most": (
        "{0}: no further up from last period. By the rule alone it would be {2}.",
        "{0}：升幅已到限；仅按规则应为 {2}。",
    ),
    "chance_least": (
        "{0}: more would be less likely than you allow. By the rule alone it would be {2}.",
        "{0}：再高就低于允许的最低把握；仅按规则应为 {2}。",
    ),
    "chance_most": (
        "{0}: less would be easier than you allow. By the rule alone it would be {2}.",
        "{0}：再低就过于轻松；仅按规则应为 {2}。",
    ),
    "absent": ("{0}: not there in the period.", "{0}：本期不在岗。"),
    "team_most": (
        "{0}: {3} carries no more than its limit, so its people carry less. By the rule alone it would be {2}.",
        "{0}：{3}已到团队上限，成员相应减负；仅按规则应为 {2}。",
    ),
    "team_chance": (
        "{0}: {3} is to be sure of its number, so its people carry less. By the rule alone it would be {2}.",
        "{0}：{3}须保证达成把握，成员相应减负；仅按规则应为 {2}。",
    ),
    "team_least": (
        "{0}: {3} carries at least its share, so its people carry more. By the rule alone it would be {2}.",
        "{0}：{3}须承担团队下限，成员相应加码；仅按规则应为 {2}。",
    ),
    "team_locked": (
        "{0}: {3} is locked, its people share what it carries. By the rule alone it would be {2}.",
        "{0}：{3}已锁定，由成员分摊；仅按规则应为 {2}。",
    ),
}
CHANCE: Pair = (" Made in {0} of 100 cases.", "达成把握约 {0}%。")
PART: Pair = (" There {0} of the time, at {1} of full strength.", "在岗时间 {0}，熟练度 {1}。")
COMPANY: Pair = (
    "The company's number is {0}. The forecast gives it {1}.", "公司目标 {0}，按预测达成把握 {1}。",
)  # fmt: skip
OVER: Pair = (
    " So that it holds with a chance of {0} even if the sellers together make their sum only every second time, they "
    "carry {1} in sum: {2} more.",
    "为使公司目标有 {0} 的把握（即便销售合计只有一半机会达成），销售合计承担 {1}，多分配 {2}。",
)
UNSURE: Pair = (
    " Handing out more does not make it likelier by itself: a number with a chance of {0} would be {1}.",
    "多分配本身不会提高把握：有 {0} 把握的目标应为 {1}。",
)
HELD: Pair = (" More over-assignment than you allow would be needed.", "所需的超额分配超出了允许的上限。")


def reason(plan: QuotaPlan, seller: str, language: Language) -> str:
    """Why a seller's number is what it is. Raises BadQuestion for somebody not in the plan."""
    tree, question = plan.outlook.tree, plan.question
    node = plan.node(seller)
    leaf = node - tree.teams
    if leaf < 0:
        return company(plan, language) if node == 0 else _team(plan, node, language)
    currency = question.currency
    facts = question.sellers[tree.order[leaf]]
    amount = money(int(plan.amounts[node]), currency, language)
    chance = f"{plan.chances[node] * 100:.0f}"
    kind = plan.binds[leaf]
    if kind:
        head = names([tree.ids[plan.heads[leaf]]], question, language) if kind.startswith("team") else ""
        text = say(BOUND[kind], language, amount, chance, money(int(plan.free[leaf]), currency, language), head)
    else:
        text = say(RULES[question.wish.policy], language, amount, chance)
    if kind or question.wish.policy not in ("equal-chance", "contracted"):
        text += say(CHANCE, language, chance)
    if facts.ramp < 1 or facts.present < 1:
        text += say(PART, language, percent(facts.present, language), percent(facts.ramp, language))
    return text


def company(plan: QuotaPlan, language: Language) -> str:
    """The company's number, how sure it is, and why the sellers carry more in sum."""
    currency, over = plan.question.currency, plan.over
    chance = plan.chances[0] if over is None else over.chance
    text = say(COMPANY, language, money(plan.target, currency, language), percent(float(chance), language))
    if over is None:
        return text
    wished = percent(over.wished, language)
    if over.amount:
        more = money(over.amount, currency, language)
        text += say(OVER, language, wished, money(over.assigned, currency, language), more)
    if over.held:
        text += say(HELD, language)
    if over.chance < over.wished:
        text += say(UNSURE, language, wished, money(over.sure, currency, language))
    return text


TEAM: Pair = ("{0}: {1}, the sum of its people. Made in {2} of 100 cases.", "{0}：{1}，为成员合计，达成把握约 {2}%。")


def _team(plan: QuotaPlan, node: int, language: Language) -> str:
    name = names([plan.ids[node]], plan.question, language)
    amount = money(int(plan.amounts[node]), plan.question.currency, language)
    return say(TEAM, language, name, amount, f"{plan.chances[node] * 100:.0f}")
