import pytest
from pydantic import ValidationError

from serving.questions.questions import CustomersAsked, DealsAsked


def faults(shape, given) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as refused:
        shape.model_validate(given)
    return [(".".join(str(part) for part in one["loc"]), one["msg"]) for one in refused.value.errors()]


@pytest.mark.parametrize(
    ("one", "said"),
    [
        ({}, "give either deal_id or record"),
        ({"changes": {"amount": 1}}, "changes belong to a deal_id"),
        ({"record": {}, "changes": {}}, "changes belong to a deal_id"),
        ({"deal_id": "D", "record": {}}, "give either deal_id or record"),
    ],
)
def test_a_deal_in_no_form_is_told_which_there_are(one, said):
    ((where, message),) = faults(DealsAsked, {"deals": [one]})

    assert where == "deals.0"
    assert message.startswith(said)


@pytest.mark.parametrize(
    "one", [{}, {"changes": {"segment": "x"}}, {"customer_id": "C", "changes": {}, "features": {"a": 1.0}}]
)
def test_a_customer_in_no_form_is_told_which_there_are(one):
    assert faults(CustomersAsked, {"customers": [one]}) == [
        ("customers.0", "give customer_id, with changes or without, or features")
    ]


def test_a_misspelt_field_is_named_with_the_one_probably_meant():
    ((where, message),) = faults(CustomersAsked, {"customers": [{"custmer_id": "C"}]})

    assert where == "customers.0"
    assert "'custmer_id'" in message
    assert "Did you mean 'customer_id'?" in message


@pytest.mark.parametrize("name", ["a\ud800b", "x" * 500])
def test_a_name_of_odd_letters_or_of_too_many_is_shown_shortened(name):
    ((_, message),) = faults(CustomersAsked, {"customers": [{"customer_id": "C"}], name: 1})

    assert message.encode("utf-8")
    assert len(message) < 500


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"horizons": [float("inf")]}, "horizons.0"),
        ({"horizons": [0]}, "horizons.0"),
        ({"horizons": [1] * 21}, "horizons"),
        ({"horizons": []}, "horizons"),
        ({"dates": ["2026-12-31"] * 21}, "dates"),
        ({"reasons": 101}, "reasons"),
        ({"as_of": "x" * 41}, "as_of"),
    ],
)
def test_what_is_out_of_bounds_is_named(more, where):
    assert [one for one, _ in faults(CustomersAsked, {"customers": [{"customer_id": "C"}], **more})] == [where]


def test_features_hold_numbers_texts_and_nothing_else():
    said = faults(CustomersAsked, {"customers": [{"features": {"a": float("nan"), "b": {}, "c": "x" * 100_000}}]})

    assert {where.split(".")[3] for where, _ in said} == {"a", "b", "c"}
    fine = CustomersAsked.model_validate({"customers": [{"features": {"a": 1, "b": "x", "c": None}}]})
    assert fine.customers[0].features == {"a": 1.0, "b": "x", "c": None}


def test_what_nobody_asks_for_has_its_usual_value():
    asked = CustomersAsked.model_validate({"customers": [{"customer_id": "C"}]})

    assert (asked.horizons, asked.dates, asked.reasons, asked.as_of) == ([30.0, 60.0, 90.0], [], 5, None)
