"""The API's addresses: who may call each, and what goes in and comes out as bytes."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.api import batches, callbacks, cases, feedback, keys, messages, openapi
from gateway.api.first import example
from gateway.api.keys import DAY, Key, Right
from gateway.api.operation import Handler, Operation, Query
from gateway.api.problems import Refusal
from gateway.api.requests import (
    JSON,
    case_reference,
    decoded,
    flag,
    idempotency_key,
    json_body,
    missing,
    read_bytes,
    reply,
)
from gateway.errors import StoreError
from gateway.events import Json
from gateway.logs import failure
from gateway.menu.library import Library
from gateway.messaging import rows
from gateway.providers.simulated import RESERVED
from gateway.store import Store

MOST_OF_A_LIST = rows.MOST_BYTES
RATE, BURST = 50.0, 100.0  # requests of one key, a second and at once

_METHODS = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
_ID = {"id": "$response.body#/id"}
_FLAG = {"type": "string", "enum": ["0", "1"]}

_log = structlog.get_logger("gateway.api")
_sendings = msgspec.json.Decoder(messages.Sending)
_news = msgspec.json.Decoder(cases.News)


def routes(library: Library, opened: Callable[[], Store | None]) -> list[BaseRoute]:
    """`opened` gives the store once there is one."""
    api = _Api(library, opened)
    operations = api.operations()
    described = openapi.document(operations)

    async def describe(_request: Request) -> Response:
        return Response(described, media_type=JSON)

    return [
        Route("/openapi.json", describe, methods=["GET"]),
        *(
            Route(one.path, api.guarded(one.right, one.handle), methods=[one.method])
            for one in operations
        ),
        *_not_allowed(operations),
        Route("/v1/{rest:path}", _nowhere, methods=sorted(_METHODS)),
    ]


def _not_allowed(operations: Sequence[Operation]) -> list[BaseRoute]:
    """At each address, what it cannot be asked."""
    allowed: dict[str, set[str]] = {}
    for one in operations:
        allowed.setdefault(one.path, set()).add(one.method)

    def answering(methods: set[str]) -> Callable[[Request], Awaitable[Response]]:
        headers = {"Allow": ", ".join(sorted(methods))}

        async def answer(_request: Request) -> Response:
            title = "this address is not asked so"
            return Refusal(405, "method-not-allowed", title, headers=headers).response()

        return answer

    return [
        Route(path, answering(methods), methods=sorted(_METHODS - methods - {"HEAD"}))
        for path, methods in allowed.items()
    ]


class _Api:
    """Who may call, and with which menus."""

    def __init__(self, library: Library, opened: Callable[[], Store | None]) -> None:
        self._library = library
        self._opened = opened
        self._touched: dict[str, int] = {}  # the day each key was last written down as used

    def operations(self) -> tuple[Operation, ...]:
        """In the order in which addresses are looked for."""
        return (
            Operation(
                method="POST",
                path="/v1/messages",
                name="send",
                summary="Send a message",
                right=Right.SEND,
                handle=self.send,
                answers={202: messages.Taken},
                faults=(400, 409, 413, 415, 422),
                takes=messages.Sending,
                example=self._example("to"),
                idempotent=True,
                links={"read": _ID, "cancel": _ID},
            ),
            Operation(
                method="GET",
                path="/v1/messages",
                name="find",
                summary="The newest messages under a reference",
                right=Right.READ,
                handle=_find,
                answers={200: messages.Found},
                faults=(422,),
                query=(
                    Query(
                        name="reference",
                        schema={"type": "string", "minLength": 1, "maxLength": 100},
                        summary="What you filed them under.",
                        required=True,
                    ),
                ),
            ),
            Operation(
                method="POST",
                path="/v1/messages/batches",
                name="sendBatch",
                summary="Send a list of messages, or only measure it",
                right=Right.SEND,
                handle=self.batch,
                answers={200: batches.Trial, 202: batches.Batch},
                faults=(400, 409, 413, 415, 422),
                lists=True,
                idempotent=True,
                query=(
                    Query(
                        name="template",
                        schema={"type": "string", "minLength": 1, "maxLength": 100},
                        summary="The message that all of them are.",
                        required=True,
                    ),
                    Query(name="dry_run", schema=_FLAG, summary="1: measured, nothing is kept."),
                    Query(
                        name="skip_faulty",
                        schema=_FLAG,
                        summary="1: rows with faults are left out; else nothing is accepted.",
                    ),
                ),
                links={"readBatch": _ID},
            ),
            Operation(
                method="GET",
                path="/v1/messages/batches/{id}",
                name="readBatch",
                summary="How far a batch is",
                right=Right.READ,
                handle=_read_batch,
                answers={200: batches.Batch},
                faults=(404,),
            ),
            Operation(
                method="GET",
                path="/v1/messages/{id}",
                name="read",
                summary="What became of a message",
                right=Right.READ,
                handle=_read,
                answers={200: messages.Shown},
                faults=(404,),
            ),
            Operation(
                method="POST",
                path="/v1/messages/{id}/cancel",
                name="cancel",
                summary="Cancel a message that was not sent yet",
                right=Right.SEND,
                handle=_cancel,
                answers={200: messages.Shown},
                faults=(404, 409),
            ),
            Operation(
                method="POST",
                path="/v1/cases/{reference}/updates",
                name="tell",
                summary="Tell all who follow a case",
                right=Right.CASES,
                handle=self.tell,
                answers={202: cases.CaseUpdate},
                faults=(400, 409, 413, 415, 422),
                takes=cases.News,
                example=self._example(),
                idempotent=True,
                links={"readUpdate": {"reference": "$request.path.reference", **_ID}},
            ),
            Operation(
                method="GET",
                path="/v1/cases/{reference}/updates/{id}",
                name="readUpdate",
                summary="How far an update is",
                right=Right.CASES,
                handle=_read_update,
                answers={200: cases.CaseUpdate},
                faults=(404,),
            ),
            *callbacks.OPERATIONS,
            *feedback.OPERATIONS,
        )

    def _example(self, *more: str) -> Mapping[str, Json] | None:
        """A body with a message that there is."""
        found = example(self._library.current)
        if found is None:
            return None
        return {"to": RESERVED + "01", **found} if "to" in more else found

    def guarded(self, right: Right, handle: Handler) -> Callable[[Request], Awaitable[Response]]:
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
        idempotency = idempotency_key(request)
        body = decoded(await json_body(request), _sendings)
        program = self._library.current
        answer, again = await messages.send(store, program, key, body, idempotency)
        headers = {"Idempotency-Replayed": "true"} if again else None
        return Response(answer, 202, headers, JSON)

    async def batch(self, store: Store, key: Key, request: Request) -> Response:
        idempotency, query = idempotency_key(request), request.query_params
        template = query.get("template", "")
        if not 1 <= len(template) <= 100:
            raise missing("template")
        dry, skip = flag(request, "dry_run"), flag(request, "skip_faulty")
        content_type = request.headers.get("content-type", "")
        body = await read_bytes(request, MOST_OF_A_LIST)
        program = self._library.current
        measured = await batches.measure(store, program, key, template, body, content_type)
        if dry:
            return reply(batches.trial(measured))
        begun = await batches.begin(
            store,
            key,
            template,
            body,
            measured,
            idempotency=idempotency,
            skip_faulty=skip,
        )
        return reply(begun, 202)

    async def tell(self, store: Store, key: Key, request: Request) -> Response:
        idempotency = idempotency_key(request)
        body = decoded(await json_body(request), _news)
        reference = case_reference(request)
        program = self._library.current
        told = await cases.tell(store, program, key, reference, body, idempotency)
        return reply(told, 202)

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
    return reply(await messages.read(store, key, request.path_params["id"]))


async def _find(store: Store, key: Key, request: Request) -> Response:
    reference = request.query_params.get("reference", "")
    if not 1 <= len(reference) <= 100:
        raise missing("reference")
    return reply(await messages.find(store, key, reference))


async def _cancel(store: Store, key: Key, request: Request) -> Response:
    return reply(await messages.cancel(store, key, request.path_params["id"]))


async def _read_batch(store: Store, key: Key, request: Request) -> Response:
    return reply(await batches.read(store, key, request.path_params["id"]))


async def _read_update(store: Store, key: Key, request: Request) -> Response:
    reference, update = case_reference(request), request.path_params["id"]
    return reply(await cases.read(store, key, reference, update))


async def _nowhere(request: Request) -> Response:
    return Refusal(404, "not-found", "there is no such address").response()


def _away() -> Refusal:
    return Refusal(503, "unavailable", "try again later", headers={"Retry-After": "5"})
