"""How much could choosing contacts well bring at most, in companies whose truth is known?

`python benchmarks/trial_ground.py [--law differs] [--seeds 5] [--weeks 26] [--waves] [--json]`. Lives companies of
2,500 deals forward from their 730th day under several ways to fill the sellers' hours with calls, all with the same
luck:

* plain ones that see what a CRM shows: highest stage probability, highest amount, amount times probability, longest
  silence, each filling what is left of the hours with customers in the order of silence;
* `value, true probability`: amount times the true probability of winning, better than any model can be;
* `oracle`: the true gain of every possible contact for each minute, deals and customers alike, customers reckoned anew
  every week.

No learner can do better than about the oracle; how far it lies above the best plain way is what can be learned. It also
prints how large the true gains of one call are.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from simulation.chain import usual_contact  # noqa: E402
from simulation.chance import Floats, Ints  # noqa: E402
from simulation.company import CONTACT_LAWS, CompanySettings  # noqa: E402
from simulation.field.contacts import NOBODY, Contacts  # noqa: E402
from simulation.field.customer_worth import customer_gains  # noqa: E402
from simulation.field.deal_worth import DealWorth, deal_worth  # noqa: E402
from simulation.field.field import Field  # noqa: E402
from simulation.response import ACTIONS  # noqa: E402

DAY = 730
CALL = np.array([ACTIONS.index("call")])
STAGE_PROBABILITY = np.array([0.1, 0.25, 0.5, 0.7])
Policy = Callable[[Field], Contacts]


def filled(field: Field, deal: Ints, of_deals: Floats, customer: Ints, of_customers: Floats) -> Contacts:
    """Calls in falling order of worth, while the seller has time; nothing of no worth."""
    worth = np.concatenate([of_deals, of_customers])
    seller = np.concatenate([field.seller_of_deal(deal), field.seller_of_customer(customer)])
    minutes, cost, taken = field.minutes(), int(field.action_minutes[CALL[0]]), np.zeros(worth.size, dtype=bool)
    for place in np.argsort(-worth, kind="stable"):
        if worth[place] > 0 and minutes[seller[place]] >= cost:
            minutes[seller[place]] -= cost
            taken[place] = True
    chosen, called = deal[taken[: deal.size]], customer[taken[deal.size :]]
    return Contacts(chosen, np.full(chosen.size, CALL[0]), called, np.full(called.size, CALL[0]))


def plain(score: Callable[[Field, Ints], Floats]) -> Policy:
    """Deals by this score, then customers by silence."""

    def choose(field: Field) -> Contacts:
        deal, customer = field.open_deals, relations(field)
        return filled(field, deal, 2 + score(field, deal), customer, silence(field, customer))

    return choose


def relations(field: Field) -> Ints:
    """Customers who have bought before."""
    known = field.known_customers
    return known[field.customers.established[known] | (field.first_win[known] < field.day)]


def silence(field: Field, customer: Ints) -> Floats:
    """0 to 1: the longer nobody called a customer, the more."""
    met = field.actions[customer, : field.day] >= 0
    since = np.where(met.any(axis=1), met[:, ::-1].argmax(axis=1), field.day)
    return np.asarray((1.0 + since) / (2.0 + field.day))


class LongestSilence:
    """Deals and customers together, those longest not called first."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}

    def __call__(self, field: Field) -> Contacts:
        deal, customer = field.open_deals, relations(field)
        last = np.array([self._last.get(int(d), int(field.deals.created_day[d])) for d in deal])
        since = (1.0 + field.day - last) / (2.0 + field.day)
        contacts = filled(field, deal, since, customer, silence(field, customer))
        self._last |= {int(d): field.day for d in contacts.deal}
        return contacts


class Oracle:
    """The highest true gain first."""

    def __init__(self, worth: DealWorth) -> None:
        self._worth, self._week, self._gains = worth, -1, np.empty(0)
        self._customers: Ints = np.empty(0, dtype=np.int64)

    def __call__(self, field: Field) -> Contacts:
        deal = field.open_deals
        gain = self._worth.gain(field.day, deal, field.state(deal)) * field.amounts(deal)
        if field.day // 7 != self._week:
            self._week, self._customers = field.day // 7, field.known_customers
            self._gains = customer_gains(field, self._customers, CALL, self._worth.until)[:, 0]
        contacts = filled(field, deal, gain, self._customers, self._gains)
        self._gains[np.isin(self._customers, contacts.customer)] = 0.0
        return contacts


def stage_probability(field: Field, deal: Ints) -> Floats:
    """What a CRM says of each deal."""
    return np.asarray(STAGE_PROBABILITY[field.state(deal) // 4])


def by_true_value(field: Field, until: int) -> Policy:
    """Amount times the true probability of winning within half a year of the trial's end."""
    chance = deal_worth(field.settings, field.deals, field.day, until + 180, usual_contact, in_money=False)
    return plain(lambda field, deal: field.amounts(deal) * chance.worth(field.day, deal, field.state(deal)))


def oracle(field: Field, until: int) -> Policy:
    """The highest true gain before the trial's end first."""
    return Oracle(deal_worth(field.settings, field.deals, field.day, until, usual_contact))


POLICIES: dict[str, Callable[[Field, int], Policy | None]] = {
    "as sellers please": lambda *_: None,
    "nobody calls": lambda *_: lambda _: NOBODY,
    "highest probability": lambda *_: plain(stage_probability),
    "highest amount": lambda *_: plain(lambda field, deal: field.amounts(deal)),
    "amount x probability": lambda *_: plain(lambda field, deal: field.amounts(deal) * stage_probability(field, deal)),
    "longest silence": lambda *_: LongestSilence(),
    "value, true probability": by_true_value,
    "oracle": oracle,
}
"""How each policy is made for a field and a trial's end; None lets sellers do as they please, in time of their own."""


def booked(settings: CompanySettings, weeks: int, name: str) -> tuple[float, float]:
    """(deals, orders) in millions over the weeks, under this policy."""
    field, until = Field(settings, DAY), DAY + 7 * weeks
    policy = POLICIES[name](field, until)
    while field.day < until:
        if policy is None:
            field.step()
        else:
            field.step(policy(field) if field.calendar.working[field.day] else NOBODY)
    came = field.booked(DAY)
    return float(came.deals.sum()) / 1e6, float(came.orders.sum()) / 1e6


def size_of_gains(settings: CompanySettings, horizon: int = 180) -> dict[str, float]:
    """The true gains of one call, over open deals and over customers who buy, on the first working day."""
    field = Field(settings, DAY)
    while not field.calendar.working[field.day]:
        field.step()
    day, deal = field.day, field.open_deals
    money = deal_worth(settings, field.deals, day, day + horizon, usual_contact)
    chance = deal_worth(settings, field.deals, day, day + 700, usual_contact, in_money=False)
    gain = money.gain(day, deal, field.state(deal)) * field.amounts(deal)
    points, p_win = chance.gain(day, deal, field.state(deal)), chance.worth(day, deal, field.state(deal))
    habit, known = field.habits(), field.known_customers
    buyer = known[(habit.begins[known] <= day) & (habit.ends[known] > day)]
    kept = customer_gains(field, buyer, CALL, day + horizon)[:, 0]
    return {
        "open deals": float(deal.size),
        "money, mean": float(gain.mean()),
        "money, sd": float(gain.std()),
        "win probability, mean": float(points.mean()),
        "win probability, sd": float(points.std()),
        "share harmed": float((gain < 0).mean()),
        "correlation with p": float(np.corrcoef(points, p_win)[0, 1]) if points.std() > 0 else 0.0,
        "top tenth by p, mean": float(points[np.argsort(p_win)[-max(1, deal.size // 10) :]].mean()),
        "buyers": float(buyer.size),
        "orders kept, mean": float(kept.mean()),
        "orders kept, sd": float(kept.std()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--law", choices=CONTACT_LAWS, default="differs")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--weeks", type=int, default=26)
    parser.add_argument("--deals", type=int, default=2500)
    parser.add_argument("--waves", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results: dict[str, list[tuple[float, float]]] = {}
    gains: list[dict[str, float]] = []
    for seed in range(1, options.seeds + 1):
        settings = CompanySettings(
            options.deals, seed, days=DAY + 7 * options.weeks, contact=options.law, waves=options.waves
        )
        gains.append(size_of_gains(settings))
        for name in POLICIES:
            results.setdefault(name, []).append(booked(settings, options.weeks, name))
    print(f"one call, {options.law}, mean of {options.seeds} seeds")
    mean = {key: float(np.mean([found[key] for found in gains])) for key in gains[0]}
    for key, value in mean.items():
        print(f"  {key:24} {value:12.4f}")
    print(f"{'policy':26} {'deals':>7} {'orders':>7} {'total':>7}   the oracle's lead, by seed")
    best = np.array(results["oracle"]).sum(axis=1)
    for name, found in results.items():
        deals, orders = np.mean(found, axis=0)
        lead = best / np.array(found).sum(axis=1) - 1
        each = " ".join(f"{100 * part:+.0f}" for part in lead)
        whole = 100 * (best.mean() / (deals + orders) - 1)
        print(f"{name:26} {deals:7.2f} {orders:7.2f} {deals + orders:7.2f}   {whole:+.1f} %  ({each})")
    if options.json:
        print(json.dumps({"law": options.law, "gains": mean, "booked": results}))


if __name__ == "__main__":
    main()
