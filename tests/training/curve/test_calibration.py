import json

import numpy as np
import pytest

from training.curve.calibration import Lines, fit_lines, usual_lines
from training.rivals.rival import probabilities


def told(seed: int, size: int = 4000):
    """Rows of which the first learner knows the truth and the second nothing; two groups."""
    random = np.random.default_rng(seed)
    truth, noise = random.normal(-1, 1.2, size), random.normal(-1, 1.2, size)
    happened = (random.random(size) < probabilities(truth)).astype(float)
    subject = np.array([f"s{n}" for n in range(size)], object)
    return np.column_stack([truth, noise]), happened, np.ones(size), subject, np.arange(size) % 2


def test_the_learner_that_knows_is_believed():
    lines = fit_lines(*told(1), 2, 300.0)

    assert lines.whole.weights[0] == pytest.approx(1, abs=0.12)
    assert lines.whole.weights[1] < 0.1
    assert len(lines.groups) == 2


def test_few_subjects_leave_the_usual_weights():
    odds, happened, weight, _, group = told(2)
    few = np.array([f"s{n % 6}" for n in range(len(odds))], object)
    lines = fit_lines(odds, happened, weight, few, group, 2, 300.0)

    assert lines.whole.weights[0] == pytest.approx(0.65, abs=0.12)


def test_a_level_that_is_off_is_corrected_by_much_evidence_only():
    odds, happened, weight, subject, group = told(3)
    little = fit_lines(odds - 0.8, happened, weight, subject, group, 2, 1e7).over(odds - 0.8, group)
    much = fit_lines(odds - 0.8, happened, weight, subject, group, 2, 30.0).over(odds - 0.8, group)

    assert abs(probabilities(much).mean() - happened.mean()) < 0.02
    assert probabilities(little).mean() < happened.mean() - 0.05


def test_a_gentler_slope_by_itself_moves_no_level():
    """Odds far below zero, too bold: the line must not lift rare events when the slope is taken back."""
    random = np.random.default_rng(4)
    truth = random.normal(-3, 0.4, 20_000)
    happened = (random.random(20_000) < probabilities(truth)).astype(float)
    bold = -3 + 2.5 * (truth + 3)
    odds = np.column_stack([bold, bold])
    subject = np.array([f"s{n % 2000}" for n in range(20_000)], object)
    lines = fit_lines(odds, happened, np.ones(20_000), subject, np.zeros(20_000, int), 1, 100.0)

    assert sum(lines.whole.weights) < 0.9
    assert probabilities(lines.over(odds, np.zeros(20_000, int))).mean() == pytest.approx(happened.mean(), rel=0.1)


def test_rows_of_no_known_group_have_the_line_of_all():
    lines = fit_lines(*told(1), 2, 30.0)
    odds = np.array([[0.3, -0.2]])

    assert lines.over(odds, np.array([-1]))[0] == pytest.approx(
        lines.whole.intercept + float(odds[0] @ np.array(lines.whole.weights))
    )
    assert lines.line(7) == lines.whole


def test_lines_come_back_from_json_as_they_were():
    lines = fit_lines(*told(1), 2, 300.0)

    assert Lines.from_json(json.loads(json.dumps(lines.to_json()))) == lines
    assert sum(usual_lines(3).whole.weights) == 1
