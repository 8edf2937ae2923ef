"""The ceiling: raw ASGI, one constant answer, nothing read."""

from __future__ import annotations

from typing import Any

BODY = "CON Actes d'état civil\n1. Demander un acte\n2. Suivre une demande".encode()
HEADERS = [(b"content-type", b"text/plain"), (b"content-length", str(len(BODY)).encode())]


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
