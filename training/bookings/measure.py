"""What was learned of one measure, bookings or orders, and what it says is still to come at a moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from features.bookings.calendar import day_of, edges_between
from features.bookings.pace import OWNERS, Sales, sales
from features.calendar import Days
from features.catalog import CATALOG
from features.history import History
from training.bookings.chances import chances_from_json
from training.bookings.closing import Kept
from training.bookings.deals_rest import Parts, deals_rest
from training.bookings.levels import labels
from training.bookings.moved import blended, moved
from training.bookings.pipeline_call import PipelineCall
from training.bookings.plain_rest import plain_rest
from training.bookings.profile import DayProfile
from training.bookings.rest import EventRest, Rest, nothing_to_come
from training.bookings.scaled_rest import ScaledRest, rival_totals
from training.bookings.series_rest import SeriesRest
from training.bookings.series_view import HORIZON_DAYS, SeriesView, base_frequency, series_view
from training.bookings.shocks import Shocks
from training.bookings.split_rest import SplitRest
from training.bookings.standing import Standing, standing

Floats = NDArray[np.float64]
SERIES_DRAWS = 500
SERIES_DRAWS_LEAST = 200
MOST_NUMBERS = 1_000_000
"""Atoms times draws that are held at once for each period; with more atoms there are fewer draws."""
DEAL_DRAWS = 1000
RECENT = 365
"""Days within which a pair of customer and product tells what is bought of it."""


@dataclass(frozen=True)
class Side:
    """Series models of the atoms that differ in `dims`, in periods of `frequency`."""

    dims: tuple[str, ...]
    frequency: str
    model: Any

    def to_json(self) -> dict[str, object]:
        """All of it."""
        return {"dims": list(self.dims), "frequency": self.frequency, "model": self.model.to_json()}

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "Side":
        """What `to_json` wrote."""
        from training.series.model import SeriesModel

        model = SeriesModel.from_json(document["model"])
        return Side(tuple(document["dims"]), document["frequency"], model)


@dataclass(frozen=True)
class Blend:
    """By months ahead, the running one first: the weight of the series models in the company's total, by what its
    spread is to be multiplied, and by what its level. The last entry counts for all later months."""

    weight: tuple[float, ...] = (0.0,)
    scale: tuple[float, ...] = (1.0,)
    level: tuple[float, ...] = (1.0,)

    def target(self, simulated: Floats, series: Floats) -> Floats:
        """Sorted totals of the company [months, draws] from those of the pipeline and of the series models."""
        weight, scale, level = (self._of(part, len(simulated)) for part in (self.weight, self.scale, self.level))
        return blended(simulated, series, weight, scale) * level[:, None]

    def _of(self, part: tuple[float, ...], months: int) -> Floats:
        return np.array(part)[np.minimum(np.arange(months), len(part) - 1)]


@dataclass(frozen=True)
class MeasureModel:
    """The forecast of one measure. `deals` is None where there is no pipeline to simulate: then `sides` are one side of
    atoms, or customers and products apart; with `deals` they are the company alone, or nothing."""

    measure: str
    profile: DayProfile
    sides: tuple[Side, ...]
    deals: Parts | None = None
    features: tuple[str, ...] = ()
    blend: Blend = Blend()
    seed: int = 0
    rival: str | None = None
    """The rival whose totals are served, where one has proved better."""
    call: PipelineCall | None = None
    """What that rival learned, where it looks at open deals."""
    plain: bool = False
    """Too little history for any model: the mean of the last periods is served."""

    def rest(self, history: History, sold: Sales, as_of: datetime) -> Rest:
        """What is still to come at a moment (naive UTC); `sold` is what was on record then."""
        if self.plain:
            day = day_of(as_of, history.timezone)
            return plain_rest(sold, self.profile, day, SERIES_DRAWS, self.seed) if len(sold) else nothing_to_come(day)
        now = None
        if self.deals is not None:
            now = standing(history, sold, tuple(CATALOG[name] for name in self.features), as_of)
        rest = self._of_series(history, sold, as_of) if now is None else self._of_deals(history, sold, as_of, now)
        if self.rival is None or not len(sold):
            return rest
        day = rest.first_day
        if self.call is not None and now is not None:
            base = edges_between(day, day + HORIZON_DAYS - 32, "month")
            return self._scaled(rest, base, self.call.totals(now, base, self.profile, rest.draws))
        frequency = base_frequency(sold.day, day)
        view = series_view(sold, {}, (), frequency, day, self.profile)
        base = view.edges[: int(np.searchsorted(view.edges, day + HORIZON_DAYS - 32, side="right"))]
        target = rival_totals(self.rival, view.panel, base, self.profile, day, rest.draws)
        return self._scaled(rest, base, target)

    def _scaled(self, rest: Rest, base: Days, target: Floats) -> Rest:
        """Our draws with a rival's totals; single sales are added where a draw should have some and has none."""
        return moved(rest, base, target, self.seed) if isinstance(rest, EventRest) else ScaledRest(rest, base, target)

    def _of_deals(self, history: History, sold: Sales, as_of: datetime, now: Standing) -> Rest:
        assert self.deals is not None
        rest = deals_rest(now, self.deals, DEAL_DRAWS, self.seed)
        edges = edges_between(now.day, now.day + HORIZON_DAYS - 32, "month")
        simulated = rest.totals(np.zeros(len(rest.owners["rep"]), np.int64), 1, edges)[0]
        other = simulated
        if self.sides and len(sold) and any(self.blend.weight):
            alone = self._view(history, sold, now.day, as_of, self.sides[0])
            series = alone.rest(self.sides[0].model, self.profile, now.day, SERIES_DRAWS, self.seed)
            other = series.totals(np.zeros(len(alone.lumps), np.int64), 1, edges)[0]
        return moved(rest, edges, self.blend.target(simulated, other), self.seed)

    def _of_series(self, history: History, sold: Sales, as_of: datetime) -> Rest:
        day = day_of(as_of, history.timezone)
        views = [self._view(history, sold, day, as_of, side) for side in self.sides]
        most = max(len(view.lumps) for view in views)
        draws = int(np.clip(MOST_NUMBERS // most, SERIES_DRAWS_LEAST, SERIES_DRAWS))
        rests = [
            view.rest(side.model, self.profile, day, draws, self.seed)
            for view, side in zip(views, self.sides, strict=True)
        ]
        return rests[0] if len(rests) == 1 else split(sold, rests[0], rests[1], day)

    def _view(self, history: History, sold: Sales, day: int, as_of: datetime, side: Side) -> SeriesView:
        return series_view(sold, labels(history, as_of, sold.owners), side.dims, side.frequency, day, self.profile)

    def to_json(self) -> dict[str, object]:
        """All of it."""
        deals = self.deals
        return {
            "measure": self.measure,
            "profile": self.profile.to_json(),
            "sides": [side.to_json() for side in self.sides],
            "features": list(self.features),
            "blend": {name: list(part) for name, part in vars(self.blend).items()},
            "seed": self.seed,
            "rival": self.rival,
            "call": None if self.call is None else self.call.to_json(),
            "plain": self.plain,
            "deals": None
            if deals is None
            else {
                "chances": deals.chances.to_json(),
                "kept": deals.kept.to_json(),
                "shocks": deals.shocks.to_json(),
            },
        }

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "MeasureModel":
        """What `to_json` wrote."""
        profile = DayProfile.from_json(document["profile"])
        told = document["deals"]
        deals = None
        if told is not None:
            chances, kept = chances_from_json(told["chances"]), Kept.from_json(told["kept"])
            deals = Parts(chances, kept, Shocks.from_json(told["shocks"]), profile)
        blend = cast(Mapping[str, list[float]], document["blend"])
        return MeasureModel(
            document["measure"],
            profile,
            tuple(Side.from_json(side) for side in document["sides"]),
            deals,
            tuple(document["features"]),
            Blend(**{name: tuple(part) for name, part in blend.items()}),
            document["seed"],
            document["rival"],
            None if document.get("call") is None else PipelineCall.from_json(document["call"]),
            document.get("plain", False),
        )


def read_sales(history: History, measure: str, as_of: datetime) -> Sales:
    """The lines of a measure on record at a moment (naive UTC)."""
    return sales(history, measure, as_of).as_of(as_of)


def split(sold: Sales, sellers: SeriesRest, products: SeriesRest, day: int) -> SplitRest:
    """Two sides as one, with the pairs of both that were ever sold."""
    codes = []
    for side, dims in ((sellers, ("customer", "rep")), (products, ("product",))):
        known = {key: place for place, key in enumerate(zip(*(side.owners[d].tolist() for d in dims), strict=True))}
        lines = zip(*(sold.owners[d].tolist() for d in dims), strict=True)
        codes.append(np.array([known[key] for key in lines], np.int64))
    size = len(products.lumps)
    pairs, first, pair = np.unique(codes[0] * size + codes[1], return_index=True, return_inverse=True)
    late = np.where(sold.day >= day - RECENT, np.maximum(sold.amount, 0), 0.0)
    owners = {owner: sold.owners[owner][first] for owner in OWNERS}
    weight = np.bincount(pair, late, len(pairs)).astype(np.float64)
    return SplitRest(owners, sellers, products, pairs // size, pairs % size, weight)
