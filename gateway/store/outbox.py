"""Messages from acceptance to their final state: no one lost, each attempt counted.

A message lives in its citizen's shard, where one function at a time changes it: accepting writes
its record, its body and its place in a lane at once; an attempt is begun before it is made and
settled after it, so that one which died midway is known for what it is.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from gateway.errors import SealBroken
from gateway.events import Lane, MessageState
from gateway.store.fence import Durability
from gateway.store.keys import Citizen, Names
from gateway.store.library import ACCEPT, AGE, BEGIN, CANCEL, ERASE, REPORT, SETTLE
from gateway.store.lifetimes import Lifetimes
from gateway.store.nodes import Nodes
from gateway.store.queues import Queue, Taken
from gateway.store.seal import Seal

HOUR = 3_600.0

STATES: Mapping[str, MessageState] = MappingProxyType(
    {
        "a": MessageState.ACCEPTED,
        "q": MessageState.QUEUED,
        "b": MessageState.SUBMITTING,
        "s": MessageState.SENT,
        "d": MessageState.DELIVERED,
        "f": MessageState.FAILED,
        "e": MessageState.EXPIRED,
        "p": MessageState.SUPPRESSED,
        "u": MessageState.UNCERTAIN,
        "c": MessageState.CANCELLED,
    }
)
_LETTERS = {state: letter for letter, state in STATES.items()}


class Draft(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message to be accepted. `body` is sealed on its way; all else lies in clear."""

    id: str
    citizen: Citizen
    lane: Lane
    body: bytes
    segments: int
    sender: str  # whose stop word counts
    until: int  # not sent after, milliseconds since the epoch
    due: int = 0  # not sent before
    agency: str = ""  # "" for the gateway's own
    template: str = ""  # "etat-civil/statut_pret"
    version: str = ""  # of the menus
    hold: bool = True  # an attempt whose fate nobody knows is held, else made again
    essential: bool = False  # sent in spite of a stop word
    told: bool = False  # the agency hears of its end
    test: bool = False  # goes through the simulated provider
    any_hour: bool = False
    alike: bytes | None = None  # keyed hash of number and text, for the brake


class Line(msgspec.Struct, frozen=True, gc=False):
    """A message's place in a lane: what must be known before it is begun."""

    id: str
    segments: int
    test: bool
    any_hour: bool

    def written(self) -> bytes:
        flags = ("t" if self.test else "") + ("h" if self.any_hour else "")
        return f"{self.id} {self.segments} {flags}".encode()


def read_line(payload: bytes) -> Line:
    message_id, segments, flags = payload.decode().split(" ")
    return Line(message_id, int(segments), "t" in flags, "h" in flags)


class Entered(msgspec.Struct, frozen=True, gc=False):
    """A state in a message's history; `at` in seconds since the epoch."""

    state: MessageState
    at: int
    reason: str


class Record(msgspec.Struct, frozen=True):
    """What is known of a message. `body` is None once it has been dropped, or cannot be opened."""

    id: str
    state: MessageState
    history: tuple[Entered, ...]
    attempts: int
    segments: int
    agency: str
    template: str
    version: str
    provider: str
    test: bool
    until: int
    body: bytes | None

    def __repr__(self) -> str:
        return f"Record({self.id}, {self.state})"  # what is in clear here stays out of logs


class Begun(msgspec.Struct, frozen=True, gc=False):
    """An attempt that may be made, for its worker to settle. `body` is None if the key that sealed
    it is not held any more. `hold`: should nobody know its fate, it is not made again."""

    attempt: int
    body: bytes | None
    hold: bool

    def __repr__(self) -> str:
        return f"Begun({self.attempt})"


class Limits(msgspec.Struct, frozen=True, gc=False):
    """Seconds that things take, and how often they are done."""

    receipt: float = 72 * HOUR  # waited for
    attempts: int = 12  # of one message
    brake_window: float = HOUR


class Outbox:
    """All messages. `lanes` are taken from by workers."""

    def __init__(
        self,
        nodes: Nodes,
        names: Names,
        seal: Seal,
        *,
        durability: Durability,
        limits: Limits,
        lifetimes: Lifetimes,
    ) -> None:
        self.limits = limits
        self._text_life = _ms(lifetimes.texts)
        self._record_life = _ms(lifetimes.messages)
        self.lanes = {lane: Queue(nodes, names, lane.value, messages=True) for lane in Lane}
        self._nodes = nodes
        self._names = names
        self._seal = seal
        self._durability = durability

    async def accept(
        self, draft: Draft, *, brake: int = 0, durable: bool = True
    ) -> tuple[bool, MessageState]:
        """Whether the message is new, and its state. One that was accepted before is left as it
        is, so that a repeat does nothing.

        `brake`: how many messages alike one citizen may get within an hour, 0 for no such bound.
        With `durable` it returns once the message is on the server's disk, where that can be
        known. Raises StoreUnavailable: nobody knows, and it can be called again.
        """
        shard = draft.citizen.shard
        record, body = self._names.message(shard, draft.id)
        stream, later = self._names.queue(shard, draft.lane.value)
        line = Line(draft.id, draft.segments, draft.test, draft.any_hour).written()
        alike = draft.alike if brake and draft.alike is not None else None
        brake_key = self._names.brake(draft.citizen, alike or b"")
        now_to_until = max(60_000, draft.until - _now_ms())
        life = now_to_until + self._text_life
        new, letter = await self._nodes.call(
            shard,
            ACCEPT,
            (
                record,
                body,
                stream,
                later,
                self._names.stop_word(draft.citizen, draft.sender),
                brake_key,
            ),
            (
                self._names.tag(shard),
                draft.id,
                draft.lane.value,
                line,
                draft.due,
                self._seal.seal(draft.body, body.encode()),
                life,
                life + self._record_life,
                brake if alike is not None else 0,
                _ms(self.limits.brake_window),
                self._text_life,
                *("i", draft.citizen.digest),
                *("h", _bit(draft.hold), "u", draft.until, "e", _bit(draft.essential)),
                *("a", draft.agency, "k", _bit(draft.told), "t", draft.template or "-"),
                *("v", draft.version, "g", draft.segments, "x", _bit(draft.test)),
            ),
        )
        if durable:
            await self._durability.wait(shard)
        return bool(new), STATES[letter.decode()]

    async def read(self, message_id: str) -> Record | None:
        """What is known of a message; None if there is none of this id."""
        shard = self._names.shard_of(message_id)
        if shard is None:
            return None
        key, body_key = self._names.message(shard, message_id)
        fields = await self._nodes.execute(shard, "HGETALL", key)
        if not fields:
            return None
        sealed = await self._nodes.execute(shard, "GET", body_key)
        kept = {name.decode(): value for name, value in zip(fields[::2], fields[1::2], strict=True)}
        return Record(
            id=message_id,
            state=STATES[kept["s"].decode()],
            history=_history(kept["y"]),
            attempts=int(kept["n"]),
            segments=int(kept["g"]),
            agency=kept["a"].decode(),
            template=kept["t"].decode(),
            version=kept["v"].decode(),
            provider=kept.get("w", b"").decode(),
            test=kept["x"] == b"1",
            until=int(kept["u"]),
            body=None if sealed is None else self._opened(sealed, body_key),
        )

    async def cancel(self, message_id: str, agency: str) -> MessageState | None:
        """Its state now: CANCELLED if it could still be, else what it is. None if the agency has
        no such message."""
        shard = self._names.shard_of(message_id)
        if shard is None:
            return None
        _, letter = await self._nodes.call(
            shard,
            CANCEL,
            self._names.message(shard, message_id),
            (self._names.tag(shard), message_id, agency, self._text_life),
        )
        return STATES[letter.decode()] if letter else None

    # ---- what is forgotten -----------------------------------------------------------

    async def whose(self, message_id: str) -> tuple[str, bytes | None]:
        """The digest of the citizen it goes to ("" where there is no such message, or an earlier
        release accepted it), and its body."""
        shard = self._names.shard_of(message_id) or 0
        record, body = self._names.message(shard, message_id)
        digest = await self._nodes.execute(shard, "HGET", record, "i")
        sealed = await self._nodes.execute(shard, "GET", body)
        opened = None if sealed is None else self._opened(sealed, body)
        return (digest or b"").decode(), opened

    async def erase(self, message_id: str, *, force: bool = False) -> MessageState | None:
        """Leaves nothing of a message; what still waits is counted as cancelled and not sent. Gives
        the state that it had, None if there is none. While an attempt is being made (SUBMITTING)
        it stays, unless by `force`."""
        shard = self._names.shard_of(message_id) or 0
        letter = await self._nodes.call(
            shard,
            ERASE,
            (*self._names.message(shard, message_id), self._names.awaiting(shard)),
            (self._names.tag(shard), message_id, _bit(force)),
        )
        return STATES[letter.decode()] if letter else None

    async def unbrake(self, citizen: Citizen, alike: bytes) -> None:
        """The brake has not seen this text go to her."""
        await self._nodes.execute(citizen.shard, "DEL", self._names.brake(citizen, alike))

    # ---- for workers -----------------------------------------------------------------

    async def begin(self, taken: Taken, line: Line, lane: Lane, provider: str) -> Begun | None:
        """An attempt through `provider`; None where there is nothing to send, and the entry is
        off its lane. What a killed worker left in the midst of an attempt is held or tried
        again, as its draft said."""
        shard = taken.shard
        keys = self._names.message(shard, line.id)
        go, *rest = await self._nodes.call(
            shard,
            BEGIN,
            (*keys, self._names.queue(shard, lane.value)[0]),
            (
                self._names.tag(shard),
                line.id,
                taken.entry,
                provider,
                self.limits.attempts,
                self._text_life,
            ),
        )
        if not go:
            return None
        attempt, sealed, hold = rest
        return Begun(attempt, self._opened(sealed, keys[1]), bool(hold))

    async def settle(
        self,
        taken: Taken,
        line: Line,
        lane: Lane,
        begun: Begun,
        state: MessageState,
        *,
        reason: str = "",
        again: int = 0,
        unsure: bool = False,
    ) -> bool:
        """What came of an attempt. QUEUED is tried again at `again`, milliseconds since the
        epoch; `unsure` if it may have left all the same, which nobody can cancel any more. False
        where the attempt no longer counts: its receipt came first, or its lease was
        over and another worker took the message on."""
        shard = taken.shard
        now = _now_ms()
        due = now + _ms(self.limits.receipt) if state is MessageState.SENT else again
        counts: int = await self._nodes.call(
            shard,
            SETTLE,
            (
                *self._names.message(shard, line.id),
                *self._names.queue(shard, lane.value),
                self._names.awaiting(shard),
            ),
            (
                self._names.tag(shard),
                line.id,
                taken.entry,
                begun.attempt,
                _LETTERS[state],
                reason,
                self._text_life,
                line.written(),
                due,
                _bit(unsure),
            ),
        )
        return bool(counts)

    async def report(self, message_id: str, state: MessageState, reason: str = "") -> bool:
        """What a receipt says: SENT or a final state. False if it changed nothing."""
        shard = self._names.shard_of(message_id)
        if shard is None:
            return False
        changed, _ = await self._nodes.call(
            shard,
            REPORT,
            (*self._names.message(shard, message_id), self._names.awaiting(shard)),
            (
                self._names.tag(shard),
                message_id,
                _LETTERS[state],
                reason,
                self._text_life,
                _now_ms() + _ms(self.limits.receipt),
            ),
        )
        return bool(changed)

    async def age(self, shard: int, most: int = 100) -> int:
        """Gives up waiting for receipts that are overdue; how many."""
        given_up: int = await self._nodes.call(
            shard,
            AGE,
            (self._names.awaiting(shard),),
            (self._names.tag(shard), most, self._text_life),
        )
        return given_up

    def _opened(self, sealed: bytes, key: str) -> bytes | None:
        try:
            return self._seal.open(sealed, key.encode())
        except SealBroken:
            return None


def _history(packed: bytes) -> tuple[Entered, ...]:
    found = []
    at = 0
    while at < len(packed):
        size = packed[at + 5]
        found.append(
            Entered(
                STATES[chr(packed[at])],
                int.from_bytes(packed[at + 1 : at + 5], "big"),
                packed[at + 6 : at + 6 + size].decode(),
            )
        )
        at += 6 + size
    return tuple(found)


def _now_ms() -> int:
    return round(time.time() * 1000)


def _bit(yes: bool) -> str:
    return "1" if yes else "0"


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
