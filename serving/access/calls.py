"""Which calls are there, and what does each need? Read from the routes' own declarations."""

from collections.abc import Iterator
from dataclasses import dataclass

import fastapi.routing
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant

from serving.access.needs import Need, NeedUnless, Open, declared

MADE_BY_THE_FRAMEWORK = {"/openapi.json": Open("describes the calls and holds no records")}
"""Routes that take no dependencies of ours."""


@dataclass(frozen=True)
class Call:
    """One method of one path, and what it declares; nothing where the declaration was forgotten."""

    method: str
    path: str
    declares: Need | NeedUnless | Open | None

    @property
    def need(self) -> Need | None:
        """What a caller needs, at the strictest."""
        return self.declares.need if isinstance(self.declares, NeedUnless) else _if_need(self.declares)


def calls_of(app: FastAPI) -> list[Call]:
    """Every call of the service, in the order of the routes."""
    return [
        Call(method, path, found)
        for path, methods, found in _routes(app)
        for method in sorted(methods - {"HEAD", "OPTIONS"})
    ]


def _routes(app: FastAPI) -> Iterator[tuple[str, set[str], Need | NeedUnless | Open | None]]:
    # FastAPI 0.140 keeps included routers as they are and walks them by this; before, an app's routes were flat.
    walk = getattr(fastapi.routing, "iter_route_contexts", iter)
    for route in walk(app.routes):
        dependant = getattr(route, "dependant", None)
        found = list(declared(dependant)) if isinstance(dependant, Dependant) else []
        path, methods = str(getattr(route, "path", "")), getattr(route, "methods", None) or ()
        yield path, set(methods), found[0] if len(found) == 1 else MADE_BY_THE_FRAMEWORK.get(path)


def _if_need(found: Need | Open | None) -> Need | None:
    return found if isinstance(found, Need) else None
