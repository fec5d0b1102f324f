"""With outcomes dealt out at random nothing finds an order, and no model is served."""

from dataclasses import replace

import numpy as np
import pytest

from training.recipe import known_dataset, learnable
from training.rivals.base_rate import BaseRate
from training.scorecard import judge
from training.small_data import FEW_JUDGED, choose
from training.trial import run_trial


@pytest.fixture(scope="module")
def dataset(company):
    features, _, _ = learnable(company.history, company.end)
    return known_dataset(company.history, features, company.end)


@pytest.fixture(scope="module")
def shuffled(dataset):
    """The company's deals, their outcomes permuted; each keeps its features and the day it closed."""
    known = np.isfinite(dataset.outcome)
    _, first, number = np.unique(dataset.subject[known].astype(str), return_index=True, return_inverse=True)
    outcome = dataset.outcome.copy()
    outcome[known] = np.random.default_rng(7).permutation(dataset.outcome[known][first])[number]
    return replace(dataset, outcome=outcome)


@pytest.fixture(scope="module")
def trial(shuffled):
    return run_trial(shuffled, 1, horizons=())


def auc_and_error(outcome, p, weight, subject):
    """The AUC, and how far off it may be by luck: that of permuted outcomes, whole deals at a time."""
    found = judge(outcome, p, weight, subject).auc
    known = np.isfinite(outcome) & (weight > 0)
    _, first, number = np.unique(subject[known].astype(str), return_index=True, return_inverse=True)
    random, drawn = np.random.default_rng(0), []
    for _ in range(200):
        dealt = random.permutation(outcome[known][first])[number]
        drawn.append(judge(dealt, p[known], weight[known], subject[known], bins=1).auc)
    return found, np.mean(drawn), np.std(drawn)


def test_no_estimate_finds_an_order_that_is_not_there(trial):
    assert len(trial.names) >= 4
    for name in trial.names:
        auc, expected, error = auc_and_error(trial.outcome, trial.said(name), trial.weight, trial.subject)
        assert abs(auc - expected) <= 3.3 * error, name
        assert abs(expected - 0.5) < 0.05, name


def test_no_model_is_served(trial, shuffled):
    """The base rate; or, as few deals were judged, rates by stage, which need no proof and are then no better."""
    choice = choose(trial, trial.scorecards(), shuffled.closed_deals)

    assert choice.rung in ("pooled rate", "shrunk rates")
    if choice.name != BaseRate.name:
        assert trial.comparison(choice.name, BaseRate.name).deals < FEW_JUDGED
        assert trial.comparison(choice.name, BaseRate.name).verdict == "no different"


def test_the_same_would_see_an_estimate_that_knows(trial):
    knows = np.where(trial.outcome == 1, 0.51, 0.5) + np.random.default_rng(1).normal(0, 0.01, len(trial.outcome))
    auc, expected, error = auc_and_error(trial.outcome, knows, trial.weight, trial.subject)

    assert auc - expected > 3.3 * error
