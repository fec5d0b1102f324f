"""Texts in arrays have the numbers they were given, and those that are not there have none."""

from hypothesis import given
from hypothesis import strategies as st

from features.kept_texts import UNKNOWN, HeldTexts, text_arrays
from features.names import Names

ANY = st.lists(st.text(st.characters(), max_size=8), unique=True, max_size=60)


@given(ANY, st.text(max_size=8))
def test_every_text_is_found_and_no_other(texts, other):
    held = HeldTexts(text_arrays(texts))
    assert len(held) == len(texts)
    assert [held.code(text) for text in texts] == list(range(len(texts)))
    assert list(held) == texts
    assert held.code(other) == (texts.index(other) if other in texts else UNKNOWN)


def test_half_a_character_is_a_text_too():
    assert HeldTexts(text_arrays(["\ud800", "b"])).code("\ud800") == 0


def test_texts_that_share_a_shelf_are_told_apart():
    texts = [f"D{number:08d}" for number in range(2000)]
    held = HeldTexts(text_arrays(texts))
    assert [held.code(text) for text in texts] == list(range(2000))
    assert held.code("D00002000") == UNKNOWN


def test_names_that_lie_in_arrays_take_more():
    names = Names(held=HeldTexts(text_arrays(["a", "b"])))
    assert [names.code("b"), names.code("c"), names.code(None)] == [1, UNKNOWN, -1]
    assert [names.add("c"), names.add("b"), names.code("c")] == [2, 1, 2]
    assert [names.text(code) for code in (0, 2, -1)] == ["a", "c", None]
    assert names.texts() == ["a", "b", "c"]
    assert len(names) == 3


def test_a_layer_keeps_its_names_to_itself():
    names = Names(held=HeldTexts(text_arrays(["a"])))
    layer = Names(over=names)
    own = layer.add("x")
    assert own < UNKNOWN
    assert (layer.text(own), layer.code("x"), layer.code("a"), layer.text(0)) == ("x", own, 0, "a")
    assert names.code("x") == UNKNOWN
