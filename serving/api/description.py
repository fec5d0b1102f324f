"""How is the API described? OpenAPI with our problem documents, and a page that reads it, offline."""

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse

from serving.access.needs import open_to_all
from serving.api.description_page import description_page, style_source
from serving.problems.documents import MEDIA_TYPE

router = APIRouter(include_in_schema=False, dependencies=[open_to_all("describes the calls and holds no records")])
ALWAYS = {
    "401": "The API key, or the session, is missing or not accepted.",
    "403": "The caller lacks the scope, or the reach; or a session's write lacks the header X-CSRF-Token.",
    "429": "Too many requests; Retry-After says when to come again.",
    "503": "The service or its database cannot answer just now; Retry-After says when to come again.",
}
ANY = {"422": "A parameter has not the form that this call expects, or is one that it does not read."}
WITH_BODY = {
    "400": "The body is not JSON.",
    "408": "The body did not arrive in time.",
    "413": "The body is larger than the service takes.",
    "415": "The body is not sent as JSON.",
}
PROBLEM = {"$ref": "#/components/schemas/Problem"}


@router.get("/docs")
def read_description(request: Request) -> HTMLResponse:
    """Every call, readable without any network."""
    policy = f"default-src 'none'; style-src '{style_source()}'; frame-ancestors 'none'"
    return HTMLResponse(description_page(request.app.openapi()), headers={"Content-Security-Policy": policy})


def describe(app: FastAPI) -> None:
    """Make the app's OpenAPI say that every error is a problem document."""

    def openapi() -> dict[str, object]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            for path in schema["paths"].values():
                for operation in path.values():
                    _with_problems(operation)
            for replaced in ("HTTPValidationError", "ValidationError"):
                schema["components"]["schemas"].pop(replaced, None)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _with_problems(operation: dict[str, dict[str, dict[str, object]]]) -> None:
    responses = operation["responses"]
    everywhere = ANY | (ALWAYS if "security" in operation else {}) | (WITH_BODY if "requestBody" in operation else {})
    for status, said in everywhere.items():
        responses.setdefault(status, {"description": said, "content": {"application/json": {"schema": PROBLEM}}})
    for status, response in responses.items():
        content = response.get("content", {})
        if status >= "400" and isinstance(content, dict) and "Readiness" not in str(content):
            response["content"] = {MEDIA_TYPE: {"schema": PROBLEM}}
            if response["description"] == "Validation Error":
                response["description"] = "The request does not have the shape that this call expects."
