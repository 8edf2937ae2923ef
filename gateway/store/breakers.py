"""Whether a back end is called, and how many calls at a time: shared by all processes.

One that fails all its calls, or half of them for some seconds, is left alone for a while, then
tried by one call at a time. The clock is the server's, and what a killed process had under way
ends by its lease.
"""

from __future__ import annotations

import os
from enum import StrEnum

import msgspec

from gateway.store.keys import Names
from gateway.store.library import ADMIT, SETTLED
from gateway.store.nodes import Nodes

WINDOW = 5.0  # seconds: this one and the one before count
LEAST = 10  # calls in both, before their failing says something
PAUSE, LONGEST_PAUSE = 5.0, 60.0  # seconds that it is left alone: at first, and at most


class Entry(StrEnum):
    GO = "go"
    PROBE = "probe"  # the one call that tries whether it is there again
    OPEN = "open"  # it is left alone
    BUSY = "busy"  # as many calls as may be are under way


class Verdict(StrEnum):
    """What a call says of its back end."""

    GOOD = "good"
    BAD = "bad"
    NOTHING = "nothing"  # it was broken off on our side


class Change(StrEnum):
    OPENED = "opened"
    CLOSED = "closed"
    NONE = ""


class Admission(msgspec.Struct, frozen=True, gc=False):
    """`call` is given back to `settle`."""

    entry: Entry
    call: bytes


class Breakers:
    def __init__(self, nodes: Nodes, names: Names) -> None:
        self._nodes = nodes
        self._names = names

    async def admit(self, backend: str, *, at_once: int, lease: float) -> Admission:
        """Whether one more call may be made now; `lease` in seconds, longer than it may take.
        Raises StoreUnavailable."""
        shard, *keys = self._names.backend(backend)
        call = os.urandom(9)
        found = await self._nodes.call(shard, ADMIT, keys, (call, at_once, _ms(lease)))
        return Admission(Entry(found.decode()), call)

    async def settle(self, backend: str, admission: Admission, verdict: Verdict) -> Change:
        """Its call is over. Raises StoreUnavailable."""
        shard, *keys = self._names.backend(backend)
        bounds = (_ms(WINDOW), LEAST, _ms(PAUSE), _ms(LONGEST_PAUSE))
        found = await self._nodes.call(
            shard, SETTLED, keys, (admission.call, verdict.value, *bounds)
        )
        return Change(found.decode())


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
