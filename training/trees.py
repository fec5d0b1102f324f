"""Boosted trees in three sizes, from cautious to rich; which one helps is decided on later deals."""

from collections.abc import Mapping

from training.rivals.default_trees import SETTINGS, DefaultTrees

Settings = tuple[int, Mapping[str, object]]
"""Number of trees and LightGBM's settings."""
SIZES: Mapping[str, Settings] = {
    "small": (200, {"num_leaves": 5, "learning_rate": 0.05, "min_data_in_leaf": 40, "extra_trees": True}),
    "medium": (300, {"num_leaves": 10, "learning_rate": 0.04, "min_data_in_leaf": 60, "extra_trees": True}),
    "large": (250, {"num_leaves": 31, "learning_rate": 0.05, "min_data_in_leaf": 80}),
}
"""The two smaller split at random places (Geurts, Ernst and Wehenkel 2006)."""

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

    def __init__(self, size: str | Settings = "medium") -> None:
        """`size` is a name among SIZES, or the number of trees and settings as they stand there."""
        self.size = size
        self.rounds, settings = SIZES[size] if isinstance(size, str) else size
        self.settings = {**SETTINGS, **SMOOTHING, **settings}
