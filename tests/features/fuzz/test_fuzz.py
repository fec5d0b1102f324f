"""Whatever is imported, the history stays whole and no traceback appears: a few hundred exports out of all that
`benchmarks/fuzz_import.py` can draw."""

from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings

from tests.features.fuzz.lives import Delivered, lives
from tests.features.fuzz.oracle import Home, check_words, loud

DEALS = b"deal_id,status,created_at\nd1,open,2024-01-01\n"


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(told=lives(longest=5))
def test_no_import_hurts_the_history_or_ends_in_a_traceback(tmp_path_factory, told):
    home = Home(tmp_path_factory.mktemp("life"), deep=lambda number: number == 3)
    with loud():
        for delivery in told:
            home.delivers(delivery)


def delivered(content=DEALS, again=False, **more):
    return Delivered((("deals.csv", content),), None, datetime(2024, 6, 1), again=again, **more)


def test_a_good_life_is_told_as_such(tmp_path):
    home = Home(tmp_path)
    line = ("--home", "{home}", "import", "{folder}", "--json")
    lived = [delivered(), delivered(again=True), delivered(b""), delivered(arguments=line)]
    assert [home.delivers(told) for told in lived] == ["imported", "the same again", "EmptyFile", "imported"]


@pytest.mark.parametrize("harm", ["a file", "the log", "the log on an error", "left behind"])
def test_harm_is_noticed(tmp_path, harm, monkeypatch):
    home = Home(tmp_path)
    home.delivers(delivered())
    (file,) = home.home.glob("history/tables/deals/*.parquet")
    log = home.home / "history/log/00000001.json"

    def spoil(*_):
        if harm == "a file":
            file.write_bytes(file.read_bytes() + b"x")
        elif harm == "left behind":
            (home.home / "staging/left").mkdir()
        else:
            log.write_text(log.read_text().replace("UTC", "CET"))
        return None, "EmptyFile" if harm == "the log on an error" else "imported"

    monkeypatch.setattr(home, "_by_call", spoil)
    with pytest.raises(AssertionError):
        home.delivers(delivered())


def test_an_error_without_its_way_out_is_noticed():
    check_words("It is broken.\nTo fix: mend it.")
    with pytest.raises(AssertionError):
        check_words("It is broken.")
