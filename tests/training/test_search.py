import json
from dataclasses import replace

import numpy as np
import pytest

from training.search import search_trees
from training.splits import judging_windows
from training.trees import Trees


@pytest.fixture(scope="module")
def bending(invented):
    """Deals decided by a feature that only small, many-leaved trees find quickly."""

    def extra(random, deal):
        noise = random.normal(size=(int(deal.max()) + 1, 4))[deal]
        return {f"noise_{number}": noise[:, number] for number in range(4)}

    return invented(900, 2, extra=extra).dataset


def test_bounded_by_trials_the_same_seed_finds_the_same(bending):
    first, second = (search_trees(bending, 2, None, trials=5) for _ in range(2))

    assert first.to_json() == second.to_json()
    assert first.tried == 5
    assert json.loads(first.to_json())["says"].startswith("5 settings of the trees were tried")


def test_the_usual_settings_are_tried_too_so_the_best_is_never_worse(bending):
    found = search_trees(bending, 2, None, trials=5)

    assert found.best_loss is not None
    assert found.usual_loss is not None
    assert found.best_loss <= found.usual_loss + 1e-9
    assert ("they are used" in found.says) == (found.settings is not None)


def test_what_is_found_fits_trees(bending, monkeypatch):
    monkeypatch.setattr("training.search.clearly_less", lambda *_: True)
    found = search_trees(bending, 2, None, trials=3)

    assert found.settings is not None
    trees = Trees(found.settings)
    assert trees.rounds == found.settings[0]
    assert np.isfinite(trees.fit(bending).predict(bending.x)).all()


def test_nothing_that_is_judged_takes_part_in_the_search(bending):
    """Outcomes after the first judging cut are turned round; the search finds the same."""
    cut = judging_windows(bending, 2)[0][0]
    later = bending.closed_known >= cut
    turned = replace(bending, outcome=np.where(later, 1 - bending.outcome, bending.outcome))

    assert search_trees(turned, 2, None, trials=3).to_json() == search_trees(bending, 2, None, trials=3).to_json()


def test_a_search_of_seconds_ends(bending):
    found = search_trees(bending, 2, 0.5)

    assert found.tried >= 1


def test_with_little_decided_nothing_is_sought(invented):
    found = search_trees(invented(60, 1).dataset, 2, None, trials=3)

    assert found.settings is None
    assert found.tried == 0
    assert "Too little was decided" in found.says
