from datetime import datetime

import pytest

from training import registry_card
from training.promotions import Move, Promotion
from training.version_tags import Version

ONE = Version("win", "1", "2026-01-01", "blend", "model", "log_loss", 0.4, "champion", True, "r1", "s", "says", "gate")
LOG = [Promotion("1", datetime(2026, 1, 2), Move.LIVE)]


def test_what_was_written_is_read_with_moves_and_figures(tmp_path):
    registry_card.write(tmp_path, "win", [ONE], LOG, {"1": {"log_loss": 0.4}})

    told = registry_card.read(tmp_path, "win")

    assert told["versions"][0]["version"] == "1"
    assert told["versions"][0]["metrics"] == {"log_loss": 0.4}
    assert told["log"] == [{"version": "1", "at": "2026-01-02T00:00:00", "move": "live"}]
    assert registry_card.metrics_in(tmp_path, "win") == {"1": {"log_loss": 0.4}}


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"format": 99}'])
def test_a_file_that_says_nothing_useful_is_as_if_it_were_not_there(tmp_path, text):
    if text is not None:
        file = registry_card.file_of(tmp_path, "win")
        file.parent.mkdir()
        file.write_text(text)

    assert registry_card.read(tmp_path, "win") is None
    assert registry_card.metrics_in(tmp_path, "win") == {}
