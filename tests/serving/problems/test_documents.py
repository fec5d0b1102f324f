import inspect
import json

import pytest

from features.errors import ForesellError
from serving.problems import errors
from serving.problems.documents import STATUS, declares, problem_of, respond, status_of

OURS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if kind.__module__ == errors.__name__ and kind is not errors.FieldsNotAccepted
]
AT_START = {
    errors.BadSetting,
    errors.KeyExpiresInThePast,
    errors.NoSuchKey,
    errors.StoreTooNew,
    errors.UnknownScope,
}
"""Met on the command line, never by a caller."""


@pytest.mark.parametrize("kind", [kind for kind in OURS if kind not in AT_START], ids=lambda kind: kind.__name__)
def test_every_error_a_caller_can_meet_has_a_status(kind):
    assert 400 <= STATUS[kind] < 600


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.__name__)
def test_every_error_says_what_and_how_to_mend(kind):
    said = kind(*(["a fact"] * 5))

    assert len(said.problem.format(*said.args)) > 20
    assert len(said.fix.format(*said.args)) > 5
    assert said.problem.endswith((".", "{0}", "{1}"))


def test_a_problem_document_has_all_its_parts():
    response = respond(errors.NoChampion("win"), "r1")

    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["retry-after"] == "5"
    assert json.loads(response.body) == {
        "type": "urn:foresell:problem:no-champion",
        "title": "No champion",
        "status": 503,
        "detail": "No win model is live yet.",
        "fix": "train one: foresell train win. The service takes it up within seconds, without a restart.",
        "instance": "urn:foresell:request:r1",
    }


def test_missing_keys_say_how_to_authenticate():
    assert respond(errors.KeyMissing(), "r1").headers["www-authenticate"].startswith("Bearer")


def test_a_status_is_found_by_the_nearest_class_and_else_is_500():
    class Rare(errors.DealNotFound):
        pass

    class Strange(ForesellError):
        pass

    assert status_of(Rare("x")) == 404
    assert status_of(Strange("x", "y")) == 500
    assert problem_of(Strange("x", "y")).type == "urn:foresell:problem:strange"


def test_a_route_declares_errors_of_one_status_together():
    declared = declares(errors.DealNotOpen, errors.ModelKnowsTheFuture, errors.NoChampion)

    assert set(declared) == {409, 503}
    assert "`deal-not-open`" in str(declared[409]["description"])
    assert "`model-knows-the-future`" in str(declared[409]["description"])
