from features.suggesting import hint, nearest


def test_the_nearest_word_is_found_whatever_its_case():
    assert nearest("AMOUT", ["amount", "status"]) == "amount"


def test_nothing_is_suggested_for_a_word_like_none():
    assert nearest("xyz", ["amount", "status"]) is None
    assert hint("xyz", ["amount", "status"]) == "Known here: amount, status."


def test_a_long_list_is_cut():
    assert hint("x", [f"w{n}" for n in range(40)]).endswith("and 10 more.")


def test_an_empty_list_says_so():
    assert hint("x", []) == "There are none to choose from."
