"""The API's addresses: who may call each, and what goes in and comes out as bytes."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.api import keys, messages, openapi
from gateway.api.keys import DAY, Key, Right
from gateway.api.problems import FieldFault, Refusal
from gateway.errors import StoreError
from gateway.logs import failure
from gateway.menu.library import Library
from gateway.store import Store

MOST_BYTES = 64 * 1024
RATE, BURST = 50.0, 100.0  # requests of one key, a second and at once

_JSON = "application/json"
_IDEMPOTENCY = re.compile(r"[\x21-\x7e]{1,100}")
_PLACE = re.compile(r" - at `\$\.?(?P<field>[^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `(?P<field>[\w.-]{1,64})`")
_MISSING = re.compile(r"missing required field `(?P<field>\w+)`")

_log = structlog.get_logger("gateway.api")
_decode = msgspec.json.Decoder(messages.Sending).decode
_Handler = Callable[[Store, Key, Request], Awaitable[Response]]


def routes(library: Library, opened: Callable[[], Store | None]) -> list[Route]:
    """`opened` gives the store once there is one."""
    api = _Api(library, opened)
    one = "/v1/messages/{id}"
    return [
        Route("/openapi.json", _described, methods=["GET"]),
        Route("/v1/messages", api.guarded(Right.SEND, api.send), methods=["POST"]),
        Route("/v1/messages", api.guarded(Right.READ, _find), methods=["GET"]),
        Route(one, api.guarded(Right.READ, _read), methods=["GET"]),
        Route(f"{one}/cancel", api.guarded(Right.SEND, _cancel), methods=["POST"]),
    ]


class _Api:
    """Who may call, and with which menus."""

    def __init__(self, library: Library, opened: Callable[[], Store | None]) -> None:
        self._library = library
        self._opened = opened
        self._touched: dict[str, int] = {}  # the day each key was last written down as used

    def guarded(self, right: Right, handle: _Handler) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                store = self._opened()
                if store is None:
                    raise _away()
                return await handle(store, await self._known(store, request, right), request)
            except StoreError as error:
                _log.error("api-store", **failure(error))
                return _away().response()
            except Refusal as refusal:
                return refusal.response()

        return answer

    async def send(self, store: Store, key: Key, request: Request) -> Response:
        idempotency = request.headers.get("idempotency-key")
        if idempotency is not None and not _IDEMPOTENCY.fullmatch(idempotency):
            title = "Idempotency-Key: 1 to 100 visible ASCII characters"
            raise Refusal(400, "bad-idempotency-key", title)
        body = _sending(await _body(request))
        program = self._library.current
        answer, again = await messages.send(store, program, key, body, idempotency)
        headers = {"Idempotency-Replayed": "true"} if again else None
        return Response(answer, 202, headers, _JSON)

    async def _known(self, store: Store, request: Request, right: Right) -> Key:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        key = await keys.find(store, token.strip()) if scheme.lower() == "bearer" else None
        if key is None or key.agency not in self._library.current.site.agencies:
            headers = {"WWW-Authenticate": 'Bearer realm="gateway"'}
            raise Refusal(401, "unauthorized", "a valid key is needed", headers=headers)
        wait = await store.gates.spend(f"key.{key.id}", 1, rate=RATE, burst=BURST)
        if wait:
            after = {"Retry-After": str(int(wait) + 1)}
            raise Refusal(429, "too-many-requests", "too many requests", headers=after)
        if right not in key.rights:
            raise Refusal(403, "forbidden", f"this key lacks the scope {right.value}")
        today = int(time.time()) // DAY * DAY
        if self._touched.get(key.id) != today:
            await store.agency_keys.touch(key.id, today)
            self._touched[key.id] = today
        return key


async def _read(store: Store, key: Key, request: Request) -> Response:
    return _json(await messages.read(store, key, request.path_params["id"]))


async def _find(store: Store, key: Key, request: Request) -> Response:
    reference = request.query_params.get("reference", "")
    if not 1 <= len(reference) <= 100:
        fault = FieldFault("reference", "missing", "1 to 100 characters are expected")
        raise Refusal(422, "invalid", "the request is not valid", errors=(fault,))
    return _json(await messages.find(store, key, reference))


async def _cancel(store: Store, key: Key, request: Request) -> Response:
    return _json(await messages.cancel(store, key, request.path_params["id"]))


async def _described(_request: Request) -> Response:
    return Response(openapi.document(), media_type=_JSON)


async def _body(request: Request) -> bytes:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise Refusal(415, "unsupported-media-type", f"{_JSON} is expected")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise Refusal(413, "too-large", f"at most {MOST_BYTES} bytes")
    return bytes(body)


def _sending(body: bytes) -> messages.Sending:
    try:
        return _decode(body)
    except msgspec.ValidationError as error:
        errors = (_fault(str(error)),)
        raise Refusal(422, "invalid", "the request is not valid", errors=errors) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refusal(400, "bad-json", "the body is no JSON") from None


def _fault(said: str) -> FieldFault:
    """What msgspec says names types and bounds; the value itself it never repeats."""
    place, unknown, missing = _PLACE.search(said), _UNKNOWN.search(said), _MISSING.search(said)
    if missing is not None:
        return FieldFault(missing["field"], "missing", "this field must be given")
    if unknown is not None or "unknown field" in said:
        field = "" if unknown is None or unknown["field"].isdigit() else unknown["field"]
        return FieldFault(field, "unknown", "there is no such field")
    field = "" if place is None else place["field"]
    return FieldFault(field, "wrong-type", said.partition(" - at `")[0])


def _json(shown: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(shown), media_type=_JSON)


def _away() -> Refusal:
    return Refusal(503, "unavailable", "try again later", headers={"Retry-After": "5"})
