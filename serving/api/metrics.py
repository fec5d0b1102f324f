"""What has the service counted? For Prometheus, free on this machine, with a key from elsewhere."""

from ipaddress import ip_address
from typing import cast

from anyio import to_thread
from fastapi import APIRouter, Depends, Request, Response

from serving.access.keys import Scope
from serving.access.needs import Applies, Need, NeedUnless
from serving.settings import ServingSettings
from serving.telemetry.metrics import Metrics
from serving.telemetry.metrics.telling import told

FORWARDED = (b"x-forwarded-for", b"forwarded", b"x-real-ip")


def comes_from_here(request: Request) -> bool:
    """Whether the caller is on this machine and no proxy stands between."""
    if request.client is None or any(name in FORWARDED for name, _ in request.scope["headers"]):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _needs_no_key(request: Request) -> bool:
    settings = cast(ServingSettings, request.app.state.settings)
    return settings.metrics_open == "everyone" or (settings.metrics_open == "loopback" and comes_from_here(request))


MayReadCounts = Depends(
    NeedUnless(Need(Scope.READ, Applies.NONE), _needs_no_key, "whom FORESELL_METRICS_OPEN lets in needs no key")
)
router = APIRouter(tags=["health"], dependencies=[MayReadCounts])


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"description": "Counts in the text format of Prometheus.", "content": {"text/plain": {}}}},
)
async def metrics(request: Request) -> Response:
    """What all workers of this service counted since it started."""
    counts = cast(Metrics, request.app.state.metrics)
    accepted = request.headers.get("accept", "")
    text, media_type = await to_thread.run_sync(lambda: told(counts.together(), accepted))
    return Response(text, headers={"Content-Type": media_type})
