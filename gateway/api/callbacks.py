"""`/v1/callbacks`: whom an agency has to call back, for its own systems."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.keys import Key, Right
from gateway.api.messages import Moment
from gateway.api.operation import Operation, Query
from gateway.api.problems import FieldFault, Refusal
from gateway.api.requests import JSON, MERGE_PATCH, decoded, json_body, reply
from gateway.centre import callbacks
from gateway.centre.callbacks import Actor, Callback, NotPossible
from gateway.events import CallbackState
from gateway.messaging.acceptance import KeyKind
from gateway.store import Store

_OPEN = (CallbackState.WAITING, CallbackState.TAKEN)
_CURSOR = {"type": "string", "maxLength": 60}
_ID = {"id": "$response.body#/callbacks/0/id"}


class Line(msgspec.Struct, frozen=True):
    """A line of its history: taken, given-back, tried, done, unreachable, note, asked-again.
    `by` is `you`, `colleague` or `citizen`."""

    at: Moment
    what: str
    by: str
    text: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A citizen to be called back. `phone` is masked; `number` is there in clear only while you
    hold it. `mine`: whether you do. `details` are in the menu's own words."""

    id: str
    status: CallbackState
    queue: str
    service: str
    language: str
    details: dict[str, str]
    requested: Moment
    promised: Moment
    tries: int
    mine: bool
    phone: str
    history: list[Line]
    test: bool
    number: str | None = None

    def __repr__(self) -> str:
        return f"Shown({self.id})"


class Found(msgspec.Struct, frozen=True):
    """`next` is given as `after` for the rest; empty where there is no more."""

    callbacks: list[Shown]
    next: str


class Turn(StrEnum):
    """What can become of one: `waiting` gives it back, `unreachable` is a try that failed."""

    TAKEN = "taken"
    WAITING = "waiting"
    DONE = "done"
    UNREACHABLE = "unreachable"


class Patch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change (RFC 7396): a new status, a note, or both."""

    status: Turn | None = None
    note: Annotated[str, Meta(max_length=callbacks.LONGEST_NOTE)] = ""

    def __repr__(self) -> str:
        return "Patch()"


async def find(store: Store, key: Key, request: Request) -> Response:
    states = _states(request)
    queue = request.query_params.get("queue")
    try:
        page = await callbacks.listed(
            store,
            states=states,
            queues=None if queue is None else (queue,),
            agency=key.agency,
            test=key.kind is KeyKind.TEST,
            after=request.query_params.get("after", ""),
        )
    except ValueError:
        raise _invalid("after", "no such place in a list") from None
    return reply(Found([_shown(key, one) for one in page.callbacks], page.next))


async def read(store: Store, key: Key, request: Request) -> Response:
    return reply(_shown(key, await _own(store, key, request)))


async def change(store: Store, key: Key, request: Request) -> Response:
    """Each status is taken on once, so that a repeat changes nothing; a note is added each time
    that it comes without one."""
    patch = decoded(await json_body(request, (JSON, MERGE_PATCH)), _patches)
    before = await _own(store, key, request)
    by = _actor(key)
    try:
        if patch.status is None:
            if patch.note.strip():
                before = await callbacks.annotate(store, before.id, by, patch.note)
            return reply(_shown(key, before))
        changed = await _TURNS[patch.status](store, before.id, by, patch.note)
        number = None
        if changed.state is CallbackState.TAKEN:
            number = await callbacks.number(store, changed.id, by)
    except NotPossible as refused:
        raise Refusal(409, refused.code, _WHY[refused.code]) from None
    return reply(_shown(key, changed, number))


def _states(request: Request) -> tuple[CallbackState, ...]:
    given = request.query_params.get("status")
    if given is None:
        return _OPEN
    try:
        return (CallbackState(given),)
    except ValueError:
        raise _invalid("status", f"one of {', '.join(CallbackState)}") from None


def _invalid(field: str, detail: str) -> Refusal:
    fault = FieldFault(field, "wrong-type", detail)
    return Refusal(422, "invalid", "the request is not valid", errors=(fault,))


async def _own(store: Store, key: Key, request: Request) -> Callback:
    """404 for what is not there, and for what is not theirs: nobody can tell which."""
    found = await callbacks.read(store, request.path_params["id"])
    if found is None or found.agency != key.agency or found.test != (key.kind is KeyKind.TEST):
        raise Refusal(404, "not-found", "there is no such call-back")
    return found


def _actor(key: Key) -> Actor:
    return Actor(f"key:{key.id}")


def _shown(key: Key, callback: Callback, number: str | None = None) -> Shown:
    you = _actor(key).name
    return Shown(
        id=callback.id,
        status=callback.state,
        queue=callback.queue,
        service=callback.service,
        language=callback.language,
        details=dict(callback.details),
        requested=_moment(callback.asked),
        promised=_moment(callback.due),
        tries=callback.tries,
        mine=callback.holder == you,
        phone=callback.phone,
        history=[
            Line(
                _moment(note.at),
                note.what,
                "you" if note.by == you else "colleague" if note.by else "citizen",
                note.text,
            )
            for note in callback.notes
        ],
        test=callback.test,
        number=number,
    )


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


_TURNS: Mapping[Turn, Callable[[Store, str, Actor, str], Awaitable[Callback]]] = {
    Turn.TAKEN: callbacks.take,
    Turn.WAITING: callbacks.give_back,
    Turn.DONE: callbacks.done,
    Turn.UNREACHABLE: callbacks.unreachable,
}
_WHY = {
    "unknown": "the call-back is gone",
    "taken-by-other": "somebody else has taken it",
    "not-taken": "take it first",
    "ended": "it has ended",
}
_patches = msgspec.json.Decoder(Patch)

OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/callbacks",
        name="findCallbacks",
        summary="Citizens to be called back: open ones by the promise, ended ones newest first",
        right=Right.CALLBACKS,
        handle=find,
        answers={200: Found},
        faults=(422,),
        query=(
            Query(
                name="status",
                schema={"type": "string", "enum": [state.value for state in CallbackState]},
                summary="One status alone; without it, all that are open.",
            ),
            Query(name="queue", schema={"type": "string"}, summary="One queue alone."),
            Query(name="after", schema=_CURSOR, summary="`next` of the page before."),
        ),
        links={"readCallback": _ID, "changeCallback": _ID},
    ),
    Operation(
        method="GET",
        path="/v1/callbacks/{id}",
        name="readCallback",
        summary="One citizen to be called back",
        right=Right.CALLBACKS,
        handle=read,
        answers={200: Shown},
        faults=(404,),
    ),
    Operation(
        method="PATCH",
        path="/v1/callbacks/{id}",
        name="changeCallback",
        summary="Take it, and say how the call went",
        right=Right.CALLBACKS,
        handle=change,
        answers={200: Shown},
        faults=(400, 404, 409, 413, 415, 422),
        takes=Patch,
        example={"status": "taken"},
    ),
)
