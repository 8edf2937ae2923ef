"""A citizen who wants to be forgotten: nothing that the gateway keeps leads to her any more.

    her conversation            steps under way lose their claim and save nothing
    → her orders, call-backs,
      batch rows, cases         what a worker has in hand is let come to its end, so that it
                                brings nothing back behind our back
    → her messages are sought, then what leads to them is dropped, then they themselves

Each part is found again as long as it is there, so whoever is killed midway begins anew, and doing
it twice changes nothing. What reaches the gateway meanwhile is a new beginning, and stays.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from functools import partial

import msgspec

from gateway.centre import callbacks
from gateway.errors import NumberError, SealBroken
from gateway.events import MessageState
from gateway.messaging import batches, letter, orders
from gateway.messaging.pace import Pace
from gateway.messaging.relay import SET_ASIDE
from gateway.store import Citizen, Kept, Store, Trace, bound_to
from gateway.text.msisdn import canonical

LEASE = Pace().lease  # seconds: what nobody renewed for so long is in no worker's hand

AUDITED = "citizen-forgotten"

_LOOK = 0.1  # seconds between two looks at what is in hand
_ORDERS = 100  # that are read at once
_WAITING = frozenset({MessageState.ACCEPTED, MessageState.QUEUED})
_NEW = frozenset("spl")  # kinds of a conversation: one that began meanwhile is a new one
_OWN = {
    "s": "conversations",
    "p": "pins",
    "l": "languages",
    "n": "counters",
    "i": "received",
    "a": "readings",
    "w": "readings",
}


class Forgotten(msgspec.Struct, frozen=True, kw_only=True):
    """What was removed, in counts. `sealed` are orders in her shard that no key opens, whosever
    they are: they end by their lifetime."""

    conversations: int
    pins: int
    languages: int
    counters: int  # of how many messages she sent
    received: int  # boxes of a simulated phone
    sessions: int  # of providers, known to be hers
    orders: int
    messages: int
    cancelled: int  # of the messages: they were still to be sent
    batch_rows: int
    answers: int  # to agencies, in which her number stood
    cases: int  # that she followed
    callbacks: int
    mentions: int  # of her number in others' call-backs
    readings: int  # what back ends answered her lately
    stop_words: int
    other: int  # under her keyed hash, of other releases
    sealed: int

    @property
    def anything(self) -> bool:
        return any(getattr(self, name) for name in self.__struct_fields__ if name != "sealed")


async def forget(
    store: Store,
    phone: str,
    *,
    country: str,
    by: str,
    senders: Collection[str] = (),
    keep_stop: bool = False,
) -> Forgotten:
    """Removes all that is kept of the citizen with the number `phone` (canonical E.164).

    `country` is where numbers in batches belong; `senders` are those that messages come from. With
    `keep_stop` her stop words stay, so that she gets no messages. It is written down that `by`
    forgot somebody, not whom. Raises StoreUnavailable: it can be called again.
    """
    work = _Forgetting(store, phone, country, senders, keep_stop=keep_stop)
    await work.conversation()
    await work.orders()
    await work.callbacks()
    await work.rows_and_cases()
    await work.in_hand()
    ids = await work.messages()
    await work.links(ids)
    await work.erase(ids)
    await store.audit.write(by, AUDITED)
    return Forgotten(**{name: work.counts[name] for name in Forgotten.__struct_fields__})


class _Forgetting:
    def __init__(
        self,
        store: Store,
        phone: str,
        country: str,
        senders: Collection[str],
        *,
        keep_stop: bool,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._store = store
        self._phone = phone
        self._country = country
        self._citizen: Citizen = store.names.citizen(phone)
        self._step_ends = 0.0  # on time.monotonic(): of the step that was under way
        self._stop_words = {store.names.stop_word(self._citizen, one) for one in senders}
        self._keep_stop = keep_stop

    async def conversation(self) -> None:
        """First of all: a step that is under way finds its claim gone, and orders nothing."""
        names, shard = self._store.names, self._citizen.shard
        self._step_ends = time.monotonic() + await self._store.sessions.claimed(self._citizen)
        for kind, name in zip("spl", names.conversation(self._citizen), strict=True):
            if await self._store.traces.drop(Trace(shard, kind, self._citizen.digest, name)):
                self.counts[_OWN[kind]] += 1

    # ---- what would bring something back ---------------------------------------------

    async def orders(self) -> None:
        """Put aside, and on her shard's stream: what was put aside may be put back there."""
        for queue in (*SET_ASIDE, None):
            after = "0"
            while found := await self._read(after, queue):
                after = found[-1].id
                for kept in filter(self._ordered, found):
                    await _until(partial(self._drop, kept, queue))
                    self.counts["orders"] += 1

    def _read(self, after: str, queue: str | None) -> Awaitable[list[Kept]]:
        return self._store.effects.read(
            self._citizen.shard, after=after, count=_ORDERS, queue=queue
        )

    def _drop(self, kept: Kept, queue: str | None) -> Awaitable[bool]:
        return self._store.effects.drop(self._citizen.shard, kept, lease=LEASE, queue=queue)

    def _ordered(self, kept: Kept) -> bool:
        """Whether it is hers. One that cannot be read is counted."""
        try:
            order = None if kept.payload is None else orders.decode(kept.payload)
        except msgspec.DecodeError:
            order = None
        if order is None:
            self.counts["sealed"] += 1
            return False
        return order.phone == self._phone

    async def callbacks(self) -> None:
        """Requests of hers; and of others who asked to be called on her number, which is taken out
        of theirs."""
        ids = set()
        async for callback_id in self._store.callbacks.shard(self._citizen.shard):
            record = await self._store.callbacks.read(callback_id)
            if record is not None and callbacks.opened(record).phone == self._phone:
                self.counts["callbacks"] += await self._store.callbacks.drop(callback_id)
                ids.add(callback_id.encode())
        await _until(partial(self._unheld, ids))
        for shard in range(self._store.names.shards):
            async for callback_id in self._store.callbacks.shard(shard):
                await _until(partial(self._uncalled, callback_id))

    async def _unheld(self, ids: set[bytes]) -> bool:
        """Whether no worker is about to tell her that she could not be reached."""
        return ids.isdisjoint(await self._store.missed.held(self._citizen.shard, lease=LEASE))

    async def _uncalled(self, callback_id: str) -> bool:
        """Whether her number stands in no detail. False where the request was changed meanwhile."""
        record = await self._store.callbacks.read(callback_id)
        if record is None:
            return True
        body = callbacks.opened(record)
        rest = [detail for detail in body.details if detail[1] != self._phone]
        if len(rest) == len(body.details):
            return True
        body.details = rest
        done = await callbacks.amend(self._store, record, body)
        self.counts["mentions"] += done
        return done

    async def rows_and_cases(self) -> None:
        """Rows of batches that are not accepted yet, and the cases that she follows."""
        async for some in self._store.traces.scan():
            for trace in some:
                if trace.kind == "j" and ":" in trace.rest:
                    await self._without_rows(trace)
                elif trace.kind == "c" and trace.shard == self._citizen.shard:
                    self.counts["cases"] += await self._store.traces.unfollow(trace, self._citizen)

    async def _without_rows(self, trace: Trace) -> None:
        job_id, _, number = trace.rest.partition(":")
        jobs = self._store.jobs
        record = await jobs.read(job_id)
        if record is None or record.get("kind") != batches.KIND:
            return
        piece = await jobs.piece(job_id, int(number))
        if piece is None:
            return
        rest, gone = batches.without(piece, self._hers)
        if gone:
            await jobs.rewrite(job_id, int(number), rest)
            self.counts["batch_rows"] += gone

    def _hers(self, written: str) -> bool:
        try:
            return canonical(written, self._country) == self._phone
        except NumberError:
            return False

    async def in_hand(self) -> None:
        """Jobs that workers have in hand may have read of her before: each is let come to the end
        of the piece it is at."""
        jobs = self._store.jobs
        for shard in range(self._store.names.shards):
            for job in await jobs.queue.held(shard, lease=LEASE):
                await _until(partial(self._moved, shard, job, await self._done(job)))

    async def _moved(self, shard: int, job: bytes, done: str | None) -> bool:
        if await self._done(job) != done:
            return True
        return job not in await self._store.jobs.queue.held(shard, lease=LEASE)

    async def _done(self, job: bytes) -> str | None:
        record = await self._store.jobs.read(job.decode())
        return None if record is None else record.get("done")

    # ---- messages, and what leads to them --------------------------------------------

    async def messages(self) -> set[str]:
        """The ids of hers. No attempt is being made at one, unless by a worker that died."""
        found = set()
        async for some in self._store.traces.scan():
            for trace in some:
                if trace.kind == "m" and trace.shard == self._citizen.shard:
                    digest, body = await self._store.outbox.whose(trace.rest)
                    if digest == self._citizen.digest or (not digest and self._addressed(body)):
                        found.add(trace.rest)
                        await self._unbrake(body)
        for message_id in found:
            try:
                async with asyncio.timeout(LEASE):
                    await _until(partial(self._rests, message_id))
            except TimeoutError:
                continue
        return found

    def _addressed(self, body: bytes | None) -> bool:
        try:
            return body is not None and letter.decode(body).to == self._phone
        except SealBroken:
            return False

    async def _unbrake(self, body: bytes | None) -> None:
        try:
            text = None if body is None else letter.decode(body).text
        except SealBroken:
            text = None
        if text is not None:
            alike = self._store.names.digest("alike", self._citizen.digest, text)
            await self._store.outbox.unbrake(self._citizen, alike)

    async def _rests(self, message_id: str) -> bool:
        record = await self._store.outbox.read(message_id)
        return record is None or record.state is not MessageState.SUBMITTING

    async def links(self, ids: set[str]) -> None:
        """All else that is under her hash, or leads to her or to her messages."""
        # A step that was under way may still keep what a back end answered it.
        await asyncio.sleep(max(0.0, self._step_ends - time.monotonic()))
        async for some in self._store.traces.scan():
            for trace in some:
                await self._link(trace, ids)

    async def _link(self, trace: Trace, ids: set[str]) -> None:
        traces, kind = self._store.traces, trace.kind
        if kind in ("x", "r") and ids:
            await self._unlink(trace, ids)
        elif kind == "b":
            if await traces.value(trace) == bound_to(self._citizen):
                self.counts["sessions"] += await traces.drop(trace)
        elif kind == "k":
            await self._answer(trace)
        elif kind == "o":
            await self._stop_word(trace)
        elif self._citizen.digest in trace.rest.split(":") and kind not in _NEW:
            gone = await traces.drop(trace)
            if kind != "f":  # the list of the cases that were counted one by one
                self.counts[_OWN.get(kind, "other")] += gone

    async def _unlink(self, trace: Trace, ids: set[str]) -> None:
        """A provider's id, or an agency's reference."""
        if trace.kind == "r":
            await self._store.traces.unfile(trace, ids)
        elif (await self._store.traces.value(trace) or b"").decode() in ids:
            await self._store.traces.drop(trace)

    async def _stop_word(self, trace: Trace) -> None:
        if self._keep_stop or trace.shard != self._citizen.shard:
            return
        # An earlier release did not write down whose it is.
        if trace.name in self._stop_words or (
            await self._store.traces.value(trace) == self._citizen.digest.encode()
        ):
            self.counts["stop_words"] += await self._store.traces.drop(trace)

    async def _answer(self, trace: Trace) -> None:
        """What an agency's request was answered tells the number where digits were added to it.
        The rest stays: the same request again must still do nothing."""
        answer = await self._store.requests.answer(trace.shard, trace.name)
        if answer is None or self._phone.encode() not in answer:
            return
        fields = msgspec.json.decode(answer)
        hers = [name for name, value in fields.items() if value == self._phone]
        fields |= dict.fromkeys(hers)
        await self._store.requests.amend(trace.shard, trace.name, msgspec.json.encode(fields))
        self.counts["answers"] += 1

    async def erase(self, ids: set[str]) -> None:
        """Last: as long as they are there, what leads to them is found again."""
        outbox = self._store.outbox
        for lane in outbox.lanes.values():
            await lane.later_without(self._citizen.shard, ids)
        for message_id in ids:
            state = await outbox.erase(message_id, force=True)
            if state is not None:
                self.counts["messages"] += 1
                self.counts["cancelled"] += state in _WAITING


async def _until(ready: Callable[[], Awaitable[bool]]) -> None:
    while not await ready():  # noqa: ASYNC110 - the doing of another process
        await asyncio.sleep(_LOOK)
