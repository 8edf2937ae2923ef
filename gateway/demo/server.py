"""How uvicorn serves the agencies: as ever, but that one of them may hang up on its callers."""

from __future__ import annotations

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.demo.modes import SEVER

_STOPPING = 2  # seconds that a request may take on when the demo ends


class _Severable(HttpToolsProtocol):
    """Hands each request the way to close its connection without an answer."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        # A server's own entry (ASGI 3.0, extensions).
        self.scope["extensions"] = {SEVER: self.transport.close}  # type: ignore[dict-item]


def configuration(app: Starlette) -> uvicorn.Config:
    """For a socket that is given to the server. No access log: addresses hold cases' numbers."""
    return uvicorn.Config(
        app,
        http=_Severable,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_STOPPING,
    )
