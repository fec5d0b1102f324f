"""What happens to a large company's deals? Deals, changes of their fields and activities, a cohort at a time."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.feature_engine.columns import DAY, END, MINUTE, START, Flags, Ints, ids, moments, money, picked, words
from benchmarks.feature_engine.columns import days as dates

STAGES = ("qualify", "discover", "propose", "negotiate", "commit")
ACTIVITIES_PER_DEAL = 20
CONTACTS_PER_CUSTOMER = 3
MEAN_LIFE = 100.0
"""Days from creation to close."""


@dataclass(frozen=True)
class Deals:
    """Every deal in order of creation; `ends` is when it closed, or the export where it is open."""

    created: Ints
    ends: Ints
    won: Flags
    customer: Ints
    rep: Ints
    product: Ints
    amount: Ints
    expected: Ints

    def __len__(self) -> int:
        return len(self.created)

    def cohort(self, first: int, last: int) -> "Deals":
        """The deals created from the first to before the last of these."""
        return Deals(*(getattr(self, name)[first:last] for name in self.__dataclass_fields__))


def open_deals(rng: np.random.Generator, deals: int, customers: int, reps: int, list_price: Ints) -> Deals:
    """Deals created evenly over three years; a seller has a hand of their own."""
    created = np.sort(START + (rng.random(deals) * (END - START - DAY)).astype(np.int64))
    life = ((1 + rng.gamma(1.5, (MEAN_LIFE - 1) / 1.5, deals)) * DAY).astype(np.int64)
    product = rng.integers(0, len(list_price), deals)
    rep = rng.integers(0, reps, deals)
    skill = rng.normal(0.35, 0.08, reps)
    worth = np.rint(list_price[product] / 1e4 * rng.lognormal(1, 0.6, deals) * 100).astype(np.int64) * 100
    return Deals(
        created,
        np.minimum(created + life, END),
        rng.random(deals) < skill[rep],
        rng.integers(0, customers, deals),
        rep,
        product,
        worth,
        created // DAY + 30 + rng.integers(0, 120, deals),
    )


def deal_rows(rng: np.random.Generator, deals: Deals, names: dict[str, pa.Array]) -> pa.Table:
    """The deals table: each as created, and how it ended."""
    is_open = deals.ends >= END
    status = np.where(is_open, 0, np.where(deals.won, 1, 2)).astype(np.int64)
    return pa.table(
        {
            "deal_id": names["deal"],
            "customer_id": picked(names["customer"], deals.customer),
            "rep_id": picked(names["rep"], deals.rep),
            "product_id": picked(names["product"], deals.product),
            "pipeline": pa.repeat("sales", len(deals)),
            "status": picked(pa.array(["open", "won", "lost"]), status),
            "created_at": moments(deals.created),
            "closed_at": moments(deals.ends, is_open),
            "expected_close_on": dates(deals.expected),
            "amount": money(deals.amount),
            "source": words(rng, len(deals), {"web": 4, "partner": 2, "event": 1, "call": 3}),
            "type": words(rng, len(deals), {"new": 6, "renewal": 3, "upsell": 2}),
        }
    )


def change_rows(rng: np.random.Generator, deals: Deals, deal_ids: pa.Array, reps: pa.Array) -> pa.Table:
    """The first stage, moves forward and back, amounts, slips of the close date, now and then a new seller."""
    places = np.zeros(len(deals), np.int64)
    parts = [_part("stage", np.arange(len(deals)), deals.created, picked(pa.array(STAGES), places))]
    for row, at in _turns(rng, deals, 1.2, 6):
        step = np.where(rng.random(len(row)) < 0.8, 1, -1)
        step = np.where(places[row] == 0, 1, np.where(places[row] == len(STAGES) - 1, -1, step))
        places[row] += step
        parts.append(_part("stage", row, at, picked(pa.array(STAGES), places[row])))
    amount = deals.amount.copy()
    for row, at in _turns(rng, deals, 0.5, 4):
        amount[row] = np.rint(amount[row] / 100 * rng.uniform(0.7, 1.2, len(row))).astype(np.int64) * 100
        parts.append(_part("amount", row, at, pc.cast(money(amount[row]), pa.string())))
    expected = deals.expected.copy()
    for row, at in _turns(rng, deals, 0.7, 4):
        expected[row] += np.where(rng.random(len(row)) < 0.8, 14, -7)
        parts.append(_part("expected_close_on", row, at, pc.cast(dates(expected[row]), pa.string())))
    for row, at in _turns(rng, deals, 0.1, 1):
        parts.append(_part("rep_id", row, at, picked(reps, rng.integers(0, len(reps), len(row)))))
    changes = pa.concat_tables(parts)
    at = changes["changed_at"].cast(pa.int64()).to_numpy()
    late = np.minimum(at + (rng.exponential(1.0, len(at)) * DAY).astype(np.int64), END)
    changes = changes.set_column(0, "deal_id", deal_ids.take(changes["row"].combine_chunks()))
    changes = changes.append_column("recorded_at", moments(late, rng.random(len(at)) >= 0.1))
    return changes.take(pa.array(np.argsort(at, kind="stable")))


def _turns(rng: np.random.Generator, deals: Deals, mean: float, most: int) -> list[tuple[Ints, Ints]]:
    """For each turn the deals that have one, and when; a deal's turns come in order of time."""
    turns = np.minimum(rng.poisson(mean, len(deals)), most)
    shares = np.sort(np.where(np.arange(most) < turns[:, None], rng.random((len(deals), most)), 2.0), axis=1)
    found = []
    for turn in range(most):
        row = np.flatnonzero(turns > turn)
        life = (deals.ends - deals.created)[row]
        found.append((row, deals.created[row] + 1 + (shares[row, turn] * (life - 2)).astype(np.int64)))
    return found


def _part(field: str, row: Ints, at: Ints, value: pa.Array) -> pa.Table:
    return pa.table(
        {"row": pa.array(row), "field": pa.repeat(field, len(row)), "changed_at": moments(at), "new_value": value}
    )


def activity_rows(
    rng: np.random.Generator, deals: Deals, deal_ids: pa.Array, first: int, names: dict[str, pa.Array]
) -> pa.Table:
    """Twenty activities a deal on average, in the order they were recorded; `first` numbers them on.

    Most are written down minutes to days after they happened, one in fifty by weeks; one in twenty does not
    say when, and one in twenty names no deal.
    """
    rows = ACTIVITIES_PER_DEAL * len(deals)
    life = deals.ends - deals.created
    weight = np.cumsum(rng.gamma(2.0, 1.0, len(deals)) * np.sqrt(life))
    deal = np.minimum(np.searchsorted(weight, rng.random(rows) * weight[-1]), len(deals) - 1)
    happened = deals.created[deal] + (rng.random(rows) * life[deal]).astype(np.int64)
    kind = rng.random(rows)
    lag = np.where(kind < 0.6, rng.exponential(20.0, rows), rng.exponential(18.0 * 60, rows))
    lag = np.where(kind >= 0.98, rng.uniform(7, 42, rows) * 1440, lag)
    lag = np.where((kind >= 0.6) & (kind < 0.65), 0.0, lag)
    recorded = np.minimum(happened + (lag * MINUTE).astype(np.int64), END)
    order = np.argsort(recorded, kind="stable")
    deal, happened, recorded, lag = deal[order], happened[order], recorded[order], lag[order]
    spoken = rng.random(rows) < 0.6
    contact = deals.customer[deal] * CONTACTS_PER_CUSTOMER + rng.integers(0, CONTACTS_PER_CUSTOMER, rows)
    sellers = len(names["rep"])
    rep = np.where(rng.random(rows) < 0.85, deals.rep[deal], rng.integers(0, sellers, rows))
    kinds = {"call": 30, "email": 35, "meeting": 12, "visit": 5, "chat": 6, "note": 5, "task": 6, "web": 1}
    return pa.table(
        {
            "activity_id": ids("A", np.arange(first, first + rows), 9),
            "deal_id": picked(deal_ids, deal, rng.random(rows) < 0.05),
            "customer_id": picked(names["customer"], deals.customer[deal]),
            "contact_id": picked(names["contact"], contact, rng.random(rows) < 0.2),
            "rep_id": picked(names["rep"], rep),
            "type": words(rng, rows, kinds),
            "direction": words(rng, rows, {"inbound": 3, "outbound": 5, "internal": 2}),
            "happened_at": moments(happened),
            "recorded_at": moments(recorded, lag == 0),
            "duration_minutes": pa.array(np.ceil(rng.exponential(25.0, rows)), mask=~spoken),
            "outcome": words(rng, rows, {"reached": 5, "no answer": 3, "follow up": 3, "declined": 1}, missing=0.4),
        }
    )
