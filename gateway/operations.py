"""`/healthz`, `/readyz` and `/metrics`: what the operator's engineer and his tools look at."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from gateway.metrics import Metrics

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")

State = Callable[[], Awaitable[tuple[bool, Mapping[str, object]]]]
"""Whether citizens can be served, and what to show of it."""


def routes(state: State, metrics: Metrics, tokens: Sequence[str]) -> list[Route]:
    """The three pages. `tokens` open `/metrics` from elsewhere than this machine."""

    async def healthz(_request: Request) -> Response:
        """200 as long as the process answers at all; it is restarted otherwise."""
        return PlainTextResponse("ok")

    async def readyz(_request: Request) -> Response:
        """200 when citizens can be served, 503 when they would get an apology."""
        ready, shown = await state()
        metrics.ready.set(1 if ready else 0)
        return JSONResponse({"ready": ready, **shown}, status_code=200 if ready else 503)

    async def page(request: Request) -> Response:
        """Prometheus' text format, for this machine or with a token of GATEWAY_METRICS_TOKEN."""
        if not (_bears(request, tokens) or _local(request)):
            return PlainTextResponse("Not Found", status_code=404)
        ready, _ = await state()
        metrics.ready.set(1 if ready else 0)
        return Response(metrics.page(), media_type=METRICS_TYPE)

    return [
        Route("/healthz", healthz, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
        Route("/metrics", page, methods=["GET"]),
    ]


def _bears(request: Request, tokens: Sequence[str]) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    known = False
    for token in tokens:
        known |= hmac.compare_digest(token.encode(), given.strip().encode())
    return known and scheme.lower() == "bearer"


def _local(request: Request) -> bool:
    """From this machine itself, not through a proxy that happens to run on it."""
    if any(name in request.headers for name in _FORWARDED) or request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
