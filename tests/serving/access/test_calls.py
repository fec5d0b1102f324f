from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI

from serving.access.access_page import calls_part, roles_part
from serving.access.calls import Call, calls_of
from serving.access.key_ring import Caller
from serving.access.keys import Scope
from serving.access.needs import Applies, Need, Open, open_to_all
from serving.access.roles import Role
from serving.api.dependencies import Admin, Reader


def app_with(*routers: APIRouter) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for router in routers:
        app.include_router(router, prefix="/v1")
    return app


def test_a_call_tells_what_its_route_or_its_router_declares():
    open_ones, router = APIRouter(dependencies=[open_to_all("a picture")]), APIRouter()

    @open_ones.get("/logo")
    def logo() -> None: ...

    @router.get("/deals")
    @router.delete("/deals")
    def deals(caller: Reader) -> None: ...

    def inner(caller: Admin) -> Caller:
        return caller

    @router.post("/deep")
    def deep(caller: Annotated[Caller, Depends(inner)]) -> None: ...

    assert calls_of(app_with(open_ones, router)) == [
        Call("GET", "/v1/logo", Open("a picture")),
        Call("DELETE", "/v1/deals", Need(Scope.READ, Applies.FILTERED)),
        Call("GET", "/v1/deals", Need(Scope.READ, Applies.FILTERED)),
        Call("POST", "/v1/deep", Need(Scope.ADMIN, Applies.ALL_ONLY)),
    ]


def test_a_route_that_declares_nothing_or_two_things_is_found():
    router = APIRouter()

    @router.get("/forgotten")
    def forgotten() -> None: ...

    @router.get("/twice", dependencies=[open_to_all("really?")])
    def twice(caller: Admin) -> None: ...

    assert [call.declares for call in calls_of(app_with(router))] == [None, None]


def test_the_page_has_a_line_for_each_call_and_role():
    router = APIRouter()

    @router.get("/deals/{deal_id:path}")
    def deal(deal_id: str, caller: Reader) -> None: ...

    @router.get("/forgotten")
    def forgotten() -> None: ...

    lines = calls_part(app_with(router)).splitlines()
    assert lines[2] == "| `GET /v1/deals/{deal_id}` | `read` | only what is within the caller's reach | all |"
    assert lines[3] == "| `GET /v1/forgotten` | nothing | ? | anyone |"
    assert len(roles_part().splitlines()) == 2 + len(Role)
