"""Boosted trees in three sizes, from cautious to rich; which one helps is decided on later deals."""

from collections.abc import Mapping

from training.rivals.default_trees import SETTINGS, DefaultTrees

SIZES: Mapping[str, tuple[int, Mapping[str, object]]] = {
    "small": (200, {"num_leaves": 5, "learning_rate": 0.05, "min_data_in_leaf": 40, "extra_trees": True}),
    "medium": (300, {"num_leaves": 10, "learning_rate": 0.04, "min_data_in_leaf": 60, "extra_trees": True}),
    "large": (250, {"num_leaves": 31, "learning_rate": 0.05, "min_data_in_leaf": 80}),
}
"""Number of trees and their settings. The two smaller split at random places (Geurts, Ernst and Wehenkel 2006)."""

SMOOTHING: Mapping[str, object] = {
    "lambda_l2": 10.0,
    "cat_smooth": 30.0,
    "feature_fraction": 0.7,
    "feature_fraction_seed": 0,
    "extra_seed": 0,
}
"""Stronger than LightGBM's defaults: sales sets are small."""


class Trees(DefaultTrees):
    """Gradient-boosted trees of one of the `SIZES`."""

    name = "trees"
    meaning = "Boosted trees with strong smoothing."

    def __init__(self, size: str = "medium") -> None:
        self.size = size
        self.rounds, settings = SIZES[size]
        self.settings = {**SETTINGS, **SMOOTHING, **settings}
