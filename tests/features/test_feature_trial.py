import pytest

from features.feature_template import write
from features.feature_trial import NotOnTrial, trial
from features.table import NotInHistory

DEALS = "deal_id,status,created_at\nd1,open,2024-01-01\n"
CALLS = "activity_id,deal_id,type,happened_at\na1,d1,call,2024-01-02\n"


def test_a_trial_tells_a_feature_of_ones_own(tmp_path):
    write(tmp_path / "mine.py", "calls", "deal", "Count")
    value = trial(tmp_path, tmp_path / "mine.py", {"deals": DEALS, "activities": CALLS})

    assert value("calls", "d1", "2024-01-02") == 0
    assert value("calls", "d1", "2024-01-02T00:00:01") == 1
    assert value("calls", "nobody", "2024-01-03") == 0
    with pytest.raises(NotOnTrial, match=r"mine\.py defines no feature named call\.(.|\n)*calls"):
        value("call", "d1", "2024-01-02")


def test_a_trial_without_the_tables_it_takes_says_so(tmp_path):
    write(tmp_path / "mine.py", "calls", "deal", "Count")
    value = trial(tmp_path, tmp_path / "mine.py", {"deals": DEALS})

    with pytest.raises(NotInHistory, match="nothing that gives activities"):
        value("calls", "d1", "2024-01-02")
