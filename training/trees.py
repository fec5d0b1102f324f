"""Boosted trees in three sizes, from cautious to rich; which one helps is decided on later deals."""

from collections.abc import Mapping

from training.rivals.default_trees import SETTINGS, DefaultTrees

SIZES: Mapping[str, tuple[int, Mapping[str, object]]] = {
    "small": (
        150,
        {"num_leaves": 4, "learning_rate": 0.06, "min_data_in_leaf": 30, "lambda_l2": 10.0, "cat_smooth": 30.0},
    ),
    "medium": (
        200,
        {"num_leaves": 10, "learning_rate": 0.05, "min_data_in_leaf": 50, "lambda_l2": 10.0, "cat_smooth": 30.0},
    ),
    "large": (
        250,
        {"num_leaves": 31, "learning_rate": 0.05, "min_data_in_leaf": 80, "lambda_l2": 10.0, "cat_smooth": 30.0},
    ),
}
"""Number of trees and their settings. Smoothing is stronger than LightGBM's defaults: sales sets are small."""


class Trees(DefaultTrees):
    """Gradient-boosted trees of one of the `SIZES`."""

    name = "trees"
    meaning = "Boosted trees with strong smoothing."

    def __init__(self, size: str = "medium") -> None:
        self.size = size
        self.rounds, settings = SIZES[size]
        self.settings = {**SETTINGS, **settings, "feature_fraction": 0.7, "feature_fraction_seed": 0}
