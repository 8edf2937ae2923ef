"""News of a case, to all who follow it: each in her own language, shard by shard."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import msgspec

from gateway.errors import MessageRefused, SealBroken
from gateway.events import MessageState
from gateway.menu.library import Library
from gateway.menu.messages import find, language_of
from gateway.menu.program import Program
from gateway.messaging import following
from gateway.messaging.acceptance import KeyKind, Wanted, accept, prepare
from gateway.store import Follower, Store

KIND = "case"


class Update(msgspec.Struct, array_like=True, frozen=True):
    """What is told. `final`: whoever was told follows the case no more. `team` are the digests of
    the citizens that a TEAM key may send to."""

    agency: str
    reference: str
    template: str
    data: dict[str, str | int | float | bool | None]
    kind: KeyKind
    final: bool
    send_after: datetime | None
    valid_until: datetime | None
    team: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Update()"


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Update)


def named(store: Store, agency: str, reference: str, identity: bytes | str) -> str:
    """An update's id."""
    case = store.names.case(agency, reference)
    return store.names.message_id(store.names.shard(case), "update", agency, case, identity)


async def begin(store: Store, update_id: str, update: Update) -> bool:
    """On the server's disk once it returns. False where there is one of this id already."""
    piece = _encoder.encode(update)
    fields = {"kind": KIND, "agency": update.agency, "key": update.kind.value}
    fields["case"] = store.names.case(update.agency, update.reference).hex()
    return await store.jobs.put(update_id, fields, [piece] * store.names.shards)


class CaseUpdates:
    """Accepts the messages of updates, for workers."""

    def __init__(self, library: Library) -> None:
        self._library = library

    async def go_on(self, store: Store, job_id: str) -> None:
        record = await store.jobs.read(job_id) or {}
        counts = Counter({name: int(record.get(name, 0)) for name in _COUNTED})
        for shard in range(int(record.get("done", 0)), int(record.get("pieces", 0))):
            piece = await store.jobs.piece(job_id, shard)
            if piece is not None:
                counts += await self._tell(store, job_id, shard, _decoder.decode(piece))
            fields = {name: str(counts[name]) for name in _COUNTED}
            await store.jobs.advance(job_id, shard, fields)

    async def _tell(self, store: Store, job_id: str, shard: int, update: Update) -> Counter[str]:
        counts: Counter[str] = Counter()
        told: list[Follower] = []
        for follower in await store.followers.of(shard, update.agency, update.reference):
            outcome = await self._one(store, job_id, follower, update)
            counts[outcome] += 1
            if outcome != "refused":
                told.append(follower)
        if not update.final or update.kind is not KeyKind.LIVE:
            return counts
        if counts["refused"]:  # whom it did not reach can be told again
            for follower in told:
                citizen = follower.citizen
                await store.followers.unfollow(citizen, update.agency, update.reference)
        else:
            await store.followers.close(shard, update.agency, update.reference)
        return counts

    async def _one(self, store: Store, job_id: str, follower: Follower, update: Update) -> str:
        program = self._library.current
        try:
            hers = following.decode(follower.payload or b"")
            wanted = Wanted(
                template=update.template,
                to=hers.phone,
                data=update.data,
                language=_spoken(program, update, hers.language),
                reference=update.reference,
                send_after=update.send_after,
                valid_until=update.valid_until,
            )
            identity = ("update", job_id, follower.citizen.digest)
            team = frozenset(update.team)
            prepared = await prepare(
                store, program, update.agency, wanted, update.kind, *identity, team=team
            )
        except (MessageRefused, SealBroken):
            return "refused"
        state = await accept(store, prepared, update.reference)
        return "suppressed" if state is MessageState.SUPPRESSED else "accepted"


def _spoken(program: Program, update: Update, language: str) -> str | None:
    """The language that she followed it in, if the message is offered in it."""
    message = find(program, update.agency, update.template)
    if message is None or language_of(program, message, language).code != language:
        return None
    return language


_COUNTED = ("accepted", "suppressed", "refused")
