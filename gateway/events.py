"""What rooms hand each other: frozen values, no behaviour.

They are msgspec's structs: a step makes a dozen of them, each at a tenth of a dataclass's cost.
Those that hold no container can be in no cycle, and the collector need not look at them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from types import MappingProxyType

import msgspec

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


_NONE: Mapping[str, str] = MappingProxyType({})


class Channel(StrEnum):
    USSD = "ussd"
    SMS = "sms"


class Encoding(StrEnum):
    """3GPP TS 23.038: the default alphabet (septets), or UCS-2 (16-bit units)."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


class Outcome(StrEnum):
    """How a back end's operation ended."""

    OK = "ok"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    INVALID = "invalid"
    UNAVAILABLE = "unavailable"


# ---- from a provider, and back to it -------------------------------------------------


class UssdRequest(msgspec.Struct, frozen=True, gc=False):
    """One request inside an operator's USSD session, as every dialect reduces it.

    Dialects that send the whole history fill `transcript` (`"1*2"`); those that send the
    latest input alone fill `input`. The other one is None.
    """

    provider: str
    session_id: str
    phone: str  # canonical E.164
    service_code: str  # as dialled: "*229#", perhaps with a suffix
    network: str | None  # the operator's code, opaque ("61603")
    transcript: str | None = None
    input: str | None = None
    begins: bool = False  # a dialect that says so; transcript dialects leave it to the session


class UssdReply(msgspec.Struct, frozen=True, gc=False):
    """One page for the phone. `ends` closes the operator's session."""

    text: str
    ends: bool


class IncomingSms(msgspec.Struct, frozen=True, gc=False):
    """A text message from a phone, as every dialect reduces it.

    `phone` is None where the sender is no telephone number (a word, a short code): it is never
    answered. `id` is the provider's, the same when it repeats the message; "" where it has none.
    """

    provider: str
    id: str
    phone: str | None  # canonical E.164
    to: str  # the short code or name it was sent to
    text: str
    network: str | None = None


class OptedOut(msgspec.Struct, frozen=True, gc=False):
    """A provider's word that a citizen wants no more messages from `sender`."""

    provider: str
    phone: str
    sender: str


# ---- messages on their way to a phone ------------------------------------------------


class MessageState(StrEnum):
    """Where a message is. What is in FINAL never changes again."""

    ACCEPTED = "accepted"
    QUEUED = "queued"
    SUBMITTING = "submitting"  # an attempt is being made
    SENT = "sent"  # the provider took it
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"  # stopped by the citizen, or by the brake against repeats
    UNCERTAIN = "uncertain"  # an attempt whose fate nobody knows, held
    CANCELLED = "cancelled"


FINAL = frozenset(
    {
        MessageState.DELIVERED,
        MessageState.FAILED,
        MessageState.EXPIRED,
        MessageState.SUPPRESSED,
        MessageState.CANCELLED,
    }
)


class Lane(StrEnum):
    ANSWERS = "answers"  # to what a citizen just did
    MASS = "mass"


class OutgoingSms(msgspec.Struct, frozen=True, gc=False):
    """One message for a provider: `text` fits `encoding`, `segments` is what it will cost."""

    id: str  # ours, made at acceptance
    to: str  # canonical E.164
    sender: str
    text: str
    encoding: Encoding
    segments: int


class Fate(StrEnum):
    """What came of handing a message to a provider."""

    SENT = "sent"
    RETRY = "retry"  # surely not sent; later it may be
    FAILED = "failed"  # surely not sent, and never will be
    SUPPRESSED = "suppressed"  # the provider knows that she wants none
    UNSURE = "unsure"  # nobody knows whether it was sent


class Submission(msgspec.Struct, frozen=True, gc=False):
    """One attempt's outcome. `reason` is a stable code (`insufficient-balance`), "" for SENT.

    `pause`: seconds in which this provider can send nothing at all, whoever it is for.
    """

    fate: Fate
    provider_id: str | None = None
    reason: str = ""
    pause: float = 0.0


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """A delivery report. `state` is None for what changes nothing, or for a `status` that is not
    in the provider's documents: it is counted, and the message stays as it is."""

    provider: str
    provider_id: str
    state: MessageState | None
    status: str  # the provider's own word, at most 32 characters
    reason: str = ""  # a stable code
    known: bool = True  # whether `status` is in the provider's documents


# ---- what the service centre works on ------------------------------------------------


class CallbackState(StrEnum):
    """Where a call-back is. DONE and UNREACHABLE are final."""

    WAITING = "waiting"
    TAKEN = "taken"  # somebody is about to call
    DONE = "done"
    UNREACHABLE = "unreachable"  # tried as often as it should be


# ---- into the engine -----------------------------------------------------------------


class Dial(msgspec.Struct, frozen=True, gc=False):
    """A conversation is opened (or, after a cut, opened again) by a code.

    `conversation` is the id a new conversation gets; `suffix` what was dialled after the code.
    """

    code: str
    conversation: str
    suffix: tuple[str, ...] = ()


class Typed(msgspec.Struct, frozen=True, gc=False):
    """What the citizen typed on the open screen."""

    text: str


class Texted(msgspec.Struct, frozen=True, gc=False):
    """A text message to the short code. `conversation` is the id a new conversation gets."""

    text: str
    conversation: str


class Answered(msgspec.Struct, frozen=True):
    """What a back end answered to a `CallRequest`. `data` keeps its JSON types."""

    outcome: Outcome
    data: Json = None


class Delayed(msgspec.Struct, frozen=True, gc=False):
    """A back end has not answered a `CallRequest` yet, and this screen can wait no longer.

    `lost`: nobody asks it any more, and what it takes (a secret) is no longer there to ask again.
    """

    lost: bool = False


Replied = Answered | Delayed


class Arrived(msgspec.Struct, frozen=True, gc=False):
    """What a conversation waits for may be there: it goes on by itself."""


class Bearer(msgspec.Struct, frozen=True, gc=False):
    """What carries a page to the phone: `budget` in septets (GSM-7) or 16-bit units (UCS-2)."""

    channel: Channel
    encoding: Encoding
    budget: int
    operator: str  # the site's name for it, "" if unknown


class Scene(msgspec.Struct, frozen=True):
    """What the engine may know of the world during one turn; it reads no clock.

    `bearers`: what carries a page where her language decides its encoding; else `bearer` does.
    """

    phone: str
    bearer: Bearer
    now: int  # seconds since the epoch
    today: date  # in the site's time zone
    language: str | None = None  # remembered from an earlier conversation
    secrets: Mapping[str, str] = _NONE  # opened pins, by variable
    bearers: Mapping[Encoding, Bearer] | None = None


# ---- out of the engine ---------------------------------------------------------------


class CallRequest(msgspec.Struct, frozen=True):
    """An operation of a back end that the turn needs answered before it can go on.

    (`conversation`, `step`, `attempt`) is what its idempotency key is made of: a repeat has
    the same three, a new attempt another `attempt`.
    """

    conversation: str
    step: str
    attempt: int
    operation: str  # "anip.creer_demande"
    arguments: Mapping[str, Json]
    phone: str | None  # only where `with` names it
    again: bool = False  # it was asked before, and may have been answered meanwhile
    complete: bool = True  # False: a secret is gone, and only what was answered before will do


class Effect(msgspec.Struct, frozen=True):
    """Something to be done once, kept with the session in one script.

    `kind` is sms, callback, follow or rate, or late: what a conversation waits for is brought to
    her. `body` is what the worker needs to do it, beside the citizen's number.
    """

    kind: str
    conversation: str
    step: str
    attempt: int
    service: str
    body: Mapping[str, Json]
