"""What Africa's Talking tells of text messages: those that came, how ours fared, who wants none.

All three are forms. It brings an incoming message again every minute, for hours, until it is
answered with 200: so nothing is refused here but what cannot be theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gateway.errors import NumberError, RequestMalformed, RequestRefused
from gateway.events import IncomingSms, MessageState, OptedOut, Receipt
from gateway.providers.africastalking.fields import NAME, network, only, phone
from gateway.providers.forms import check_media_type, fields
from gateway.providers.reasons import Reason, word

LONGEST_ID = 128  # theirs are UUIDs, numbers, or `ATXid_` and 32 hex digits
LONGEST_SENDER = 32

_LEAST_DIGITS = 7  # of a telephone number; what is shorter is a short code

_Form = dict[str, list[str]]

_STATES: Mapping[str, tuple[MessageState, Reason | None]] = {
    # « Buffered » waits at the operator: the provider has taken it in any case.
    "sent": (MessageState.SENT, None),
    "submitted": (MessageState.SENT, None),
    "buffered": (MessageState.SENT, None),
    "success": (MessageState.DELIVERED, None),
    "absentsubscriber": (MessageState.EXPIRED, Reason.ABSENT),
    "expired": (MessageState.EXPIRED, Reason.EXPIRED),
    "rejected": (MessageState.FAILED, Reason.REJECTED),
    "failed": (MessageState.FAILED, Reason.NETWORK),
}

# Their pages spell some of these in two ways; small letters make them one but for the typing
# error in « NotNetworkSubcriber ».
_REASONS: Mapping[str, Reason] = {
    "insufficientcredit": Reason.INSUFFICIENT_BALANCE,
    "invalidlinkid": Reason.NOT_SUBSCRIBED,
    "userisinactive": Reason.INACTIVE,
    "userinblacklist": Reason.OPTED_OUT,
    "useraccountsuspended": Reason.INACTIVE,
    "notnetworksubcriber": Reason.UNKNOWN_SUBSCRIBER,
    "notnetworksubscriber": Reason.UNKNOWN_SUBSCRIBER,
    "usernotsubscribedtoproduct": Reason.NOT_SUBSCRIBED,
    "userdoesnotexist": Reason.UNKNOWN_SUBSCRIBER,
    "deliveryfailure": Reason.NETWORK,
    "donotdisturbrejection": Reason.DO_NOT_DISTURB,
}


def read_sms(body: bytes, content_type: str, country: str) -> Sequence[IncomingSms]:
    form = _form(body, content_type, "from", "id", "text", "to")
    try:
        sender = only(form, "from")
        if not sender.strip():
            return ()
        return (
            IncomingSms(
                provider=NAME,
                id=_id(form),
                phone=_sender(sender, country),
                to=only(form, "to").strip()[:LONGEST_SENDER],
                text=_text(form),
                network=network(form),
            ),
        )
    except RequestMalformed:
        return ()


def read_receipts(body: bytes, content_type: str) -> Sequence[Receipt]:
    form = _form(body, content_type, "id", "status")
    try:
        provider_id = _id(form)
        status = only(form, "status").strip()
        because = only(form, "failureReason").strip()
    except RequestMalformed:
        return ()
    if not provider_id:
        return ()
    found = _STATES.get(status.lower())
    if found is None:
        return (Receipt(NAME, provider_id, None, word(status), known=False),)
    state, reason = found
    if state is MessageState.FAILED and because:
        reason = _REASONS.get(because.lower(), Reason.OTHER)
        if reason is Reason.OPTED_OUT:
            state = MessageState.SUPPRESSED
    return (Receipt(NAME, provider_id, state, word(status), reason or ""),)


def read_opt_outs(body: bytes, content_type: str, country: str) -> Sequence[OptedOut]:
    """Neither id nor date comes with one: the same one again says the same thing."""
    form = _form(body, content_type, "senderId", "phoneNumber")
    try:
        sender = only(form, "senderId").strip()[:LONGEST_SENDER]
        number = phone(only(form, "phoneNumber"), country)
    except (RequestMalformed, NumberError):
        return ()
    # A subscription's notice, sent to the wrong address, has a number but no sender.
    return (OptedOut(NAME, number, sender),) if sender else ()


def _form(body: bytes, content_type: str, *known: str) -> _Form:
    check_media_type(content_type)
    form = fields(body)
    if form.keys().isdisjoint(known):
        raise RequestRefused("no field of what Africa's Talking sends here")
    return form


def _id(form: _Form) -> str:
    given = only(form, "id").strip()
    if len(given) > LONGEST_ID:
        raise RequestRefused("the id is too long")
    return "" if given == "None" else given


def _text(form: _Form) -> str:
    """The text as it was typed. « null » is what somebody may write, or be called."""
    values = set(form.get("text", ("",)))
    if len(values) > 1:
        raise RequestMalformed("text is there twice, and differs")
    return values.pop()


def _sender(raw: str, country: str) -> str | None:
    """The number to answer, or None for a word (`MTN`) or a short code."""
    if sum(character.isdigit() for character in raw) < _LEAST_DIGITS:
        return None
    try:
        return phone(raw, country)
    except NumberError:
        return None
