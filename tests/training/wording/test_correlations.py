import numpy as np
import pandas as pd

from training.wording.correlations import groups_learned


def table():
    random = np.random.default_rng(7)
    silent, size = random.exponential(10, 600), random.normal(size=600)
    level = np.where(size > 0, "big", "small").astype(object)
    gaps = silent.copy()
    gaps[:20] = np.nan
    return pd.DataFrame(
        {
            "deal_days_silent": silent,
            "attr_size": size,
            "attr_class": level,
            "attr_quiet": np.exp(gaps / 20),
            "attr_alone": random.normal(size=600),
            "attr_same": np.full(600, 3.0),
            "win_rate_above_by_class": np.where(level == "big", 0.1, -0.1),
        }
    )


SHARES = {"attr_class": {"big": 0.6, "small": 0.3}}


def test_attributes_join_what_they_go_closely_with():
    groups = groups_learned(table(), SHARES, 0.4)

    assert groups == {"attr_quiet": "activity", "attr_class": "attr_size", "win_rate_above_by_class": "attr_size"}


def test_nothing_is_learned_of_features_of_the_table():
    assert groups_learned(table()[["deal_days_silent"]].assign(deal_calls=table()["deal_days_silent"]), {}, 0.4) == {}


def test_an_attribute_among_no_others_stays_alone():
    assert groups_learned(table()[["attr_alone"]], {}, 0.4) == {}
