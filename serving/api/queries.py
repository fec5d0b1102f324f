"""Is every query parameter read by someone? One that is not is named, with the one probably meant, not ignored."""

from urllib.parse import parse_qsl

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel

from features.suggesting import hint
from serving.problems.documents import FieldProblem
from serving.problems.errors import RequestNotAccepted

MOST_NAMED = 20


async def every_parameter_is_read(request: Request) -> None:
    """A dependency of the whole app. Raises RequestNotAccepted."""
    query = request.scope["query_string"]
    route = request.scope.get("route")
    if not query or not isinstance(route, APIRoute) or AnyQuery in route.dependencies:
        return
    known = names_read_by(route)
    given = dict.fromkeys(name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True))
    unread = [name for name in given if name not in known]
    if unread:
        raise RequestNotAccepted(tuple(_problem(name, known) for name in unread[:MOST_NAMED]))


def names_read_by(route: APIRoute) -> list[str]:
    """The names of query parameters that a route or its dependencies read."""
    names, waiting = list[str](), [route.dependant]
    while waiting:
        dependant = waiting.pop()
        waiting += dependant.dependencies
        for one in dependant.query_params:
            kind = one.field_info.annotation
            inner = kind.model_fields if isinstance(kind, type) and issubclass(kind, BaseModel) else None
            names += [one.alias] if inner is None else [field.alias or name for name, field in inner.items()]
    return names


def _problem(name: str, known: list[str]) -> FieldProblem:
    shown = name.encode("utf-8", "replace").decode()[:100]
    return FieldProblem(field=f"query.{shown}", message=f"is not read by this call. {hint(shown, known)}")


EveryParameterRead = Depends(every_parameter_is_read)


def any_query() -> None:
    """Says of a route that whoever sends people here adds parameters of their own."""


AnyQuery = Depends(any_query)
"""Among a route's dependencies: parameters that nobody reads are fine there."""
