"""The panel: groups, earlier origins, and what no model can read."""

import numpy as np
import pytest

from training.series.nodes import ATOMS, nodes_of
from training.series.panel import BadPanel, panel_of

STARTS = np.array(["2024-01-01", "2024-02-01", "2024-03-01"], "datetime64[D]")


def test_groups_number_atoms_and_nodes_sum_them() -> None:
    panel = panel_of(np.array([[1.0, 2, 3], [4, 5, 6], [0, 0, 7]]), {"region": ["n", "s", "n"]}, STARTS, "M")

    nodes = nodes_of(panel, [("region",)])

    assert panel.groups(("region",))[0] == [("n",), ("s",)]
    assert panel.groups(("region",))[1].tolist() == [0, 1, 0]
    assert nodes.level == [(), ("region",), ("region",), ATOMS, ATOMS, ATOMS]
    assert nodes.sums(panel.amounts)[:3].tolist() == [[5, 7, 16], [1, 2, 10], [4, 5, 6]]
    assert nodes.first(panel).tolist() == [0, 0, 0, 0, 0, 2]


def test_an_earlier_origin_knows_only_what_came_before() -> None:
    panel = panel_of(np.array([[0.0, 2, 3]]), {}, STARTS, "M", country="CN", ahead=5)

    past = panel.until(1)

    assert (past.amounts.tolist(), past.first.tolist(), past.n_periods) == ([[0.0]], [1], 1)
    assert panel.working_days is not None
    assert panel.working_days.tolist()[:3] == [22.0, 18.0, 21.0]
    assert len(panel.working_days) == 8


@pytest.mark.parametrize(
    ("amounts", "labels", "starts", "frequency", "says"),
    [
        (np.ones((1, 3)), {}, STARTS, "H", "frequency 'H'"),
        (np.ones((0, 3)), {}, STARTS, "M", "shape"),
        (np.array([[1.0, np.nan, 2.0]]), {}, STARTS, "M", "missing"),
        (np.ones((1, 2)), {}, STARTS, "M", "2 periods and 3"),
        (np.ones((2, 3)), {"region": ["n"]}, STARTS, "M", "region"),
        (np.ones((1, 2)), {}, STARTS[[0, 2]], "M", "do not follow"),
    ],
)
def test_what_cannot_be_read_is_named(amounts, labels, starts, frequency, says) -> None:
    with pytest.raises(BadPanel, match=says):
        panel_of(amounts, labels, starts, frequency)


def test_a_label_that_is_not_there_is_named() -> None:
    with pytest.raises(BadPanel, match="no label product"):
        panel_of(np.ones((1, 3)), {"region": ["n"]}, STARTS, "M").groups(("product",))
