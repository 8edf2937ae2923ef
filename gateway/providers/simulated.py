"""A provider that reaches no telephone: for test keys, and for a demo's own phones.

A message goes the real way all the same. It is taken or refused here, arrives at a handset (if
there is one), and is reported to the address of real receipts. What becomes of it is told by the
number, so that an agency can try each outcome: see `Magic`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from enum import StrEnum

import httpx2
import msgspec

from gateway.errors import NumberError, RequestRefused
from gateway.events import Fate, IncomingSms, MessageState, OutgoingSms, Receipt, Submission
from gateway.providers import Dialect
from gateway.providers.reasons import Reason, word
from gateway.text.msisdn import canonical

NAME = "simulated"
RESERVED = "+22901970000"
"""The numbers that begin so, two digits following, belong to nobody."""


class Magic(StrEnum):
    """The last two digits of a reserved number, and what becomes of messages to it. Those to any
    other number are delivered."""

    FAILED = "90"  # taken, then not delivered
    REFUSED = "91"  # not taken
    ABSENT = "92"  # taken, then expired: her phone was off
    UNSURE = "93"  # the answer is lost; the receipt comes nevertheless
    LATER = "94"  # not taken the first time, then delivered
    OPTED_OUT = "95"  # the provider knows that she wants none
    UNREPORTED = "96"  # taken, and nothing is heard of it
    EARLY = "97"  # the receipt comes before the answer
    DOUBLED = "98"  # the receipt comes twice


_NUMBERS = {RESERVED + magic.value: magic for magic in Magic}
_REASONS = {reason.value for reason in Reason}
_REFUSALS = {
    Magic.REFUSED: Submission(Fate.FAILED, reason=Reason.REJECTED),
    Magic.OPTED_OUT: Submission(Fate.SUPPRESSED, reason=Reason.OPTED_OUT),
}
_ENDS = {
    Magic.FAILED: (MessageState.FAILED, Reason.NETWORK),
    Magic.ABSENT: (MessageState.EXPIRED, Reason.ABSENT),
}
_STATES = {
    state.value: state
    for state in (MessageState.DELIVERED, MessageState.FAILED, MessageState.EXPIRED)
}

Handset = Callable[[OutgoingSms], Awaitable[None]]


class _Report(msgspec.Struct):
    id: str
    status: str
    reason: str = ""


class _Sms(msgspec.Struct, rename={"sender": "from"}):
    id: str
    sender: str
    to: str
    text: str


class Simulated:
    """`reports` posts to `address`, the route of real receipts; `handset` gets what arrives.

    Reports are made beside what goes on: `close` waits for those still under way.
    """

    def __init__(
        self, reports: httpx2.AsyncClient, address: str, handset: Handset | None = None
    ) -> None:
        self._reports = reports
        self._address = address
        self._handset = handset
        self._refused_once: set[str] = set()
        self._under_way: set[asyncio.Task[None]] = set()

    async def send(self, sms: OutgoingSms) -> Submission:
        magic = _magic(sms.to)
        refusal = _REFUSALS.get(magic) if magic else None
        if refusal is not None:
            return refusal
        if magic is Magic.LATER and sms.id not in self._refused_once:
            self._refused_once.add(sms.id)
            return Submission(Fate.RETRY, reason=Reason.THROTTLED)
        self._refused_once.discard(sms.id)
        provider_id = f"SIM_{sms.id}"
        arrival = self._arrive(sms, provider_id, magic)
        if magic is Magic.EARLY:
            await arrival
        else:
            task = asyncio.get_running_loop().create_task(arrival)
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        if magic is Magic.UNSURE:
            return Submission(Fate.UNSURE, provider_id, Reason.DEADLINE)
        return Submission(Fate.SENT, provider_id)

    async def close(self) -> None:
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def _arrive(self, sms: OutgoingSms, provider_id: str, magic: Magic | None) -> None:
        state, reason = (MessageState.DELIVERED, "")
        if magic in _ENDS:
            state, reason = _ENDS[magic]
        elif self._handset is not None:
            await self._handset(sms)
        if magic is Magic.UNREPORTED:
            return
        body = msgspec.json.encode(_Report(provider_id, state.value, reason))
        # A provider that cannot reach us tries again; nothing hangs on it where all is made up.
        with suppress(httpx2.HTTPError):
            for _ in range(2 if magic is Magic.DOUBLED else 1):
                await self._reports.post(
                    self._address, content=body, headers={"Content-Type": "application/json"}
                )


def _magic(number: str) -> Magic | None:
    return _NUMBERS.get(number)


_reports = msgspec.json.Decoder(_Report)
_messages = msgspec.json.Decoder(_Sms)


def read_sms(body: bytes, content_type: str, country: str) -> Sequence[IncomingSms]:
    """What a demo's phone sends: `{"id": …, "from": …, "to": …, "text": …}`."""
    try:
        sms = _messages.decode(body)
        phone = canonical(sms.sender, country)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, NumberError):
        raise RequestRefused("no message of the simulated provider") from None
    return (IncomingSms(NAME, sms.id, phone, sms.to, sms.text),)


def read_receipts(body: bytes, content_type: str) -> Sequence[Receipt]:
    try:
        report = _reports.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise RequestRefused("no report of the simulated provider") from None
    state = _STATES.get(report.status)
    known = state is not None
    reason = report.reason if report.reason in _REASONS else ""
    return (Receipt(NAME, report.id, state, word(report.status), reason, known=known),)


DIALECT = Dialect(NAME, read_sms=read_sms, read_receipts=read_receipts)
