"""Why a message did not arrive, in words of our own that stay the same for every provider."""

from __future__ import annotations

import re
from enum import StrEnum

LONGEST_STATUS = 32

_WORD = re.compile(r"[A-Za-z_ -]+")


class Reason(StrEnum):
    """The codes in `Submission.reason` and `Receipt.reason`: a closed set, fit for a label."""

    # about the citizen, or her number
    OPTED_OUT = "opted-out"
    DO_NOT_DISTURB = "do-not-disturb"  # a register of her country or operator
    ABSENT = "absent"  # her phone was off or out of reach for too long
    INVALID_NUMBER = "invalid-number"
    UNKNOWN_SUBSCRIBER = "unknown-subscriber"
    INACTIVE = "inactive"  # her line is closed or barred
    # about the message, or our account
    EXPIRED = "expired"
    INVALID_SENDER = "invalid-sender"
    INVALID_MESSAGE = "invalid-message"
    INSUFFICIENT_BALANCE = "insufficient-balance"
    NOT_SUBSCRIBED = "not-subscribed"  # to a product that is charged for
    RISK_HOLD = "risk-hold"  # held back by the provider's own check
    # about the way there
    NO_ROUTE = "no-route"
    NETWORK = "network"  # the operator's network did not deliver it
    REJECTED = "rejected"
    # about the provider's interface
    DUPLICATE = "duplicate"  # an earlier attempt has this message's id
    CREDENTIALS = "credentials"
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    DEADLINE = "deadline"
    CONNECTION_LOST = "connection-lost"
    PROVIDER_TROUBLE = "provider-trouble"
    UNREADABLE = "unreadable"  # an answer that says nothing of our message
    REFUSED = "refused"  # the request as such
    OTHER = "other"  # what the provider's documents do not name


def word(status: str) -> str:
    """A provider's own word as `Receipt.status` keeps it; "" for what is none.

    Whoever knows a callback address can write anything there, a number too.
    """
    cut = status[:LONGEST_STATUS]
    return cut if _WORD.fullmatch(cut) else ""
