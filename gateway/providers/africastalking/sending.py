"""Sending through Africa's Talking, one number a request so that each has its own outcome.

It has no key against sending twice: an attempt whose answer was lost stays in doubt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import httpx2
import msgspec

from gateway.errors import NumberError
from gateway.events import Fate, OutgoingSms, Submission
from gateway.providers import Sender, Sending
from gateway.providers.environment import address, given
from gateway.providers.exchange import PAUSE, SECONDS, Unreadable, submit
from gateway.providers.reasons import Reason
from gateway.text.msisdn import canonical

if TYPE_CHECKING:
    from gateway.providers.africastalking.library import Requests

_SENT = Submission(Fate.SENT)
_NO_IDS = frozenset({"", "none", "null"})


class _Recipient(msgspec.Struct, rename="camel"):
    number: str = ""
    status_code: int = 0
    status: str = ""
    message_id: str | None = None


class _Data(msgspec.Struct, rename="pascal"):
    message: str = ""
    recipients: Sequence[_Recipient] = ()


class _Answer(msgspec.Struct):
    data: _Data = msgspec.field(name="SMSMessageData")


def _failed(reason: Reason) -> Submission:
    return Submission(Fate.FAILED, reason=reason)


def _later(reason: Reason, pause: float = 0.0) -> Submission:
    return Submission(Fate.RETRY, reason=reason, pause=pause)


# 500 to 502 are told of one number inside a good answer, so it was surely not sent; they are
# troubles of the provider and the operator, which pass.
_OUTCOMES: Mapping[int, tuple[str, Submission]] = {
    100: ("Processed", _SENT),
    101: ("Sent", _SENT),
    102: ("Queued", _SENT),
    401: ("RiskHold", _failed(Reason.RISK_HOLD)),
    402: ("InvalidSenderId", _failed(Reason.INVALID_SENDER)),
    403: ("InvalidPhoneNumber", _failed(Reason.INVALID_NUMBER)),
    404: ("UnsupportedNumberType", _failed(Reason.INVALID_NUMBER)),
    405: ("InsufficientBalance", _later(Reason.INSUFFICIENT_BALANCE, PAUSE)),
    406: ("UserInBlacklist", Submission(Fate.SUPPRESSED, reason=Reason.OPTED_OUT)),
    407: ("CouldNotRoute", _failed(Reason.NO_ROUTE)),
    409: ("DoNotDisturbRejection", _failed(Reason.DO_NOT_DISTURB)),
    500: ("InternalServerError", _later(Reason.PROVIDER_TROUBLE)),
    501: ("GatewayError", _later(Reason.NETWORK)),
    502: ("RejectedByGateway", _later(Reason.REJECTED)),
}
_BY_NAME = {name.lower(): outcome for name, outcome in _OUTCOMES.values()}

_decode = msgspec.json.Decoder(_Answer, strict=False).decode  # a code may come as a text


class AfricasTalking:
    """`seconds` is the deadline of a whole attempt."""

    def __init__(
        self, requests: Requests, http: httpx2.AsyncClient, seconds: float = SECONDS
    ) -> None:
        self._requests = requests
        self._http = http
        self._seconds = seconds

    async def send(self, sms: OutgoingSms) -> Submission:
        try:
            # The package lets an empty text and numbers of other scripts through.
            if canonical(sms.to) != sms.to:
                return _failed(Reason.INVALID_NUMBER)
            if not sms.text:
                return _failed(Reason.INVALID_MESSAGE)
            built = self._requests.bulk(sms.to, sms.sender, sms.text)
            request = self._http.build_request(
                built.method,
                built.url,
                headers={**built.headers, "Accept-Encoding": "identity"},
                data=built.form,
            )
        except NumberError:
            return _failed(Reason.INVALID_NUMBER)
        except Exception:
            # Nothing was sent yet, whatever the package thinks of it.
            return _failed(Reason.INVALID_MESSAGE)
        return await submit(self._http, request, lambda body: judge(body, sms.to), self._seconds)


def judge(body: bytes, to: str) -> Submission:
    """What an answer says of our one number. Raises Unreadable if it says nothing."""
    try:
        data = _decode(body).data
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Unreadable from None
    if not data.recipients:
        # 201 all the same: it was sent to nobody, for the reason that stands for a message.
        outcome = _BY_NAME.get(data.message.strip().lower())
        if outcome is None or outcome.fate is Fate.SENT:
            return _later(Reason.OTHER)
        return outcome
    ours = [recipient for recipient in data.recipients if _same(recipient.number, to)]
    if len(ours) != 1:
        raise Unreadable
    return _outcome(ours[0])


def _outcome(recipient: _Recipient) -> Submission:
    provider_id = recipient.message_id
    if provider_id is not None and provider_id.strip().lower() in _NO_IDS:
        provider_id = None
    found = _OUTCOMES.get(recipient.status_code)
    if found is None:
        # A code of tomorrow may be a success: a receipt for the id will tell.
        return Submission(Fate.UNSURE, provider_id, Reason.OTHER)
    _, outcome = found
    if outcome.reason == Reason.RISK_HOLD and provider_id is not None:
        # What is held back under an id may be let go.
        return Submission(Fate.UNSURE, provider_id, Reason.RISK_HOLD)
    if outcome.fate is Fate.SENT:
        return Submission(Fate.SENT, provider_id)
    return outcome


def _same(theirs: str, ours: str) -> bool:
    try:
        return canonical(theirs if theirs.startswith("+") else f"+{theirs.strip()}") == ours
    except NumberError:
        return False


def open_sender(environ: Mapping[str, str], http: httpx2.AsyncClient) -> Sender:
    from gateway.providers.africastalking.library import Requests

    username = given(environ, "AT_USERNAME", "the name of your application, or sandbox")
    key = given(environ, "AT_API_KEY", "the key of that application")
    base = None
    if environ.get("AT_BASE_URL", "").strip():
        base = address(environ, "AT_BASE_URL")
    return AfricasTalking(Requests(username, key, base), http)


SENDING = Sending(("AT_USERNAME", "AT_API_KEY"), open_sender)
