"""Sending through Infobip, which takes our message's id for its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import httpx2
import msgspec

from gateway.errors import NumberError
from gateway.events import Fate, MessageState, OutgoingSms, Submission
from gateway.providers import Sender, Sending
from gateway.providers.environment import address, given
from gateway.providers.exchange import PAUSE, SECONDS, Unreadable, submit
from gateway.providers.infobip.sms import Status, judge
from gateway.providers.reasons import Reason
from gateway.text.msisdn import canonical

_PATH = "/sms/3/messages"


class _Destination(msgspec.Struct, rename="camel"):
    to: str
    message_id: str


class _Content(msgspec.Struct):
    text: str


class _Message(msgspec.Struct):
    sender: str
    destinations: Sequence[_Destination]
    content: _Content


class _Messages(msgspec.Struct):
    messages: Sequence[_Message]


class _Taken(msgspec.Struct, rename="camel"):
    message_id: str | None = None
    status: Status | None = None


class _Answer(msgspec.Struct):
    messages: Sequence[_Taken]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Answer, strict=False).decode


class Infobip:
    """`seconds` is the deadline of a whole attempt."""

    def __init__(
        self, base: str, key: str, http: httpx2.AsyncClient, seconds: float = SECONDS
    ) -> None:
        self._url = base + _PATH
        self._headers = {
            "Authorization": f"App {key}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        self._http = http
        self._seconds = seconds

    async def send(self, sms: OutgoingSms) -> Submission:
        if not sms.text:
            return Submission(Fate.FAILED, reason=Reason.INVALID_MESSAGE)
        try:
            if canonical(sms.to) != sms.to:
                return Submission(Fate.FAILED, reason=Reason.INVALID_NUMBER)
            destination = _Destination(to=sms.to[1:], message_id=sms.id)
            message = _Message(sms.sender, (destination,), _Content(sms.text))
            content = _encode(_Messages((message,)))
        except NumberError:
            return Submission(Fate.FAILED, reason=Reason.INVALID_NUMBER)
        except UnicodeEncodeError:  # half a surrogate pair
            return Submission(Fate.FAILED, reason=Reason.INVALID_MESSAGE)
        request = self._http.build_request(
            "POST", self._url, headers=self._headers, content=content
        )
        return await submit(self._http, request, lambda body: taken(body, sms.id), self._seconds)


def taken(body: bytes, message_id: str) -> Submission:
    """What an answer says of our one message. Raises Unreadable if it says nothing."""
    try:
        messages = _decode(body).messages
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Unreadable from None
    if len(messages) != 1 or (messages[0].message_id or message_id) != message_id:
        raise Unreadable
    state, reason = judge(messages[0].status or Status())
    match state:
        case MessageState.SENT | MessageState.DELIVERED:
            return Submission(Fate.SENT, message_id)
        case MessageState.SUPPRESSED:
            return Submission(Fate.SUPPRESSED, reason=reason or "")
        case MessageState.FAILED | MessageState.EXPIRED:
            if reason is Reason.INSUFFICIENT_BALANCE:
                return Submission(Fate.RETRY, reason=reason, pause=PAUSE)
            if reason in (Reason.THROTTLED, Reason.PROVIDER_TROUBLE):
                return Submission(Fate.RETRY, reason=reason)
            return Submission(Fate.FAILED, reason=reason or "")
    # An attempt of before whose answer was lost, or a status of tomorrow: a receipt will tell.
    return Submission(Fate.UNSURE, message_id, reason or Reason.OTHER)


def open_sender(environ: Mapping[str, str], http: httpx2.AsyncClient) -> Sender:
    base = address(environ, "INFOBIP_BASE_URL")
    key = given(environ, "INFOBIP_API_KEY", "the key of your account")
    return Infobip(base, key, http)


SENDING = Sending(("INFOBIP_BASE_URL", "INFOBIP_API_KEY"), open_sender, names_messages=True)
