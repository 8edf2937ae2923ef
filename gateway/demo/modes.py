"""How an agency's system behaves today: as it should, or in one of the ways of real ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

SEVER = "demo.sever"
"""In a scope's extensions: closes the connection."""

HANGING = 600.0  # seconds; longer than anybody waits
_HTML = b"<!doctype html><html><title>Maintenance</title><h1>Site en maintenance</h1></html>"
_ELSEWHERE = "https://ailleurs.example/"


class Mode(StrEnum):
    NORMAL = "normal"
    SLOW = "slow"
    SLOWER = "slower"
    HANGING = "hanging"
    FAILING = "failing"
    HTML = "html"
    WRONG_TYPES = "wrong-types"
    REDIRECT = "redirect"
    CLOSED = "closed"


_SECONDS: Mapping[Mode, float] = {Mode.SLOW: 6.0, Mode.SLOWER: 8.0}


class Modes:
    """Of each agency, for as long as the process runs. `heard` is told of each change."""

    def __init__(
        self, agencies: Sequence[str], heard: Callable[[str, Mode], None] | None = None
    ) -> None:
        self.agencies = tuple(agencies)
        self._modes = dict.fromkeys(agencies, Mode.NORMAL)
        self._heard = heard

    def of(self, agency: str) -> Mode:
        return self._modes[agency]

    def choose(self, agency: str, mode: Mode) -> None:
        """Raises KeyError for an agency that there is not."""
        if self._modes[agency] is not mode:
            self._modes[agency] = mode
            if self._heard is not None:
                self._heard(agency, mode)


async def before(mode: Mode, request: Request, *, changes: bool) -> Response | None:
    """What comes instead of the operation; None where it is done, now that its time has passed.

    Slow is what writes something down: looking up stays quick, as in most offices. `request` was
    read to its end.
    """
    if mode in _SECONDS and changes:
        await wait(request, _SECONDS[mode])
    elif mode is Mode.HANGING:
        await wait(request, HANGING)
        return Silence()
    elif mode is Mode.FAILING:
        return Response(
            msgspec.json.encode({"status": 503}), 503, media_type="application/problem+json"
        )
    elif mode is Mode.HTML:
        return Response(_HTML, media_type="text/html")
    elif mode is Mode.REDIRECT:
        return Response(status_code=302, headers={"Location": _ELSEWHERE})
    elif mode is Mode.CLOSED:
        return Silence()
    return None


def bent(content: bytes) -> bytes:
    """The same answer with other types: lists instead of values, an object instead of a list."""
    return msgspec.json.encode(_bent(msgspec.json.decode(content)))


def _bent(value: Any) -> Any:
    if isinstance(value, list):
        return {str(rank): _bent(one) for rank, one in enumerate(value)}
    if isinstance(value, dict):
        return {name: [one] for name, one in value.items()} or []
    return [value]


async def wait(request: Request, seconds: float) -> None:
    """That much time, or until whoever asks has gone."""
    with anyio.move_on_after(seconds):
        while (await request.receive())["type"] != "http.disconnect":
            pass


class Silence(Response):
    """No answer, and the end of the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"][SEVER]()
        while (await receive())["type"] != "http.disconnect":
            pass
