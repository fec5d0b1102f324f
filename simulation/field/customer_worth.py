"""What do customers truly order before a day, and what does looking after one add? In closed form, complaints averaged.

A habit lasts through a day if none of the day's independent risks ends it (`care`). Complaints to come are
independent of each other, so the chance that a habit lasts is a product: of the plain risks, of the grudges that
rankle already, and of one factor for each day on which a complaint may come. Nobody calls after the day asked about.
"""

from functools import cache
from math import erf, log, sqrt

import numpy as np

from simulation.calendar import build_calendar
from simulation.care import GRUDGE, GRUDGE_DAYS, grudges, leaving, looked_after
from simulation.chance import Floats, Ints
from simulation.company import AS_EVER, CompanySettings
from simulation.customers import Customers, some_of
from simulation.field.field import Field
from simulation.orders import family_of_habit, median_lot, usual_interval
from simulation.products import LIST_PRICE, PER_FAMILY
from simulation.response import NO_ACTION
from simulation.waves import season

_SPREAD = 0.5
_LIST_SHARE = 0.9
_USUAL_SHARE = 0.7


def expected_orders(settings: CompanySettings, some: Customers, first: int, until: int) -> Floats:
    """(n, days): what a customer with the habit orders on each day on average, in base currency, before returns."""
    calendar, days = build_calendar(settings), slice(first, until)
    shares = calendar.arrivals[days] / calendar.arrivals[: settings.days].mean()
    rate = np.clip(shares, 0, 2) * season(settings, some, calendar.epoch_day[days])
    chance = np.minimum(rate / usual_interval(settings, some)[:, None], 1.0)
    return np.asarray(chance * _mean_order(settings, some)[:, None])


def lasting(field: Field, customer: Ints, until: int, action: int = NO_ACTION) -> Floats:
    """(n, days from today to `until`): the chance that the habit of each customer who has it lasts through the day.

    Today they meet this action, and none later.
    """
    settings, today, days = field.settings, field.day, until - field.day
    some = some_of(field.customers, customer)
    law = leaving(settings, some, today, until)
    back = max(0, today - GRUDGE_DAYS)
    met = np.full((customer.size, until - back), NO_ACTION, dtype=np.int64)
    met[:, : today - back] = field.actions[customer, back:today]
    met[:, today - back] = action
    complained = np.zeros(met.shape, dtype=np.bool_)
    complained[:, : today - back] = field.complaints[customer, back:today]
    cared = looked_after(met)[:, today - back :]
    rankling, soothed = (count[:, today - back :] for count in grudges(complained, met))
    plain = law.plain * np.where(cared, 1 - law.receptivity[:, None], 1.0)
    stays = np.log1p(-plain) + rankling * np.log1p(-GRUDGE * plain)
    stays += soothed * np.log1p(-GRUDGE * (1 - law.soothed) * plain)
    total = np.cumsum(stays, axis=1)
    grudge = np.zeros((customer.size, days + 1))
    np.cumsum(np.log1p(-GRUDGE * plain), axis=1, out=grudge[:, 1:])
    complaint = some.complaint_rate[:, None]
    for length in range(1, GRUDGE_DAYS + 1):
        # A complaint that has rankled for so many days by the end of the day asked about; the oldest have ended.
        start = np.arange(max(0, days - length + 1))
        factor = np.log1p(-complaint * -np.expm1(grudge[:, start + length] - grudge[:, start]))
        ended = np.cumsum(factor, axis=1) if length == GRUDGE_DAYS else factor
        total[:, length - 1 :] += ended
    return np.asarray(np.exp(total))


def customer_gains(field: Field, customer: Ints, actions: Ints, until: int) -> Floats:
    """(n, actions): what each action today adds to orders before `until`, in base currency, against none today.

    Nothing for customers without the habit. In the company of old nobody answers to it.
    """
    settings = field.settings
    gains = np.zeros((customer.size, actions.size))
    if settings.contact == AS_EVER or not field.calendar.working[field.day]:
        return gains
    habit = field.habits()
    buys = (habit.begins[customer] <= field.day) & (habit.ends[customer] >= field.day)
    buying = customer[buys]
    orders = expected_orders(settings, some_of(field.customers, buying), field.day, until)
    without = (lasting(field, buying, until) * orders).sum(axis=1)
    for place, action in enumerate(actions):
        gains[buys, place] = (lasting(field, buying, until, int(action)) * orders).sum(axis=1) - without
    return gains


def _mean_order(settings: CompanySettings, some: Customers) -> Floats:
    """The mean value of an order by habit: seven in ten of the usual product, the others of any of the family."""
    first = family_of_habit(settings, some) * PER_FAMILY
    usual = first + some.number % PER_FAMILY
    value = _USUAL_SHARE * _mean_line(settings, some.segment, usual)
    for place in range(PER_FAMILY):
        value += (1 - _USUAL_SHARE) / PER_FAMILY * _mean_line(settings, some.segment, first + place)
    return value


def _mean_line(settings: CompanySettings, segment: Ints, product: Ints) -> Floats:
    lots = median_lot(settings, segment, product)
    units: Floats = np.array([_mean_units(float(lot)) for lot in lots])
    return np.asarray(units * LIST_PRICE[product] * _LIST_SHARE)


@cache
def _mean_units(median: float) -> float:
    """The mean of a lognormal with this median, rounded up: the sum of the chances that it exceeds 0, 1, 2, ..."""
    most = int(median * 20) + 10
    over = (0.5 * (1 - erf(log(units / median) / _SPREAD / sqrt(2))) for units in range(1, most))
    return 1.0 + sum(over)
