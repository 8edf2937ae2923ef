"""A USSD session of Infobip: its id and its beginning and end stand in the address.

    POST …/ussd/session/{id}/start       the citizen dialled
    POST …/ussd/session/{id}/response    she typed
    PUT  …/ussd/session/{id}/end         it is over; the answer is not shown
    GET  …/ussd/session/{id}/status      whether it is still known; `…/ussd/status` too

What comes is the newest input alone, so a request that is repeated cannot be told from the same
key pressed again. The subscriber's IMSI comes along, and is not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from gateway.errors import NumberError, RequestMalformed
from gateway.events import UssdReply, UssdRequest
from gateway.providers import Ending, Present, SessionEnded, Visit, Wire
from gateway.providers.infobip.payload import NAME, number, payload

LONGEST_SESSION_ID = 128
LONGEST_CODE = 182  # a USSD string, 3GPP TS 22.090

_CONTENT_TYPE = (b"content-type", b"application/json")
_FINE = 200  # `responseExitCode`: the page is to be shown
_ENDED = 200  # `exitCode` of an end that was meant


class _Request(msgspec.Struct, rename="camel"):
    msisdn: str | int = ""
    short_code: str | None = None
    text: str | int | None = None
    ussd_gw_id: str | int | None = None  # the operator's gateway, as they number them


class _End(msgspec.Struct, rename="camel"):
    exit_code: int = 0


class _Reply(msgspec.Struct, rename="camel"):
    should_close: bool
    ussd_menu: str
    response_exit_code: int = _FINE
    response_message: str = ""


class _Done(msgspec.Struct, rename="camel"):
    response_exit_code: int = _FINE
    response_message: str = ""


class _Alive(_Done, rename="camel"):
    # A conversation outlives its sessions: whatever comes for one of them is answered.
    session_active: bool = True


_requests = msgspec.json.Decoder(_Request, strict=False)
_ends = msgspec.json.Decoder(_End, strict=False)
_encode = msgspec.json.Encoder().encode


def _wire(content: msgspec.Struct) -> Wire:
    body = _encode(content)
    return Wire(200, (_CONTENT_TYPE, (b"content-length", b"%d" % len(body))), body)


_TAKEN = _wire(_Done())
_ALIVE = _wire(_Alive())


def find_ussd(method: str, rest: Sequence[str]) -> Visit | None:
    match method, *rest:
        case _, "status":
            return Visit("status", "GET", _present, _ALIVE)
        case _, "session", _, "status":
            return Visit("session/{id}/status", "GET", _present, _ALIVE)
        case (_, "session", session_id, ("start" | "response") as last):
            read = partial(_read, session_id, begins=last == "start")
            return Visit(f"session/{{id}}/{last}", "POST", read)
        case _, "session", _, "end":
            return Visit("session/{id}/end", "PUT", _read_end, _TAKEN)
    return None


def _read(
    session_id: str, body: bytes, content_type: str, country: str, *, begins: bool
) -> UssdRequest:
    given = payload(body, content_type, _requests)
    if not session_id.strip() or len(session_id) > LONGEST_SESSION_ID:
        raise RequestMalformed("the session's id is missing or too long")
    code = (given.short_code or "").strip()
    if len(code) > LONGEST_CODE:
        raise RequestMalformed("shortCode is too long")
    try:
        phone = number(str(given.msisdn), country)
    except NumberError:
        raise RequestMalformed("msisdn is not a phone number") from None
    return UssdRequest(
        provider=NAME,
        session_id=session_id,
        phone=phone,
        service_code=f"*{code.replace('#', '*').strip('*')}#" if code else "",
        network=_word(given.ussd_gw_id).strip()[:32] or None,
        # No document says what a text at the start would be: it is no answer to anything.
        input="" if begins else _word(given.text),
        begins=begins,
    )


def _word(given: str | int | None) -> str:
    return "" if given is None else str(given)


def _read_end(body: bytes, content_type: str, country: str) -> SessionEnded:
    ended = payload(body, content_type, _ends)
    return SessionEnded(Ending.SUCCESS if ended.exit_code == _ENDED else Ending.INCOMPLETE)


def _present(body: bytes, content_type: str, country: str) -> Present:
    return Present()


def write_ussd(reply: UssdReply) -> Wire:
    return _wire(_Reply(should_close=reply.ends, ussd_menu=reply.text))
