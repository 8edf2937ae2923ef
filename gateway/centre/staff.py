"""The service centre's staff: accounts, and who is signed in at the desk."""

from __future__ import annotations

import hmac
import re
import secrets
import time
from enum import StrEnum

import msgspec

from gateway.centre import passwords
from gateway.store import Store

IDLE = 30 * 60.0  # seconds after which nobody is signed in who did nothing
LONGEST = 12 * 3600.0  # seconds that anybody is signed in

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,31}")
_TRIES = {"account": (1 / 30, 6.0), "address": (1 / 10, 20.0)}  # a second, and at once


class Role(StrEnum):
    AGENT = "agent"  # calls citizens back
    SUPERVISOR = "supervisor"  # and looks after accounts


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """`queues` are those that they work on, none for all. `epoch` counts up whenever all that is
    signed in must end. `hash` is Argon2id's."""

    name: str
    shown: str
    role: Role
    hash: str
    queues: tuple[str, ...] = ()
    epoch: int = 0
    temporary: bool = False  # the password was made for them: they choose their own first
    disabled: bool = False

    def __repr__(self) -> str:
        return f"Account({self.name})"

    def works(self, queue: str) -> bool:
        return not self.queues or queue in self.queues


class Signed(msgspec.Struct, frozen=True):
    """Who is signed in. `csrf` stands in every form of theirs."""

    account: Account
    csrf: str

    def __repr__(self) -> str:
        return f"Signed({self.account.name})"


class _Session(msgspec.Struct, array_like=True, frozen=True):
    name: str
    epoch: int
    csrf: str
    begun: float


class AccountRefused(Exception):
    """`code` is stable: bad-name, taken, unknown, last-supervisor, or one of `passwords.fault`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


_accounts = msgspec.msgpack.Decoder(Account)
_sessions = msgspec.msgpack.Decoder(_Session)
_encoder = msgspec.msgpack.Encoder()


# ---- accounts ------------------------------------------------------------------------


async def get(store: Store, name: str) -> Account | None:
    found = await store.staff.get(name)
    return None if found is None else _accounts.decode(found)


async def every(store: Store) -> list[Account]:
    found = await store.staff.all()
    return sorted(map(_accounts.decode, found.values()), key=lambda account: account.name)


async def add(
    store: Store,
    name: str,
    password: str,
    *,
    shown: str = "",
    role: Role = Role.AGENT,
    queues: tuple[str, ...] = (),
    temporary: bool = False,
) -> Account:
    """Raises AccountRefused."""
    if not _NAME.fullmatch(name):
        raise AccountRefused("bad-name")
    account = Account(
        name=name,
        shown=shown.strip()[:60] or name,
        role=role,
        queues=queues,
        temporary=temporary,
        hash=await _hash(password, name),
    )
    if not await store.staff.put(name, _encoder.encode(account), new=True):
        raise AccountRefused("taken")
    return account


async def set_password(store: Store, name: str, password: str, *, temporary: bool) -> Account:
    """Ends all that is signed in. Raises AccountRefused."""
    account = await _known(store, name)
    known = await _hash(password, name)
    return await _put(store, account, hash=known, temporary=temporary, epoch=account.epoch + 1)


async def set_queues(store: Store, name: str, queues: tuple[str, ...]) -> Account:
    """Raises AccountRefused."""
    return await _put(store, await _known(store, name), queues=queues)


async def disable(store: Store, name: str) -> Account:
    """Ends all that is signed in. Raises AccountRefused: somebody must be left to undo it."""
    account = await _known(store, name)
    disabled = await _put(store, account, disabled=True, epoch=account.epoch + 1)
    if account.role is Role.SUPERVISOR and not await _supervised(store):
        # Looked at afterwards: two who disable each other at once both find nobody left.
        await _put(store, account)
        raise AccountRefused("last-supervisor")
    return disabled


async def _supervised(store: Store) -> bool:
    accounts = await every(store)
    return any(one.role is Role.SUPERVISOR and not one.disabled for one in accounts)


async def enable(store: Store, name: str) -> Account:
    """Raises AccountRefused."""
    return await _put(store, await _known(store, name), disabled=False)


async def _known(store: Store, name: str) -> Account:
    account = await get(store, name)
    if account is None:
        raise AccountRefused("unknown")
    return account


async def _put(store: Store, account: Account, **changes: object) -> Account:
    changed = msgspec.structs.replace(account, **changes)
    await store.staff.put(account.name, _encoder.encode(changed))
    return changed


async def _hash(password: str, name: str) -> str:
    fault = passwords.fault(password, name)
    if fault is not None:
        raise AccountRefused(fault)
    return await passwords.hashed(password)


# ---- signed in -----------------------------------------------------------------------


async def wait(store: Store, name: str, address: str) -> float:
    """Seconds until this name may be tried from this address, 0.0 if now."""
    waits = []
    for kind, value in (("account", name), ("address", address)):
        rate, burst = _TRIES[kind]
        gate = store.names.digest("desk", kind, value).hex()
        waits.append(await store.gates.spend(f"desk.{gate}", 1, rate=rate, burst=burst))
    return max(waits)


async def sign_in(store: Store, name: str, password: str) -> str | None:
    """A token for whoever knows the password, else None: nobody learns what was wrong."""
    account = await get(store, name) if _NAME.fullmatch(name) else None
    usable = account is not None and not account.disabled
    right = await passwords.matches(password, account.hash if account and usable else None)
    if account is None or not right:
        if account is not None:
            await store.audit.write(f"staff:{name}", "sign-in-refused")
        return None
    if passwords.outdated(account.hash):
        account = await _put(store, account, hash=await passwords.hashed(password))
    token = secrets.token_urlsafe(32)
    session = _Session(account.name, account.epoch, secrets.token_urlsafe(24), time.time())
    await store.staff.sign_in(token, _encoder.encode(session), seconds=IDLE)
    await store.audit.write(f"staff:{name}", "signed-in")
    return token


async def signed_in(store: Store, token: str) -> Signed | None:
    """Whose token it is, as long as it holds; looking prolongs it."""
    found = await store.staff.signed_in(token, seconds=IDLE)
    if found is None:
        return None
    session = _sessions.decode(found)
    account = await get(store, session.name)
    stale = account is None or account.disabled or account.epoch != session.epoch
    if account is None or stale or time.time() - session.begun > LONGEST:
        await store.staff.sign_out(token)
        return None
    return Signed(account, session.csrf)


async def sign_out(store: Store, token: str) -> None:
    await store.staff.sign_out(token)


def same(given: str, known: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(given.encode(), known.encode())
