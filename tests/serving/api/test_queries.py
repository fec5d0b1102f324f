import asyncio
from collections.abc import Callable
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI, Query
from pydantic import BaseModel

from serving.api.queries import MOST_NAMED, EveryParameterRead
from serving.problems.documents import handle_problems


class Wanted(BaseModel):
    limit: int = 3
    min_amount: float | None = None


def page(cursor: str | None = None) -> str | None:
    return cursor


@pytest.fixture
def get() -> Callable[[str], httpx.Response]:
    app = FastAPI(dependencies=[EveryParameterRead])
    handle_problems(app)

    @app.get("/plain/{name}")
    def plain(name: str, stage: Annotated[list[str], Query()] = []) -> int:  # noqa: B006
        return len(stage)

    @app.get("/wanted")
    def wanted(wanted: Annotated[Wanted, Query()], cursor: Annotated[str | None, Depends(page)]) -> int:
        return wanted.limit

    async def ask(path: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://foresell") as client:
            return await client.get(path)

    return lambda path: asyncio.run(ask(path))


def faults(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422
    return [(one["field"], one["message"]) for one in answer.json()["errors"]]


@pytest.mark.parametrize(
    "path", ["/plain/x?stage=a&stage=b", "/wanted?limit=5&cursor=c&min_amount=1", "/wanted", "/wanted?"]
)
def test_parameters_that_a_route_reads_pass(get: Callable[[str], httpx.Response], path: str) -> None:
    assert get(path).status_code == 200


def test_one_that_nobody_reads_is_named_with_the_one_probably_meant(get: Callable[[str], httpx.Response]) -> None:
    assert faults(get("/plain/x?stages=a")) == [
        ("query.stages", "is not read by this call. Did you mean 'stage'? Known here: stage.")
    ]
    assert [field for field, _ in faults(get("/wanted?curser=1&name=2&limit=3"))] == [
        "query.curser",
        "query.name",
    ]


def test_a_thousand_are_not_all_looked_up(get: Callable[[str], httpx.Response]) -> None:
    many = "&".join(f"p{number}=1" for number in range(1000))

    assert len(faults(get(f"/wanted?{many}"))) == MOST_NAMED
