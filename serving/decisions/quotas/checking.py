"""Is each quota SMART? Specific, measurable, attainable, relevant, time-bound (Doran 1981): five answers."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from serving.decisions.quotas.money import Floats
from serving.decisions.quotas.proposing import QuotaPlan
from serving.decisions.quotas.question import BadQuestion
from serving.decisions.quotas.words import Pair, money, percent
from serving.language import Language

Letter = Literal["specific", "measurable", "attainable", "relevant", "time_bound"]
LEAST_CHANCE, MOST_CHANCE = 0.3, 0.9
"""Below the one a quota discourages, above the other it asks for nothing."""
LEAST_SHARE, MOST_SHARE = 0.5, 2.0
"""A quota's share of the team's over the seller's share of what the team is expected to book."""
HARDLY = 0.02
"""Share of draws with any booking below which a seller's bookings cannot be seen in the history."""
WORDS: dict[tuple[Letter, bool], Pair] = {
    ("specific", True): ("{name} is to book {amount} in {period}.", "{name}在 {period} 须完成 {amount}。"),
    ("specific", False): ("{name} has no amount to book in {period}.", "{name}在 {period} 没有具体定额。"),
    ("measurable", True): (
        "Bookings are on record by seller: it can be followed every day.", "业绩按人入账，可逐日跟踪。",
    ),
    ("measurable", False): (
        "Hardly anything is booked under this name: put the deals under the seller before measuring by it.",
        "名下几乎没有业绩记录，请先把商机归到本人名下再考核。",
    ),
    ("attainable", True): ("Made in {chance} of 100 cases.", "达成把握约 {chance}%。"),
    ("attainable", False): (
        "Made in {chance} of 100 cases; one worth running for is made in {least} to {most}. {fit} would be made in "
        "{middle}.",
        "达成把握约 {chance}%，合理范围为 {least}% 至 {most}%；{fit} 的把握约为 {middle}%。",
    ),
    ("relevant", True): (
        "{share} of the team's number for {part} of what the team is expected to book.",
        "占团队定额 {share}，占团队预期业绩 {part}。",
    ),
    ("relevant", False): (
        "{share} of the team's number for {part} of what the team is expected to book: out of proportion.",
        "占团队定额 {share}，仅对应团队预期业绩的 {part}，比例失衡。",
    ),
    ("time_bound", True): (
        "Due by the end of {period}; there {present} of the time.", "截止 {period} 期末，在岗 {present}。",
    ),
    ("time_bound", False): (
        "Not there in {period}: nobody can be held to it.", "{period} 不在岗，无法承担。",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Smart:
    """All five of every seller by column of `LETTERS`: `good` [sellers, 5]; `plan` they were read from."""

    plan: QuotaPlan
    good: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]"
    share: Floats
    part: Floats
    least: float
    most: float

    @property
    def passed(self) -> float:
        """The share of quotas that pass all five."""
        return float(self.good.all(axis=1).mean())


LETTERS: tuple[Letter, ...] = ("specific", "measurable", "attainable", "relevant", "time_bound")


def check(plan: QuotaPlan, least: float = LEAST_CHANCE, most: float = MOST_CHANCE) -> Smart:
    """Asks the five of every seller's quota; `least` and `most` bound the chance that counts as attainable."""
    outlook, tree = plan.outlook, plan.outlook.tree
    quota = plan.of_sellers.astype(float)
    expected = np.maximum(outlook.draws.mean(axis=1), 0.0)
    team = tree.parent[tree.teams :]
    team_quota = np.bincount(team, quota, tree.teams)[team]
    team_expected = np.bincount(team, expected, tree.teams)[team]
    share = np.divide(quota, team_quota, out=np.zeros_like(quota), where=team_quota > 0)
    part = np.divide(expected, team_expected, out=np.zeros_like(quota), where=team_expected > 0)
    times = np.divide(share, part, out=np.full_like(share, np.inf), where=part > 0)
    chance = plan.chances[tree.teams :]
    there = np.array([plan.question.sellers[row].present > 0 for row in tree.order])
    good = np.column_stack(
        [
            quota > 0,
            (outlook.draws > 0).mean(axis=1) >= HARDLY,
            (chance >= least - 1e-9) & (chance <= most + 1e-9),
            (times >= LEAST_SHARE) & (times <= MOST_SHARE),
            there,
        ]
    )
    return Smart(plan, good, share, part, least, most)


def told(found: Smart, seller: str, language: Language) -> dict[Letter, str]:
    """The five answers for a seller. Raises BadQuestion for somebody not in the plan."""
    plan, tree = found.plan, found.plan.outlook.tree
    node = plan.node(seller)
    leaf = node - tree.teams
    if leaf < 0:
        raise BadQuestion("seller", f"{seller} is a team", "ask for a seller")
    facts = plan.question.sellers[tree.order[leaf]]
    middle = (found.least + found.most) / 2
    fit = int(max(np.quantile(plan.outlook.sorted[leaf], 1 - middle), 0.0))
    fit = fit // plan.question.wish.unit * plan.question.wish.unit
    blanks = {
        "name": facts.name or seller,
        "amount": money(int(plan.amounts[node]), plan.question.currency, language),
        "period": plan.question.period,
        "chance": f"{plan.chances[node] * 100:.0f}",
        "least": f"{found.least * 100:.0f}",
        "most": f"{found.most * 100:.0f}",
        "middle": f"{middle * 100:.0f}",
        "fit": money(fit, plan.question.currency, language),
        "share": percent(float(found.share[leaf]), language),
        "part": percent(float(found.part[leaf]), language),
        "present": percent(facts.present, language),
    }
    good = found.good[leaf]
    return {
        letter: WORDS[letter, bool(good[at])][1 if language == "zh" else 0].format(**blanks)
        for at, letter in enumerate(LETTERS)
    }
