import lightgbm
import numpy as np
import pytest

from training.rivals import RivalNotApplicable
from training.rivals.default_trees import DefaultTrees


def test_is_lightgbm_as_it_comes(past, later):
    """The scikit-learn wrapper with no argument that shapes the model, on a frame with categories."""
    rival = DefaultTrees().fit(past)
    known = past.rows(np.isfinite(past.outcome))
    kinds = dict.fromkeys(rival.codes, "category")
    levels = {name: sorted(codes) for name, codes in rival.codes.items()}

    def frame(x):
        table = x.astype(kinds)
        for name, some in levels.items():
            table[name] = table[name].cat.set_categories(some)
        return table

    plain = lightgbm.LGBMClassifier(n_jobs=1, verbosity=-1, force_row_wise=True)
    plain.fit(frame(known.x), known.outcome, sample_weight=known.weight)
    np.testing.assert_allclose(rival.predict(later.x), plain.predict_proba(frame(later.x))[:, 1], atol=1e-9)


def test_an_unseen_category_is_read_as_missing(past, later):
    rival = DefaultTrees().fit(past)
    row = later.x.to_dict("records")[0]

    assert rival.score({**row, "region": "unseen"}) == rival.score({**row, "region": None})


def test_a_handful_of_deals_or_constant_columns_do_not_break_it(deals):
    past = deals(*((f"d{n}", float(n % 2), {"same": 1.0, "word": "x"}) for n in range(6)))

    assert DefaultTrees().fit(past).score({"same": 1.0}) == pytest.approx(0.5)


def test_one_outcome_is_not_enough(deals):
    with pytest.raises(RivalNotApplicable, match="only one outcome"):
        DefaultTrees().fit(deals(("a", 0, {"size": 1.0})))
