"""Forms of the desk, as browsers send them (WHATWG URL, application/x-www-form-urlencoded)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import ClientDisconnect, Request

MOST_BYTES = 16 * 1024
_TYPE = "application/x-www-form-urlencoded"


class BadForm(Exception):
    """What no form of ours sends."""


class Form:
    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    def get(self, name: str) -> str:
        """The first of its values, "" for none."""
        return next((value for key, value in self._pairs if key == name), "")

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self._pairs if key == name)


async def read(request: Request) -> Form:
    """Raises BadForm."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != _TYPE:
        raise BadForm
    content = bytearray()
    try:
        async for piece in request.stream():
            content += piece
            if len(content) > MOST_BYTES:
                raise BadForm
        return Form(parse_qsl(content.decode("ascii"), keep_blank_values=True, max_num_fields=100))
    except (ClientDisconnect, ValueError):
        raise BadForm from None


def from_here(headers: Mapping[str, str]) -> bool:
    """Whether a form was sent by a page of ours, as far as the browser says (Fetch Metadata, and
    RFC 6454 for older ones)."""
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == headers.get("Host")
