import numpy as np
import pandas as pd
import pytest

from training.rivals import RivalNotApplicable
from training.rivals.crm_probability import CrmProbability

P = "deal_crm_probability"


def test_says_what_the_crm_said_and_the_base_rate_where_it_said_nothing(deals):
    rival = CrmProbability().fit(deals(("a", 1, {P: 0.2}), ("b", 0, {P: np.nan})))

    assert rival.predict(pd.DataFrame({P: [0.2, np.nan, 0.0, 1.0]})).tolist() == [0.2, 0.5, 0.001, 0.999]
    assert rival.score({}) == 0.5


@pytest.mark.parametrize("columns", [{}, {P: np.nan}])
def test_a_crm_without_probabilities_has_none(deals, columns):
    with pytest.raises(RivalNotApplicable, match="no probability"):
        CrmProbability().fit(deals(("a", 1, columns), ("b", 0, columns)))
