"""What is sold: families, products and their list prices."""

import numpy as np
import pyarrow as pa

from simulation.chance import Ints
from simulation.company import CompanySettings
from simulation.tables import money, named, numbered

FAMILIES = ("Equipment", "Software", "Service", "Consumables")
_NAMES = (
    ("Press P1", "Press P2", "Robot Arm", "Test Bench"),
    ("Planner", "Tracker", "Vision Suite", "Gateway"),
    ("Care Basic", "Care Plus", "Training", "Retrofit"),
    ("Filter Set", "Lubricant", "Blade Pack", "Sensor Pack"),
)
_PRICES = (
    (180_000, 320_000, 260_000, 90_000),
    (60_000, 45_000, 120_000, 80_000),
    (24_000, 48_000, 18_000, 70_000),
    (3_200, 1_800, 2_600, 5_400),
)
PER_FAMILY = 4
LIST_PRICE: Ints = np.array(_PRICES, dtype=np.int64).ravel()
"""Of each product, in whole units of the base currency; product = family * PER_FAMILY + place."""
USUAL_QUANTITY = np.repeat(np.array([1.2, 2.0, 2.5, 40.0]), PER_FAMILY)
"""Median quantity of a deal with a customer of middling size."""
BY_CONTRACT = np.repeat(np.array([False, True, True, False]), PER_FAMILY)
"""Products that are sold as a subscription."""


def product_ids(product: Ints) -> pa.Array:
    """P07: the product's number."""
    return numbered("P{:02}", product + 1)


def products(settings: CompanySettings) -> pa.Table:
    """The table `products`."""
    number = np.arange(LIST_PRICE.size, dtype=np.int64)
    names = [name for family in _NAMES for name in family]
    return pa.table(
        {
            "product_id": product_ids(number),
            "name": pa.array(names),
            "family": named(FAMILIES, number // PER_FAMILY),
            "list_price": money(LIST_PRICE),
            "currency": pa.array([settings.currency] * number.size),
        }
    )
