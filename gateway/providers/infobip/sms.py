"""What Infobip tells of text messages: those that came, and how ours fared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from gateway.events import IncomingSms, MessageState, Receipt
from gateway.providers.infobip.payload import LONGEST_ID, LONGEST_SENDER, NAME, payload, sender
from gateway.providers.reasons import Reason, word


class Status(msgspec.Struct, rename="camel", frozen=True):
    """Of a message, in the answer to its sending and in its reports."""

    group_name: str = ""
    name: str = ""


class _Error(msgspec.Struct, rename="camel", frozen=True):
    group_name: str = ""
    name: str = ""
    permanent: bool = False


class _Message(msgspec.Struct, rename={"sender": "from", "message_id": "messageId"}):
    sender: str = ""
    to: str = ""
    text: str = ""
    message_id: str = ""


class _Report(msgspec.Struct, rename="camel"):
    message_id: str = ""
    status: Status = Status()
    error: _Error = _Error()


class _Messages(msgspec.Struct):
    results: list[_Message]


class _Reports(msgspec.Struct):
    results: list[_Report]


_messages = msgspec.json.Decoder(_Messages, strict=False)
_reports = msgspec.json.Decoder(_Reports, strict=False)

_GROUPS: Mapping[str, tuple[MessageState | None, Reason | None]] = {
    "OK": (MessageState.SENT, None),
    "ACCEPTED": (MessageState.SENT, None),
    "PENDING": (MessageState.SENT, None),
    "DELIVERED": (MessageState.DELIVERED, None),
    "EXPIRED": (MessageState.EXPIRED, Reason.EXPIRED),
    "UNDELIVERABLE": (MessageState.FAILED, Reason.NETWORK),
    "REJECTED": (MessageState.FAILED, Reason.REJECTED),
}
_ON_ITS_WAY = "DELIVERED_TO_OPERATOR"  # stands in the group of what was delivered, and was not

_REASONS: Mapping[str, Reason] = {
    "REJECTED_DESTINATION_ON_BLOCKLIST": Reason.OPTED_OUT,
    "REJECTED_DESTINATION": Reason.INVALID_NUMBER,
    "REJECTED_SENDER": Reason.INVALID_SENDER,
    "REJECTED_SOURCE": Reason.INVALID_SENDER,
    "REJECTED_NOT_ENOUGH_CREDITS": Reason.INSUFFICIENT_BALANCE,
    "REJECTED_NETWORK": Reason.NO_ROUTE,
    "REJECTED_ROUTE_NOT_AVAILABLE": Reason.NO_ROUTE,
    "UNDELIVERABLE_REJECTED_OPERATOR": Reason.REJECTED,
    "EC_ABSENT_SUBSCRIBER": Reason.ABSENT,
    "EC_ABSENT_SUBSCRIBER_SM": Reason.ABSENT,
    "EC_UNKNOWN_SUBSCRIBER": Reason.UNKNOWN_SUBSCRIBER,
    "EC_USER_IN_BLACKLIST": Reason.OPTED_OUT,
}


def read_sms(body: bytes, content_type: str, country: str) -> Sequence[IncomingSms]:
    """All messages of one call; `text` whole, with the keyword that their `cleanText` drops."""
    given = payload(body, content_type, _messages)
    return [
        IncomingSms(
            provider=NAME,
            id=message.message_id[:LONGEST_ID],
            phone=sender(message.sender, country),
            to=message.to.strip()[:LONGEST_SENDER],
            text=message.text,
        )
        for message in given.results
        if message.sender.strip()
    ]


def read_receipts(body: bytes, content_type: str) -> Sequence[Receipt]:
    given = payload(body, content_type, _reports)
    return [
        _receipt(report) for report in given.results if 0 < len(report.message_id) <= LONGEST_ID
    ]


def _receipt(report: _Report) -> Receipt:
    state, reason = judge(report.status)
    because = _REASONS.get(report.error.name)
    if because is not None and state in (MessageState.FAILED, MessageState.EXPIRED):
        reason = because
    if reason is Reason.OPTED_OUT:
        state = MessageState.SUPPRESSED
    name = report.status.group_name or report.status.name
    known = state is not None
    return Receipt(NAME, report.message_id, state, word(name), reason or "", known=known)


def judge(status: Status) -> tuple[MessageState | None, Reason | None]:
    """The state that a status stands for, and why; None for a group that is none of theirs."""
    if status.name == _ON_ITS_WAY:
        return MessageState.SENT, None
    state, reason = _GROUPS.get(status.group_name.upper(), (None, None))
    if state in (MessageState.FAILED, MessageState.EXPIRED):
        reason = _REASONS.get(status.name, reason)
        if reason is Reason.OPTED_OUT:
            state = MessageState.SUPPRESSED
    return state, reason
