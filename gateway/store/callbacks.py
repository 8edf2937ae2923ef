"""Requests to be called back: each a record that many may want to change, and the lists it is in.

A record is read with its version and changed only if that is still its version, so what may be
done with it is decided above, and no two members of staff do it at once.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection

import msgspec

from gateway.errors import SealBroken
from gateway.events import CallbackState
from gateway.store.fence import Durability
from gateway.store.keys import Citizen, Names
from gateway.store.library import ASK, CHANGE, DROP
from gateway.store.lifetimes import Lifetimes
from gateway.store.lists import Cursor, Listed, merged
from gateway.store.nodes import Nodes
from gateway.store.seal import Seal

LETTERS = {
    CallbackState.WAITING: "w",
    CallbackState.TAKEN: "t",
    CallbackState.DONE: "d",
    CallbackState.UNREACHABLE: "u",
}
OPEN = frozenset({CallbackState.WAITING, CallbackState.TAKEN})

_STATES = {letter: state for state, letter in LETTERS.items()}


class Asked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A request that is new. `body` is sealed on its way; all else lies in clear."""

    id: str
    citizen: Citizen
    queue: str
    agency: str
    service: str
    language: str
    at: int  # seconds since the epoch
    due: int
    test: bool
    body: bytes


class CallbackRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a request. `body` is None if the key that sealed it is not held any more.
    Times are in seconds since the epoch."""

    id: str
    version: int
    state: CallbackState
    queue: str
    agency: str
    service: str
    language: str
    at: int
    due: int
    tries: int
    holder: str
    changed: int
    test: bool
    body: bytes | None

    def __repr__(self) -> str:
        return f"CallbackRecord({self.id}, {self.state})"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is narrowed to; None lets all through."""

    queues: Collection[str] | None = None
    agency: str | None = None
    test: bool | None = None

    def __call__(self, words: list[str]) -> bool:
        queue, agency, test = words[1:4]
        return (
            (self.queues is None or queue in self.queues)
            and (self.agency is None or agency.removeprefix("-") == self.agency)
            and (self.test is None or (test == "1") == self.test)
        )


def told(record_id: str, agency: str, event: str, at: int) -> str:
    """A line in the queue of hooks; "" where no agency could want to know. `at`: seconds since
    the epoch."""
    return f"0 {record_id} {event} {at * 1000} -" if agency else ""


class Callbacks:
    """All requests. Raises StoreUnavailable."""

    def __init__(
        self, nodes: Nodes, names: Names, seal: Seal, durability: Durability, lifetimes: Lifetimes
    ) -> None:
        self._nodes = nodes
        self._names = names
        self._seal = seal
        self._durability = durability
        self._life = round(lifetimes.callbacks * 1000)

    async def put(self, asked: Asked) -> tuple[bool, str]:
        """Whether it is new, and the id of the one that is open: another one where she has a
        request in this queue already. On the server's disk when this returns, where that can be
        known. Raises StoreUnavailable: it can be called again."""
        shard = asked.citizen.shard
        record, open_ = self._keys(shard, asked.id)
        field = self._names.digest("callback", asked.citizen.digest, asked.queue)
        agency = asked.agency or "-"
        member = f"{asked.id} {asked.queue} {agency} {int(asked.test)}"
        new, known = await self._nodes.call(
            shard,
            ASK,
            (record, open_),
            (
                self._names.tag(shard),
                asked.id,
                field,
                member,
                asked.due,
                told(asked.id, asked.agency, "callback.requested", asked.at),
                *("q", asked.queue, "a", asked.agency, "v", asked.service, "l", asked.language),
                *("t", asked.at, "x", int(asked.test), "n", 0, "h", "", "c", asked.at),
                *("b", self._seal.seal(asked.body, record.encode())),
            ),
        )
        await self._durability.wait(shard)
        return bool(new), known.decode()

    async def read(self, callback_id: str) -> CallbackRecord | None:
        shard = self._names.shard_of(callback_id)
        if shard is None:
            return None
        record, _ = self._keys(shard, callback_id)
        fields = await self._nodes.execute(shard, "HGETALL", record)
        return self._read(callback_id, record, fields) if fields else None

    async def change(
        self,
        known: CallbackRecord,
        state: CallbackState,
        *,
        body: bytes | None = None,
        holder: str = "",
        tries: int | None = None,
    ) -> bool:
        """Its body too, unless that is None. False where somebody else changed it since it was
        read, and nothing was done."""
        shard = self._names.shard_of(known.id) or 0
        keys = self._keys(shard, known.id)
        now = int(time.time())
        ends = state not in OPEN and state is not known.state
        changed: int = await self._nodes.call(
            shard,
            CHANGE,
            keys,
            (
                self._names.tag(shard),
                known.version,
                LETTERS[state],
                holder,
                known.tries if tries is None else tries,
                now,
                self._life,
                b"" if body is None else self._seal.seal(body, keys[0].encode()),
                told(known.id, known.agency, f"callback.{state}", now) if ends else "",
                known.id,
            ),
        )
        await self._durability.wait(shard)
        return bool(changed)

    async def drop(self, callback_id: str) -> bool:
        """Nothing is left of it."""
        shard = self._names.shard_of(callback_id) or 0
        keys = self._keys(shard, callback_id)
        gone: int = await self._nodes.call(shard, DROP, keys, (self._names.tag(shard),))
        return bool(gone)

    async def listed(
        self, states: Collection[CallbackState], wanted: Wanted, after: str, most: int
    ) -> Listed:
        """Ids over all shards: open ones by the promise, ended ones newest first. What has ended
        and is no longer kept is passed over by whoever reads it. `after`: the cursor of the last
        list. Raises ValueError for what is no cursor, or states of both kinds."""
        open_ = OPEN.issuperset(states)
        if not open_ and OPEN.intersection(states):
            raise ValueError("either open ones or ended ones")
        names = [state.value for state in states] if open_ else ["ended"]
        keys = [
            (shard, self._list(shard, name))
            for shard in range(self._names.shards)
            for name in names
        ]
        return await merged(self._nodes, keys, wanted, Cursor.read(after), most, newest=not open_)

    async def shard(self, shard: int) -> AsyncIterator[str]:
        """The ids of all that a shard holds."""
        for name in ("waiting", "taken", "ended"):
            for member in await self._nodes.execute(
                shard, "ZRANGE", self._list(shard, name), 0, -1
            ):
                yield member.decode().partition(" ")[0]

    async def counts(self, now: int) -> dict[str, tuple[int, int, int]]:
        """By queue: how many wait, how many are taken, how many of both are past their promise."""
        found: dict[str, list[int]] = {}
        for shard in range(self._names.shards):
            for place, name in enumerate(("waiting", "taken")):
                key = self._list(shard, name)
                pairs = await self._nodes.execute(shard, "ZRANGE", key, 0, -1, "WITHSCORES")
                for member, due in zip(pairs[::2], pairs[1::2], strict=True):
                    counted = found.setdefault(member.decode().split(" ")[1], [0, 0, 0])
                    counted[place] += 1
                    counted[2] += int(due) < now
        return {queue: (counted[0], counted[1], counted[2]) for queue, counted in found.items()}

    async def trim(self, shard: int) -> None:
        """Those whose record Redis has ended leave the list."""
        oldest = int(time.time()) - self._life // 1000
        key = self._list(shard, "ended")
        await self._nodes.execute(shard, "ZREMRANGEBYSCORE", key, "-inf", oldest)

    def _keys(self, shard: int, callback_id: str) -> tuple[str, str]:
        tag = self._names.tag(shard)
        return f"{tag}cb:r:{callback_id}", f"{tag}cb:open"

    def _list(self, shard: int, name: str) -> str:
        return f"{self._names.tag(shard)}cb:{name}"

    def _read(self, callback_id: str, record: str, fields: list[bytes]) -> CallbackRecord:
        kept = {name.decode(): value for name, value in zip(fields[::2], fields[1::2], strict=True)}
        try:
            body = self._seal.open(kept["b"], record.encode())
        except SealBroken:
            body = None
        return CallbackRecord(
            id=callback_id,
            version=int(kept["i"]),
            state=_STATES[kept["s"].decode()],
            queue=kept["q"].decode(),
            agency=kept["a"].decode(),
            service=kept["v"].decode(),
            language=kept["l"].decode(),
            at=int(kept["t"]),
            due=int(kept["d"]),
            tries=int(kept["n"]),
            holder=kept["h"].decode(),
            changed=int(kept["c"]),
            test=kept["x"] == b"1",
            body=body,
        )
