import duckdb
from hypothesis import given
from hypothesis import strategies as st

from features.quoting import name, text, texts

WORDS = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=20)


@given(WORDS)
def test_a_text_comes_back_from_sql_as_it_went_in(word):
    assert duckdb.execute(f"SELECT {text(word)}").fetchone() == (word,)


@given(st.lists(WORDS, min_size=1, max_size=4))
def test_a_list_of_texts_comes_back(words):
    assert duckdb.execute(f"SELECT {texts(words)}").fetchone() == (words,)


@given(WORDS.filter(lambda word: word.strip()))
def test_a_name_can_be_nothing_but_a_name(word):
    assert duckdb.execute(f"SELECT 1 AS {name(word)}").description[0][0] == word
