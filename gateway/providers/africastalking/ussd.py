"""A USSD session of Africa's Talking: the whole transcript in, `CON ` or `END ` out.

Five fields: `sessionId`, `phoneNumber`, `networkCode`, `serviceCode`, `text`. `text` holds every
reply since the session began, joined by `*`, and only ever grows. What the sandbox, production,
simulators and proxies on the way make of these fields is in `tests/providers/cases/`.
"""

from __future__ import annotations

from gateway.errors import NumberError, RequestMalformed, RequestRefused
from gateway.events import UssdReply, UssdRequest
from gateway.providers import Ending, SessionEnded, Wire
from gateway.providers.africastalking.fields import NAME, network, only, phone
from gateway.providers.forms import check_media_type, fields

LONGEST_SESSION_ID = 128  # theirs have 38 characters
LONGEST_CODE = 182  # a USSD string, 3GPP TS 22.090

_ENDINGS = {ending.value: ending for ending in Ending}
_KNOWN = frozenset({"sessionId", "phoneNumber", "serviceCode", "networkCode", "text"})
_CONTENT_TYPE = (b"content-type", b"text/plain; charset=utf-8")


def read_ussd(body: bytes, content_type: str, country: str) -> UssdRequest:
    check_media_type(content_type)
    form = fields(body)
    if _KNOWN.isdisjoint(form):
        raise RequestRefused("no field of an Africa's Talking session")
    session_id = only(form, "sessionId").strip()
    if not session_id:
        raise RequestMalformed("sessionId is missing")
    if len(session_id) > LONGEST_SESSION_ID:
        raise RequestMalformed("sessionId is too long")
    return UssdRequest(
        provider=NAME,
        session_id=session_id,
        phone=_phone(only(form, "phoneNumber"), country),
        service_code=_service_code(only(form, "serviceCode")),
        network=network(form),
        transcript=_transcript(form),
    )


def write_ussd(reply: UssdReply) -> Wire:
    body = (f"END {reply.text}" if reply.ends else f"CON {reply.text}").encode()
    return Wire(200, (_CONTENT_TYPE, (b"content-length", b"%d" % len(body))), body)


def read_event(body: bytes, content_type: str) -> SessionEnded:
    check_media_type(content_type)
    status = fields(body).get("status", [""])[-1].strip().lower()
    return SessionEnded(_ENDINGS.get(status, Ending.OTHER))


def _transcript(form: dict[str, list[str]]) -> str:
    """`text`; of two different ones the longer, if it is the other one grown."""
    values = form.get("text")
    if not values:
        return ""
    longest = max(values, key=len)
    if len(values) > 1:
        for value in values:
            if value and value != "null" and value != longest and not longest.startswith(value):
                raise RequestMalformed("text is there twice, and differs")
    return "" if longest == "null" else longest


def _phone(raw: str, country: str) -> str:
    if not raw.strip():
        raise RequestMalformed("phoneNumber is missing")
    try:
        return phone(raw, country)
    except NumberError:
        raise RequestMalformed("phoneNumber is not a phone number") from None


def _service_code(raw: str) -> str:
    """`*384*229#`, also where it came without its star or hash; "" where there is none."""
    code = raw.strip()
    if not code:
        return ""
    if len(code) > LONGEST_CODE:
        raise RequestMalformed("serviceCode is too long")
    return f"*{code.strip('*#')}#"
