"""The demo's back end: one application in which each agency has its path and its token.

It keeps to the contract that the documentation asks of every back end: a bearer token, the
citizen's phone in `Citizen-Phone`, and one answer for one `Idempotency-Key`. At its root is the
page of those who work there.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from gateway.demo import civil_status, labour, modes, service_centre, training
from gateway.demo.exchange import BROKEN_NPI, SLOW_NPI, Asked, Operation, Refusal
from gateway.demo.ledger import DAY, Ledger
from gateway.demo.modes import Mode, Modes
from gateway.demo.outbox import Outbox
from gateway.demo.page import Guichet
from gateway.demo.paths import State
from gateway.demo.teller import Counter, Teller

AGENCIES = ("anip", "travail", "numerique", "service")
FIRST_PHONE = "+2290197000001"
"""The demo's first phone has requests already; its other phones have none."""

_OPERATIONS = (
    *civil_status.OPERATIONS,
    *labour.OPERATIONS,
    *training.OPERATIONS,
    *service_centre.OPERATIONS,
)
_BODY = 64 * 1024  # greatest request, in bytes
_LATE = 8  # seconds; beyond what the gateway waits for


def benin_time() -> datetime:
    return datetime.now(ZoneInfo("Africa/Porto-Novo"))


def agency(
    path: Path | str,
    tokens: Mapping[str, str],
    *,
    clock: Callable[[], datetime] = benin_time,
    day: float = DAY,
    counter: Counter | None = None,
    heard: Callable[[str, Mode], None] | None = None,
) -> Starlette:
    """The application. `path` is its SQLite file (`:memory:` too); `tokens` are by agency.

    `day` is what a working day takes, in seconds; `counter` is the gateway that is told of cases,
    if one is; `heard` is told of each agency whose behaviour was changed.
    """
    ledger = Ledger(path, clock, day=day)
    _furnish(ledger)
    outbox = Outbox(ledger.database)
    moods = Modes(AGENCIES, heard)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        telling = asyncio.create_task(Teller(ledger, outbox, counter).run())
        yield
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
        ledger.close()

    return Starlette(
        routes=[
            *Guichet(ledger, outbox, moods).routes(),
            *(
                Mount(
                    f"/{name}",
                    routes=[
                        Route(
                            operation.path,
                            _endpoint(operation, ledger, tokens[name], moods),
                            methods=[operation.method],
                            name=f"{operation.method} {operation.path}",
                        )
                        for operation in _OPERATIONS
                        if operation.agency == name
                    ],
                )
                for name in AGENCIES
            ),
        ],
        lifespan=lifespan,
    )


def environment(url: str, tokens: Mapping[str, str]) -> dict[str, str]:
    """What the gateway's site file reads of these back ends, served at `url`."""
    given: dict[str, str] = {}
    for name in AGENCIES:
        given[f"{name.upper()}_URL"] = f"{url}/{name}"
        given[f"{name.upper()}_TOKEN"] = tokens[name]
    return given


def _endpoint(
    operation: Operation, ledger: Ledger, token: str, moods: Modes
) -> Callable[..., object]:
    expected = f"Bearer {token}".encode()
    secret = hashlib.blake2b(token.encode()).digest()

    async def endpoint(request: Request) -> Response:
        given_token = request.headers.get("Authorization", "").encode("latin-1")
        if not hmac.compare_digest(given_token, expected):
            return _reply(401, _problem(401))
        try:
            body = await _body(request)
        except ValueError:
            return _reply(400, _problem(400))
        given = {**request.query_params, **body, **request.path_params}
        npi = str(given.get("npi", given.get("answer", "")))
        if npi.startswith(SLOW_NPI):
            await modes.wait(request, _LATE)
        if npi.startswith(BROKEN_NPI):
            return _reply(503, _problem(503))
        mode = moods.of(operation.agency)
        instead = await modes.before(mode, request, changes=operation.changes)
        if instead is not None:
            return instead
        asked = Asked(given, request.headers.get("Citizen-Phone"), ledger.clock(), ledger)
        key = request.headers.get("Idempotency-Key") if operation.changes else None
        with ledger.together():
            ledger.catch_up()
            status, content = (
                _once(operation, asked, key, secret) if key else _answer(operation, asked)
            )
        if mode is Mode.WRONG_TYPES and status < 400:
            content = modes.bent(content)
        return _reply(status, content)

    return endpoint


def _once(operation: Operation, asked: Asked, key: str, secret: bytes) -> tuple[int, bytes]:
    """One answer for one key (draft-ietf-httpapi-idempotency-key-header section 2.6)."""
    content = [operation.method, operation.path, asked.phone, asked.given]
    # keyed: what was asked holds a secret code, and short ones are soon guessed from a bare hash
    fingerprint = hashlib.blake2b(
        msgspec.json.encode(content, order="deterministic"), key=secret, digest_size=16
    ).digest()
    before = asked.ledger.answered(operation.agency, key)
    if before is not None:
        if before[0] != fingerprint:
            return 400, _problem(400)
        return before[1], before[2]
    status, body = _answer(operation, asked)
    if status != 422:  # to be corrected and sent again
        asked.ledger.keep_answer(operation.agency, key, fingerprint, status, body)
    return status, body


def _answer(operation: Operation, asked: Asked) -> tuple[int, bytes]:
    try:
        return 201 if operation.changes else 200, msgspec.json.encode(operation.handler(asked))
    except Refusal as refusal:
        return refusal.status, _problem(refusal.status)


async def _body(request: Request) -> dict[str, object]:
    """The JSON object that a request holds; raises ValueError."""
    content = bytearray()
    try:
        async for piece in request.stream():
            content += piece
            if len(content) > _BODY:
                raise ValueError
    except ClientDisconnect:
        raise ValueError from None
    if not content:
        return {}
    try:
        return msgspec.json.decode(content, type=dict[str, object])
    except (msgspec.MsgspecError, RecursionError):
        raise ValueError from None


def _problem(status: int) -> bytes:
    return msgspec.json.encode({"status": status})


def _reply(status: int, content: bytes) -> Response:
    media = "application/json" if status < 400 else "application/problem+json"
    return Response(content, status, media_type=media)


def _furnish(ledger: Ledger) -> None:
    """What the first phone asked for before today, so that there is something to look up."""
    if ledger.of_phone(FIRST_PHONE):
        return
    now = ledger.clock()
    with ledger.together():
        for prefix, subject, detail, place, promised, since, state in (
            ("EC", "acte", "mariage", "Ouidah", 5, 9, State.READY),
            ("PL", "plainte", "salaire", "Direction Cotonou", 30, 6, State.UNDERWAY),
            ("EC", "acte", "naissance", "Cotonou", 3, 2, State.UNDERWAY),
        ):
            made = now - timedelta(days=since)
            request = ledger.record(
                prefix,
                subject,
                detail,
                place,
                phone=FIRST_PHONE,
                npi="1234567890",
                days=promised,
                made=made,
            )
            for passed in (State.UNDERWAY, State.READY):
                if passed is State.UNDERWAY or passed is state:
                    at = now if passed is state else made + timedelta(days=1)
                    request = ledger.enter(request, passed, at=at.timestamp(), told=False)
