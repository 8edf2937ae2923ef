"""What a form of the agencies' page must bring to be heard."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import ClientDisconnect, Request

_MEDIA = "application/x-www-form-urlencoded"
_MOST = 4096  # bytes
_FIELDS = 10

TOKEN = secrets.token_urlsafe(32)
"""Stands in each form of this process: another site cannot read it, so it cannot post."""


class BadForm(Exception):
    """Not a form of ours, or posted from elsewhere."""


async def read(request: Request) -> Mapping[str, str]:
    """The fields of a form that this page sent; raises BadForm."""
    if urlsplit(request.headers.get("Origin", "")).netloc != request.headers.get("Host"):
        raise BadForm
    if request.headers.get("Content-Type", "").partition(";")[0].strip() != _MEDIA:
        raise BadForm
    content = bytearray()
    try:
        async for piece in request.stream():
            content += piece
            if len(content) > _MOST:
                raise BadForm
        fields = dict(parse_qsl(content.decode(), max_num_fields=_FIELDS, strict_parsing=True))
    except (ValueError, ClientDisconnect):
        raise BadForm from None
    if not hmac.compare_digest(fields.get("token", "").encode(), TOKEN.encode()):
        raise BadForm
    return fields
