"""Histories in which everything happens that is hard, and everyone in them to ask about."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

import numpy as np

from features.as_of import Moments, micros
from features.catalog import CATALOGS, attribute_features
from features.definition import Entity, Feature
from features.history import History
from features.needs import lacking
from features.open_deals import customers_known, deals_created
from features.streams import open_streams

BEGIN, CUT, END = datetime(2022, 1, 1), datetime(2024, 1, 1, 3, 30), datetime(2024, 9, 1)
"""When a history begins; the moment before which all are the same; when they end."""


def every_feature(history: History, entity: Entity) -> tuple[Feature, ...]:
    """Every feature of the catalogue that a history can give."""
    streams = open_streams(history)
    own = attribute_features(history, END) if entity == "deal" else ()
    wanted = (*CATALOGS[entity].values(), *own)
    return tuple(feature for feature in wanted if lacking(feature, streams) is None)


def moments_of(history: History, entity: Entity, until: datetime, most: int = 10_000) -> Moments:
    """Every deal or customer on record, and one that nobody knows, at moments back from `until`; in no order."""
    known = deals_created(history, until)[0] if entity == "deal" else customers_known(history, until)[0]
    ids = np.array([*known[: most // 5], "nobody"], object)
    at = np.concatenate([np.full(len(ids), micros(until - timedelta(days=back))) for back in (0, 1, 40, 200, 500)])
    order = np.random.default_rng(1).permutation(len(at))
    return Moments(np.tile(ids, 5)[order], at[order])


class Teller:
    """Makes up a history in which everything happens that is hard: all of it from one seed."""

    def __init__(self, story: Any, seed: str) -> None:
        self.story, self.dice = story, Random(seed)

    def tell(self, low: datetime, high: datetime, rows: int) -> None:
        """Rows of every table that became known between two times, many of them about the same things."""
        for _ in range(rows):
            known = low + timedelta(hours=self.dice.randrange(int((high - low) / timedelta(hours=1))))
            happened = max(known - timedelta(days=self.dice.choice([0, 0, 0, 1, 90])), BEGIN)
            told = {"recorded": f"{known.isoformat()}Z"}
            for table, key, values in self._rows(f"{happened.isoformat()}Z"):
                # What has no time of its own says when it was told: several such rows from ever have no order.
                dated = happened != known or table in ("products", "reps", "stages") or self.dice.random() < 0.5
                self.story.row(table, **key, **values, **(told if dated else {}))

    def _rows(self, at: str) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
        deal, customer, rep = self.one("d", 15), self.one("c", 6), self.one("r", 3)
        product, contact = self.one("p", 3), self.one("k", 4)
        described = {c: self.one(c, 3) for c in ("industry", "segment", "size", "region", "country", "tier")}
        into = {"merged_into": {"c4": "c1", "c5": "c0"}.get(customer)} if self.dice.random() < 0.3 else {}
        yield "customers", {"customer_id": customer}, {"created": at, "annual_revenue": 5.0, **described, **into}
        yield "contacts", {"contact_id": contact}, {"customer": customer, "role": self.one("x", 2), "created": at,
                                                   "is_decision_maker": self.dice.random() < 0.5}  # fmt: skip
        yield "reps", {"rep_id": rep}, {"team_id": self.one("t", 2), "weekly_hours": 40.0}
        yield (
            "products",
            {"product_id": product},
            {"family": self.one("f", 2), "list_price": self.dice.randrange(99)},
        )
        stage = self.dice.choice(["Lead", "Offer", "Talk", "Nowhere"])
        yield "stages", {"pipeline": "sales", "stage": stage}, {"position": self.dice.randrange(4), "status": "open"}
        yield "fx_rates", {"currency": "USD", "valid_on": at[:10]}, {"rate": self.dice.choice([6.5, 7.0])}
        status = self.dice.choice(["open", "open", "won", "lost"])
        closed = {"closed_at": at} if status != "open" else {}
        yield "deals", {"deal_id": deal}, {
            "created": at, "status": status, "customer": customer, "product": product, "pipeline": "sales", **closed,
            "source": self.one("s", 3), "type": self.dice.choice(["new", "upsell"]), "crm_probability": 0.5,
            "currency": self.dice.choice(["CNY", "USD"]), "attributes": {"place": self.one("q", 3), "seats": "5"},
        }  # fmt: skip
        values = {"stage": stage, "amount": self.dice.choice(["10", "250.5", "much"]), "rep_id": rep,
                  "expected_close_on": at[:10], "forecast_category": "commit", "status": status}  # fmt: skip
        field = self.dice.choice(list(values))
        yield "deal_changes", {"deal_id": deal, "field": field, "changed_at": at}, {"new_value": values[field]}
        for number in range(2):
            yield "activities", {"activity_id": f"{self.one('a', 300)}{number}"}, {
                "happened_at": at, "deal_id": self.dice.choice([deal, None]), "customer": customer, "rep": rep,
                "contact": self.dice.choice([contact, None]), "type": self.dice.choice(["call", "email", "meeting"]),
                "direction": self.dice.choice(["inbound", "outbound", None]), "duration_minutes": 7.5, "outcome": stage,
            }  # fmt: skip
        # A line may be told again for another customer, and lines of one order come one by one.
        yield "orders", {"order_id": self.one("o", 60)}, {
            "customer": customer, "ordered_at": at, "amount": self.dice.randrange(-50, 500), "product": product,
            "currency": self.dice.choice(["CNY", "USD", "EUR"]), "quantity": self.dice.choice([-1.0, 1.0, 3.0]),
            "group_id": self.dice.choice([None, self.one("g", 20)]), "rep": rep,
        }  # fmt: skip
        closed = {"closed_at": at} if self.dice.random() < 0.5 else {}
        yield "tickets", {"ticket_id": self.one("i", 40)}, {
            "customer": customer, "opened_at": at, "kind": self.dice.choice(["complaint", "question"]), **closed,
            "severity": self.one("v", 2), "satisfaction": 3.0,
        }  # fmt: skip
        yield "subscriptions", {"subscription_id": self.one("u", 12)}, {
            "customer": customer, "started_on": at[:10], "ends_on": f"{int(at[:4]) + 1}{at[4:8]}01",
            "recurring_amount": 5, "interval_months": 1, "product": product,
        }  # fmt: skip
        if self.dice.random() < 0.1:
            key, of = self.dice.choice([("deals", "deal_id"), ("activities", "activity_id"), ("orders", "order_id")])
            gone = {"deals": deal, "activities": f"{self.one('a', 300)}0", "orders": self.one("o", 60)}[key]
            yield key, {of: gone}, {"deleted_at": at}

    def one(self, letter: str, of: int) -> str:
        return f"{letter}{self.dice.randrange(of)}"
