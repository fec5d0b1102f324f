"""What was asked of the sellers, and what was foreign money worth: the tables `quotas` and `fx_rates`."""

import numpy as np
import pyarrow as pa

from simulation.calendar import build_calendar
from simulation.chance import Ints, normal, streams
from simulation.company import CompanySettings
from simulation.deals import FOREIGN_RATE
from simulation.staff import Staff, build_staff, seller_ids, squad_ids
from simulation.tables import days, money

_WIN_RATE, _USUAL_AMOUNT, _STRETCH = 0.29, 175_000.0, 1.1
_RAMP_DAYS = 90


def quotas(settings: CompanySettings, end: int) -> pa.Table:
    """Quarterly quotas of whoever held a desk on the quarter's first day, and their sums upwards.

    Of the quarters that began before the day `end`. They are set from what a desk usually brings,
    not from what came: some are met, some are not.
    """
    calendar, staff = build_calendar(settings), build_staff(settings)
    rows: list[tuple[str, str, str, int]] = []
    for quarter in np.unique(calendar.quarter[:end]):
        first = int(np.flatnonzero(calendar.quarter == quarter)[0])
        period = f"{quarter // 4}Q{quarter % 4 + 1}"
        desk = np.flatnonzero(staff.opened <= first).astype(np.int64)
        seller = staff.owner(desk, first)
        asked = _asked(settings, staff, desk, seller, first, int(quarter))
        rows += _summed(staff, desk, seller, asked, period)
    owner_type, owner_id, periods, amount = zip(*rows, strict=True)
    return pa.table(
        {
            "owner_type": pa.array(owner_type),
            "owner_id": pa.array(owner_id),
            "period": pa.array(periods),
            "amount": money(np.array(amount, dtype=np.int64)),
            "currency": pa.array([settings.currency] * len(rows)),
        }
    )


def _asked(settings: CompanySettings, staff: Staff, desk: Ints, seller: Ints, first: int, quarter: int) -> Ints:
    per_desk = settings.deals / settings.days * 91.3 / settings.desks * _WIN_RATE * _USUAL_AMOUNT
    luck = streams(settings.seed, "quota", desk * 10_000 + quarter % 10_000)
    growth = _STRETCH * (1 + 0.15 * (first / 365 - 1))
    ramp = np.where(first - staff.hired[seller] < _RAMP_DAYS, 0.5, 1.0)
    return np.round(per_desk * growth * ramp * np.exp(0.15 * normal(luck, 0)), -4).astype(np.int64) + 10_000


def _summed(staff: Staff, desk: Ints, seller: Ints, asked: Ints, period: str) -> list[tuple[str, str, str, int]]:
    rows = [
        ("rep", owner, period, int(amount)) for owner, amount in zip(seller_ids(seller).to_pylist(), asked, strict=True)
    ]
    squads: dict[str, int] = {}
    for squad, amount in zip(squad_ids(staff, desk).to_pylist(), asked, strict=True):
        for team in (squad.split("-")[0], squad):
            squads[team] = squads.get(team, 0) + int(amount)
    rows += [("team", team, period, squads[team]) for team in sorted(squads)]
    return [*rows, ("company", "company", period, int(asked.sum()))]


def fx_rates(settings: CompanySettings, end: int) -> pa.Table:
    """A rate for each working day before the day `end`: a slow walk about FOREIGN_RATE."""
    calendar = build_calendar(settings)
    day = np.flatnonzero(calendar.working[:end]).astype(np.int64)
    day = np.unique(np.concatenate([[0], day]))
    luck = streams(settings.seed, "exchange", np.arange(end, dtype=np.int64))
    walk = np.cumsum(0.0015 * normal(luck, 0))
    return pa.table(
        {
            "currency": pa.array([settings.foreign] * day.size),
            "valid_on": days(calendar.epoch_day[day]),
            "rate": pa.array(np.round(FOREIGN_RATE * np.exp(walk[day]), 4)),
        }
    )
