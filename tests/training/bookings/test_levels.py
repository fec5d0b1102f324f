"""By what a forecast is told apart."""

from datetime import datetime

import numpy as np
import pytest

from features.as_of import parse_moment
from training.bookings.levels import UnknownLevel, grouped, key_text, labels, parse_by


def at(text: str) -> datetime:
    return parse_moment(text, "Asia/Shanghai")


def test_the_team_comes_from_the_rep_and_the_region_from_the_customer_as_on_record_then(story) -> None:
    story.rep("ann", team_id="t1", recorded="2024-01-01").customer("c1", region="north", recorded="2024-01-01")
    story.rep("ann", team_id="t2", recorded="2024-06-01").customer("c1", region="south", recorded="2024-06-01")
    owners = {"customer": np.array(["c1", ""], object), "rep": np.array(["ann", "bob"], object)}
    owners["product"] = np.array(["", ""], object)

    early, late = (labels(story.history, at(day), owners) for day in ("2024-03-01", "2024-07-01"))

    assert (early["team"].tolist(), early["region"].tolist()) == (["t1", ""], ["north", ""])
    assert (late["team"].tolist(), late["region"].tolist()) == (["t2", ""], ["south", ""])
    assert "product" not in early
    assert "industry" not in early


def test_groups_of_a_crossing_are_the_pairs_there_are() -> None:
    told = {"a": np.array(["x", "y", "x"], object), "b": np.array(["1", "1", ""], object)}

    keys, code = grouped(told, ("a", "b"), 3)

    assert [keys[number] for number in code.tolist()] == [("x", "1"), ("y", "1"), ("x", "")]
    assert grouped(told, (), 3)[0] == [()]


def test_keys_are_told_apart_even_with_commas_in_them() -> None:
    assert key_text(["a,b", "c"]) == "a\\,b,c"
    assert key_text(["a,b"]) == "a,b"
    assert key_text([""]) == "(none)"
    assert len({key_text([name]) for name in ("", "(none)", "\\(none)")}) == 3


@pytest.mark.parametrize("text", ["", "colour", "region,", "company,rep", "rep,rep"])
def test_other_words_are_a_named_error(text: str) -> None:
    with pytest.raises(UnknownLevel):
        parse_by(text)
