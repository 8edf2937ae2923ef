"""She was called as often as she should be, and never answered: one message tells her so."""

from __future__ import annotations

from gateway.centre import callbacks
from gateway.events import Lane
from gateway.menu.library import Library
from gateway.menu.program import Program, Scope
from gateway.messaging import letter
from gateway.messaging.letter import Letter
from gateway.store import CallbackRecord, Draft, Store
from gateway.text.segments import segment
from gateway.text.transliteration import fit

LEASE = 30.0  # seconds
AT_ONCE = 20
VALID = 3 * 86_400  # seconds after the last call, in which she may still be told

_WORD = "callback_missed"


class Missed:
    """Takes what the queue `missed` holds: ids of call-backs that ended so."""

    def __init__(self, library: Library) -> None:
        self._library = library

    async def run(self, store: Store, shard: int) -> int:
        """How many were told in a shard. Raises StoreUnavailable."""
        taken = await store.missed.take(shard, AT_ONCE, lease=LEASE)
        for one in taken:
            record = await store.callbacks.read(one.payload.decode())
            if record is not None:
                await self._tell(store, shard, record)
            await store.missed.done(one)
        return len(taken)

    async def _tell(self, store: Store, shard: int, record: CallbackRecord) -> None:
        """Told again it is the same message: its id is made of the call-back's."""
        phone, program = callbacks.opened(record).phone, self._library.current
        if not phone:
            return
        site = program.site
        code = record.language if record.language in site.offered else site.source
        language = site.languages[code]
        sender = site.sms.sender or ""
        values = {"ussd": _code(program, record.service), "tries": record.tries}
        written = program.words[_WORD].render(code, Scope(values, language), gsm=True)
        text = fit(written, language.sms, language.policy)
        draft = Draft(
            id=store.names.message_id(shard, "missed", record.id),
            citizen=store.names.citizen(phone),
            lane=Lane.ANSWERS,
            body=letter.encode(Letter(phone, sender, text, language.sms, code)),
            segments=len(segment(text, language.sms).parts),
            sender=sender,
            until=(record.changed + VALID) * 1000,
            version=program.hash,
            test=record.test,
        )
        await store.outbox.accept(draft)


def _code(program: Program, service: str) -> str:
    """The shortest code by which she may ask again: of the same service, else of all."""
    codes = program.site.codes
    own = [code for code, opened in codes.items() if opened == service]
    return min(own or codes, key=len, default="")
