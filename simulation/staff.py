"""Who sells: desks, the people who hold them one after another, and the teams they sit in.

A desk is a seat in a region's squad. When its holder leaves, a successor starts that day and takes over
the open deals, so the owner of a deal at any moment follows from the desk and the day alone.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa

from simulation.calendar import Calendar
from simulation.chance import Floats, Ints, below, normal, streams, uniform
from simulation.company import CompanySettings
from simulation.tables import days, ids, named, numbered

REGIONS = ("华东", "华南", "华北", "西南")
_REGION_SHARES = (0.36, 0.26, 0.24, 0.14)
HOLDERS = 4
"""People a desk can have had by the end; the last of them stays."""
_SQUAD = 8
_NEVER = 1 << 30
_TENURE_DAYS = 1500.0
_RAMP_LOSS, _RAMP_DAYS = 0.7, 90.0
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
_GIVEN = "伟芳娜敏静强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红玲芬燕"


@dataclass(frozen=True)
class Staff:
    """Sellers are numbered desk * HOLDERS + turn; arrays over sellers unless said otherwise."""

    region: Ints
    """Of each desk: index into REGIONS."""
    opened: Ints
    """Of each desk: the day it was first filled; 0 for those filled at the start."""
    hired: Ints
    """Day of hiring; negative before the history, _NEVER for turns that nobody took."""
    left: Ints
    """Day of leaving; _NEVER for those who stay."""
    skill: Floats
    """Hidden: log-odds a seller adds to a deal once up to speed."""
    diligence: Floats
    """Hidden: factor on how often the seller makes contact."""
    optimism: Floats
    """Hidden: how far the seller's own call runs above the truth, in steps of a category."""
    lateness: Floats
    """Hidden: share of the seller's contacts that are written down days later."""

    def owner(self, desk: Ints, day: Ints | int) -> Ints:
        """The seller who holds each desk on this day (the leaver's last day is the day before)."""
        seller = desk * HOLDERS
        for _ in range(HOLDERS - 1):
            seller = seller + (self.left[seller] <= day)
        return seller

    def effect(self, seller: Ints, day: Ints | int) -> Floats:
        """Log-odds that these sellers add on this day: skill, less what a beginner still lacks."""
        tenure = np.maximum(day - self.hired[seller], 0)
        return np.asarray(self.skill[seller] - _RAMP_LOSS * np.exp(-tenure / _RAMP_DAYS))

    def desk_at(self, region: Ints, draw: Floats, day: Ints) -> Ints:
        """The desk that serves a customer of this region, among the desks filled by that day."""
        found = np.zeros(region.size, dtype=np.int64)
        for number in range(len(REGIONS)):
            desks = np.flatnonzero(self.region == number)
            desks = desks[np.argsort(self.opened[desks], kind="stable")]
            here = np.flatnonzero(region == number)
            filled = np.searchsorted(np.sort(self.opened[desks]), day[here], side="right")
            found[here] = desks[below(draw[here], filled.astype(np.int64))]
        return found


@cache
def build_staff(settings: CompanySettings) -> Staff:
    """Everyone who ever sells for this company."""
    desk = np.arange(settings.desks, dtype=np.int64)
    region = _regions(desk.size)
    luck = streams(settings.seed, "desk", desk)
    late_desk = (uniform(luck, 0) < 0.2) & (_rank_within(region) > 0)
    opened = np.where(late_desk, (uniform(luck, 1) * settings.days).astype(np.int64), 0)
    hired = np.full((desk.size, HOLDERS), _NEVER, dtype=np.int64)
    left = np.full((desk.size, HOLDERS), _NEVER, dtype=np.int64)
    hired[:, 0] = np.where(late_desk, opened, -30 - (uniform(luck, 2) * 2000).astype(np.int64))
    for turn in range(HOLDERS - 1):
        stay = 90 - _TENURE_DAYS * np.log1p(-uniform(luck, 10 + turn))
        leaves = np.maximum(hired[:, turn], 0) + stay.astype(np.int64)
        gone = (hired[:, turn] < _NEVER) & (leaves < settings.days)
        left[gone, turn] = leaves[gone]
        hired[gone, turn + 1] = leaves[gone]
    person = streams(settings.seed, "seller", np.arange(desk.size * HOLDERS, dtype=np.int64))
    return Staff(
        region=region,
        opened=opened,
        hired=hired.ravel(),
        left=left.ravel(),
        skill=0.4 * normal(person, 0),
        diligence=np.exp(0.3 * normal(person, 1)),
        optimism=0.45 * normal(person, 2) + 0.15,
        lateness=0.03 + 0.3 * uniform(person, 20) ** 2,
    )


def _regions(desks: int) -> Ints:
    """Desks dealt out to the regions by their shares, at least one each."""
    ideal = (np.arange(desks) + 0.5) / desks
    region = np.searchsorted(np.cumsum(_REGION_SHARES[:-1]), ideal).astype(np.int64)
    region[-1] = len(REGIONS) - 1
    return region


def _rank_within(region: Ints) -> Ints:
    return np.arange(region.size) - np.searchsorted(region, region)


def seller_ids(sellers: Ints) -> pa.Array:
    """R00012-1: the desk and the turn."""
    return numbered("R{:05}-{:1}", sellers // HOLDERS + 1, sellers % HOLDERS + 1)


def weekly_hours(settings: CompanySettings, person: Ints) -> Floats:
    """Contracted hours a week of these sellers: some work part time."""
    part_time = uniform(streams(settings.seed, "seller name", person), 3) < 0.08
    return np.where(part_time, 20.0, 40.0)


def sellers(staff: Staff, settings: CompanySettings, calendar: Calendar, end: int) -> pa.Table:
    """The table `reps` as it stands at 00:00 of the day `end`."""
    person = np.flatnonzero(staff.hired < end).astype(np.int64)
    desk = person // HOLDERS
    rank = _rank_within(staff.region)
    chief_desk = desk - rank[desk] % _SQUAD
    chief = staff.owner(chief_desk, end - 1)
    luck = streams(settings.seed, "seller name", person)
    name = [
        _SURNAMES[a] + _GIVEN[b] + (_GIVEN[c] if c < len(_GIVEN) else "")
        for a, b, c in zip(
            below(uniform(luck, 0), len(_SURNAMES)),
            below(uniform(luck, 1), len(_GIVEN)),
            below(uniform(luck, 2), len(_GIVEN) + 12),
            strict=True,
        )
    ]
    return pa.table(
        {
            "rep_id": seller_ids(person),
            "name": pa.array(name),
            "team_id": squad_ids(staff, desk),
            "manager_id": ids(seller_ids(chief), present=(chief != person) & (staff.hired[chief] < end)),
            "region": named(REGIONS, staff.region[desk]),
            "hired_on": days(calendar.epoch_day[0] + staff.hired[person]),
            "left_on": days(calendar.epoch_day[0] + staff.left[person], staff.left[person] < end),
            "weekly_hours": pa.array(weekly_hours(settings, person)),
        }
    )


def squad_ids(staff: Staff, desk: Ints) -> pa.Array:
    """T1-03: the region and the squad within it."""
    return numbered("T{:1}-{:02}", staff.region[desk] + 1, _rank_within(staff.region)[desk] // _SQUAD + 1)


def teams(staff: Staff) -> pa.Table:
    """The table `teams`: the company, its regions, their squads."""
    rows: list[tuple[str, str, str | None, str | None]] = [("T0", "公司", None, None)]
    for number, region in enumerate(REGIONS):
        rows.append((f"T{number + 1}", f"{region}大区", "T0", region))
        for squad in range(-(-int((staff.region == number).sum()) // _SQUAD)):
            rows.append((f"T{number + 1}-{squad + 1:02}", f"{region}{squad + 1}组", f"T{number + 1}", region))
    columns = ("team_id", "name", "parent_team_id", "region")
    return pa.table(
        {
            name: pa.array(list(values), pa.string())
            for name, values in zip(columns, zip(*rows, strict=True), strict=True)
        }
    )
