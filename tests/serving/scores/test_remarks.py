import pytest


@pytest.fixture
def note(quick):
    def noted(deal, language="en"):
        answer = quick.client.post(
            "/v1/scores/deals", json={"deals": [deal]}, headers={**quick.headers, "Accept-Language": language}
        )
        return answer.json()["scores"][0]["note"]

    return noted


def test_a_text_the_model_never_met_is_said(note):
    features = {"deal_amount": 1, "deal_stage": "Legal"}

    assert note({"features": features}) == "never met by this model, or too rarely to tell: deal_stage 'Legal'"
    assert note({"features": features}, "zh") == "此模型从未见过（或极少见）：deal_stage 'Legal'"
    assert note({"features": {**features, "deal_stage": "Proposal"}}) is None


def test_what_is_not_given_is_said(note):
    assert note({"features": {"deal_amount": 1}}) == "not given, counted as missing: deal_stage"


def test_many_names_are_counted(note):
    attributes = {f"a{number}": "x" for number in range(9)}
    said = note({"record": {"amount": 1, "stage": "Contact", "attributes": attributes}})

    assert said.endswith("attributes.a4 and 4 more")
