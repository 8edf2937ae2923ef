"""What Infobip tells of text messages: those that came, and how ours fared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from gateway.events import IncomingSms, MessageState, Receipt
from gateway.providers.infobip.payload import LONGEST_ID, LONGEST_SENDER, NAME, payload, sender
from gateway.providers.reasons import Reason, word


class Status(msgspec.Struct, rename="camel", frozen=True):
    """Of a message, in the answer to its sending and in its reports."""

    group_name: str | None = None
    name: str | None = None


class _Error(msgspec.Struct, frozen=True):
    name: str | None = None


class _Message(msgspec.Struct, rename={"sender": "from", "message_id": "messageId"}):
    sender: str | None = None
    to: str | None = None
    text: str | None = None
    message_id: str | None = None


class _Report(msgspec.Struct, rename="camel"):
    message_id: str | None = None
    status: Status | None = None
    error: _Error | None = None


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
_KNOWN_ID = "REJECTED_DUPLICATE_MESSAGE_ID"  # says nothing of the message that has the id

# Of their several hundred codes those that say more than their group does: statuses first, then
# the errors that come along with one in a report.
_REASONS: Mapping[str, Reason] = {
    "REJECTED_NETWORK": Reason.NO_ROUTE,
    "REJECTED_ROUTE_NOT_AVAILABLE": Reason.NO_ROUTE,
    "REJECTED_PREFIX_MISSING": Reason.INVALID_NUMBER,
    "REJECTED_DESTINATION": Reason.INVALID_NUMBER,
    "MISSING_TO": Reason.INVALID_NUMBER,
    "REJECTED_DND": Reason.DO_NOT_DISTURB,
    "REJECTED_SOURCE": Reason.INVALID_SENDER,
    "REJECTED_SENDER": Reason.INVALID_SENDER,
    "REJECTED_NOT_ENOUGH_CREDITS": Reason.INSUFFICIENT_BALANCE,
    "REJECTED_PREPAID_PACKAGE_EXPIRED": Reason.INSUFFICIENT_BALANCE,
    "REJECTED_DESTINATION_BLOCKLISTED": Reason.OPTED_OUT,
    "REJECTED_DESTINATION_BLACKLISTED": Reason.OPTED_OUT,  # its name of some years ago
    "REJECTED_FLOODING_FILTER": Reason.THROTTLED,
    "REJECTED_SYSTEM_ERROR": Reason.PROVIDER_TROUBLE,
    "UNDELIVERABLE_REJECTED_PLATFORM": Reason.PROVIDER_TROUBLE,
    "REJECTED_INVALID_UDH": Reason.INVALID_MESSAGE,
    "REJECTED_MESSAGE_TOO_LONG": Reason.INVALID_MESSAGE,
    "SIGNALS_BLOCKED": Reason.RISK_HOLD,
    "UNDELIVERABLE_REJECTED_OPERATOR": Reason.REJECTED,
    "EC_ABSENT_SUBSCRIBER": Reason.ABSENT,
    "EC_ABSENT_SUBSCRIBER_SM": Reason.ABSENT,
    "EC_UNKNOWN_SUBSCRIBER": Reason.UNKNOWN_SUBSCRIBER,
    "EC_UNIDENTIFIED_SUBSCRIBER": Reason.UNKNOWN_SUBSCRIBER,
    "EC_ILLEGAL_SUBSCRIBER": Reason.INACTIVE,
    "EC_CALL_BARRED": Reason.INACTIVE,
    "EC_DEST_ADDRESS_SUSPENDED": Reason.INACTIVE,
    "EC_DEACTIVATED_LIST": Reason.INACTIVE,
    "EC_INVALID_DESTINATION_ADDRESS": Reason.INVALID_NUMBER,
    "EC_INVALID_REQUEST_DESTINATION": Reason.INVALID_NUMBER,
    "EC_INVALID_SOURCE_ADDRESS": Reason.INVALID_SENDER,
    "EC_BLACKLISTED_SENDERADDRESS": Reason.INVALID_SENDER,
    "EC_SC_BLOCKED_BY_END_USER": Reason.OPTED_OUT,
    "EC_CONTENT_BLOCKED": Reason.OPTED_OUT,  # « by user opt-out », says its description
    "EC_BLACKLISTED_DESTINATIONADDRESS": Reason.OPTED_OUT,
    "EC_VALIDITY_EXPIRED": Reason.EXPIRED,
}


def read_sms(body: bytes, content_type: str, country: str) -> Sequence[IncomingSms]:
    """All messages of one call; `text` whole, with the keyword that their `cleanText` drops."""
    given = payload(body, content_type, _messages)
    return [
        IncomingSms(
            provider=NAME,
            id=(message.message_id or "")[:LONGEST_ID],
            phone=sender(message.sender, country),
            to=(message.to or "").strip()[:LONGEST_SENDER],
            text=message.text or "",
        )
        for message in given.results
        if message.sender and message.sender.strip()
    ]


def read_receipts(body: bytes, content_type: str) -> Sequence[Receipt]:
    given = payload(body, content_type, _reports)
    return [
        _receipt(report.message_id, report.status or Status(), report.error or _Error())
        for report in given.results
        if report.message_id and len(report.message_id) <= LONGEST_ID
    ]


def _receipt(message_id: str, status: Status, error: _Error) -> Receipt:
    told = word(status.group_name or status.name or "")
    if status.name == _KNOWN_ID:
        return Receipt(NAME, message_id, None, told)
    state, reason = judge(status)
    because = _REASONS.get(error.name or "")
    if because is not None and state in (MessageState.FAILED, MessageState.EXPIRED):
        reason = because
    if reason is Reason.OPTED_OUT:
        state = MessageState.SUPPRESSED
    return Receipt(NAME, message_id, state, told, reason or "", known=state is not None)


def judge(status: Status) -> tuple[MessageState | None, Reason | None]:
    """The state that a status stands for, and why; None for a group that is none of theirs, and
    where an id was used before."""
    if status.name == _ON_ITS_WAY:
        return MessageState.SENT, None
    if status.name == _KNOWN_ID:
        return None, Reason.DUPLICATE
    state, reason = _GROUPS.get((status.group_name or "").upper(), (None, None))
    if state in (MessageState.FAILED, MessageState.EXPIRED):
        reason = _REASONS.get(status.name or "", reason)
        if reason is Reason.OPTED_OUT:
            state = MessageState.SUPPRESSED
    return state, reason
