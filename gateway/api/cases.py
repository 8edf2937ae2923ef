"""`/v1/cases/{reference}/updates`: news of a case, to all who follow it."""

from __future__ import annotations

import secrets
from typing import Annotated

import msgspec
from msgspec import Meta

from gateway.api.batches import Progress
from gateway.api.keys import Key
from gateway.api.messages import Moment, Value
from gateway.api.problems import FieldFault, Refusal
from gateway.menu.message_data import check_data
from gateway.menu.messages import find
from gateway.menu.program import Program
from gateway.messaging import cases
from gateway.messaging.acceptance import KeyKind, check_times
from gateway.messaging.cases import Update
from gateway.store import Store


class News(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is told. With `final` whoever was told follows the case no more."""

    template: Annotated[str, Meta(min_length=1, max_length=100)]
    data: Annotated[dict[str, Value], Meta(max_length=50)] = {}
    final: bool = False
    send_after: Moment | None = None
    valid_until: Moment | None = None

    def __repr__(self) -> str:
        return "News()"


class CaseUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """How far it is. The counts are of messages: who follows a case is told to nobody."""

    id: str
    status: Progress
    accepted: int
    suppressed: int
    refused: int
    repeated: bool = False


async def tell(
    store: Store,
    program: Program,
    key: Key,
    reference: str,
    body: News,
    idempotency: str | None,
) -> CaseUpdate:
    """The update, begun or found begun."""
    message = find(program, key.agency, body.template)
    if message is None:
        fault = FieldFault("template", "unknown-template", "the agency has no such message")
        raise Refusal(422, "message-refused", "the message is not accepted", errors=(fault,))
    faults = check_data(message, body.data)
    errors = tuple(FieldFault(f"data.{f.field}", f.code.value, f.detail) for f in faults)
    # Told here, for nobody reads why each of many messages was refused later.
    times = check_times(program.site, message, body.send_after, body.valid_until)
    errors += tuple(FieldFault(*fault) for fault in times)
    if errors:
        raise Refusal(422, "message-refused", "the message is not accepted", errors=errors)
    same = msgspec.json.encode((key.kind, reference, body), order="sorted")
    if idempotency is not None:
        claimed = await store.requests.claim(key.agency, idempotency, same)
        if claimed.other:
            title = "this Idempotency-Key was used with another body"
            raise Refusal(409, "idempotency-key-reused", title)
    identity = f"key {idempotency}" if idempotency is not None else secrets.token_bytes(16)
    update_id = cases.named(store, key.agency, reference, identity)
    new = await cases.begin(
        store,
        update_id,
        Update(
            agency=key.agency,
            reference=reference,
            template=body.template,
            data=dict(body.data),
            kind=key.kind,
            final=body.final,
            send_after=body.send_after,
            valid_until=body.valid_until,
            team=key.team,
        ),
    )
    return await read(store, key, reference, update_id, repeated=not new)


async def read(
    store: Store, key: Key, reference: str, update_id: str, *, repeated: bool = False
) -> CaseUpdate:
    """404 for what is not there, and for what is not theirs: nobody can tell which."""
    record = await store.jobs.read(update_id)
    tests = key.kind is KeyKind.TEST
    if (
        record is None
        or record.get("kind") != cases.KIND
        or record["agency"] != key.agency
        or (record["key"] == KeyKind.TEST.value) != tests
        or record["case"] != store.names.case(key.agency, reference).hex()
    ):
        raise Refusal(404, "not-found", "there is no such update")
    done = record.get("done") == record.get("pieces")
    return CaseUpdate(
        id=update_id,
        status=Progress.DONE if done else Progress.WORKING,
        accepted=int(record.get("accepted", 0)),
        suppressed=int(record.get("suppressed", 0)),
        refused=int(record.get("refused", 0)),
        repeated=repeated,
    )
