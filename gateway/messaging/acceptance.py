"""The one way by which an agency's message is accepted: all is checked before anything is kept."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from gateway.errors import MessageRefused, NumberError
from gateway.events import Json, Lane, MessageState
from gateway.menu.message_data import check_data
from gateway.menu.messages import find, language_of, write
from gateway.menu.program import Message, Program, Site
from gateway.messaging import letter
from gateway.messaging.letter import Letter
from gateway.messaging.window import Window
from gateway.store import Draft, Store
from gateway.text.msisdn import canonical, rewritten, unreachable

LONGEST_REFERENCE = 100  # characters
LATEST = 90 * 86_400_000  # milliseconds ahead that a message may be asked for

_UNREACHABLE = {
    "foreign": "this is a number of another country",
    "not-mobile": "this number gets no text messages",
}

Faults = list[tuple[str, str, str]]


class KeyKind(StrEnum):
    """Whom an agency's key reaches: anybody, its own team, or nobody but a simulated phone."""

    LIVE = "live"
    TEAM = "team"
    TEST = "test"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What an agency asks for."""

    template: str  # "etat-civil/statut_pret"
    to: str
    data: Mapping[str, Json]
    language: str | None = None  # the citizen's own where it is not given
    reference: str = ""
    send_after: datetime | None = None  # with their offset from UTC
    valid_until: datetime | None = None

    def __repr__(self) -> str:
        return "Wanted()"  # nothing of hers gets into a log


class Prepared(msgspec.Struct, frozen=True):
    """A message in which nothing is wrong. `rewritten` is its number where digits were added."""

    draft: Draft
    brake: int
    language: str
    rewritten: str | None

    def __repr__(self) -> str:
        return "Prepared()"


async def prepare(
    store: Store,
    program: Program,
    agency: str,
    wanted: Wanted,
    kind: KeyKind,
    *identity: bytes | str,
    team: frozenset[str] = frozenset(),
) -> Prepared:
    """Keeps nothing. The same `identity` for the same number gives the same message's id; `team`
    are the digests of the citizens that a TEAM key may send to.

    Raises MessageRefused with all that is wrong, or StoreError.
    """
    site, names, faults = program.site, store.names, Faults()
    message = find(program, agency, wanted.template)
    if message is None:
        faults.append(("template", "unknown-template", "the agency has no such message"))
    else:
        faults += [
            (f"data.{f.field}", f.code.value, f.detail) for f in check_data(message, wanted.data)
        ]
    if len(wanted.reference) > LONGEST_REFERENCE:
        what = f"at most {LONGEST_REFERENCE} characters"
        faults.append(("reference", "too-long", what))
    phone = _number(wanted.to, site.country, faults)
    if wanted.language is not None and message is not None:
        _offered(program, message, wanted.language, faults)
    now = round(time.time() * 1000)
    # A test wakes nobody.
    any_hour = kind is KeyKind.TEST or (message is not None and message.any_hour)
    times = (wanted.send_after, wanted.valid_until, now)
    due, until = _times(site, message, *times, faults, any_hour=any_hour)
    if phone is not None and kind is KeyKind.TEAM and names.citizen(phone).digest not in team:
        faults.append(("to", "not-in-team", "this key sends to its team's numbers alone"))
    if message is None or phone is None or faults:
        raise MessageRefused(tuple(faults))
    citizen = names.citizen(phone)
    language = wanted.language or await store.sessions.remembered(citizen)
    today = datetime.now(ZoneInfo(site.timezone)).date()
    written = write(program, message, language, wanted.data, today=today)
    sender = site.sms.sender or ""
    body = Letter(phone, sender, written.text, written.encoding, written.language, wanted.reference)
    draft = Draft(
        id=names.message_id(citizen.shard, "agency", agency, *identity),
        citizen=citizen,
        lane=Lane.MASS,
        body=letter.encode(body),
        segments=written.segments,
        sender=sender,
        until=until,
        due=due if due > now else 0,
        agency=agency,
        template=wanted.template,
        version=program.hash,
        hold=not message.resend_if_unsure,
        essential=message.essential and site.sms.essential,
        told=site.agencies[agency].webhook is not None,
        test=kind is KeyKind.TEST,
        any_hour=any_hour,
        alike=names.digest("alike", citizen.digest, written.text),
    )
    added = phone if rewritten(wanted.to, phone) else None
    return Prepared(draft, site.sms.brake, written.language, added)


async def accept(store: Store, prepared: Prepared, reference: str) -> MessageState:
    """On the server's disk once it returns. Done again, it completes what was begun."""
    draft = prepared.draft
    _, state = await store.outbox.accept(draft, brake=prepared.brake)
    if reference:
        at = round(time.time() * 1000)
        await store.requests.file(draft.agency, reference, draft.id, at)
    return state


def _number(raw: str, country: str, faults: Faults) -> str | None:
    try:
        phone = canonical(raw, country)
    except NumberError as error:
        faults.append(("to", "not-a-number", str(error)))
        return None
    why = unreachable(phone, country)
    if why is not None:
        faults.append(("to", why, _UNREACHABLE[why]))
        return None
    return phone


def _offered(program: Program, message: Message, language: str, faults: Faults) -> None:
    if language_of(program, message, language).code != language:
        faults.append(("language", "not-offered", "the service is not offered in it"))


def check_times(
    site: Site, message: Message, send_after: datetime | None, valid_until: datetime | None
) -> Faults:
    """What is wrong with the times of a message, whoever gets it."""
    faults = Faults()
    now = round(time.time() * 1000)
    _times(site, message, send_after, valid_until, now, faults, any_hour=message.any_hour)
    return faults


def _times(
    site: Site,
    message: Message | None,
    send_after: datetime | None,
    valid_until: datetime | None,
    now: int,
    faults: Faults,
    *,
    any_hour: bool,
) -> tuple[int, int]:
    """From when and until when, in milliseconds since the epoch."""
    before = len(faults)
    due = now if send_after is None else round(send_after.timestamp() * 1000)
    if due > now + LATEST:
        faults.append(("send_after", "too-late", "at most 90 days ahead"))
    due = max(due, now)
    if valid_until is not None:
        until = round(valid_until.timestamp() * 1000)
        if until <= now:
            faults.append(("valid_until", "past", "it is over"))
        elif until > now + 2 * LATEST:
            faults.append(("valid_until", "too-late", "at most 180 days ahead"))
    else:
        valid = 0 if message is None else round(message.valid_for.total_seconds() * 1000)
        until = due + valid
    if message is None or len(faults) > before:
        return due, until
    if not any_hour:
        due = max(due, Window(site.sms.quiet, site.timezone).opens(due))
    if until <= due:
        faults.append(("valid_until", "too-early", "it ends before the message may be sent"))
    return due, until
