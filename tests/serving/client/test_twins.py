"""The client that waits and the one that does not take the same, say the same and give the same."""

import inspect

import pytest

from serving.client import AsyncForesell, Foresell

RENAMED = {"close": "aclose"}
OF_ITS_OWN = {"http", "pause"}
"""Parameters of the making whose types must differ."""


def methods(client: type) -> dict[str, object]:
    return {name: found for name, found in vars(client).items() if inspect.isfunction(found) and name[0] != "_"}


def test_both_have_the_same_methods() -> None:
    assert {RENAMED.get(name, name) for name in methods(Foresell)} == methods(AsyncForesell).keys()
    assert len(methods(Foresell)) >= 13


@pytest.mark.parametrize("name", sorted(methods(Foresell)))
def test_a_method_takes_and_gives_the_same(name: str) -> None:
    waits, does_not = vars(Foresell)[name], vars(AsyncForesell)[RENAMED.get(name, name)]
    one, other = inspect.signature(waits), inspect.signature(does_not)

    assert list(one.parameters.values()) == list(other.parameters.values())
    assert str(other.return_annotation).replace("AsyncIterator", "Iterator") == str(one.return_annotation)
    assert inspect.getdoc(waits) == inspect.getdoc(does_not)
    assert inspect.iscoroutinefunction(does_not) or inspect.isasyncgenfunction(does_not)


def test_both_are_made_of_the_same() -> None:
    one, other = (inspect.signature(client.__init__).parameters for client in (Foresell, AsyncForesell))

    assert list(one) == list(other)
    for name in one.keys() - OF_ITS_OWN - {"self"}:
        assert one[name] == other[name]
    for name in OF_ITS_OWN:
        assert one[name].kind == other[name].kind
