"""What does the service say when it refuses? Problem documents (RFC 9457)."""

from typing import NotRequired, TypedDict


class FieldProblem(TypedDict):
    """One field of the request that cannot be used."""

    field: str
    message: str


class Problem(TypedDict):
    """A problem document (RFC 9457): what went wrong and what to do about it."""

    type: str
    title: str
    status: int
    detail: str
    fix: str
    instance: NotRequired[str | None]
    errors: NotRequired[list[FieldProblem] | None]
