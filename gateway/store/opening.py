"""Putting the store together: a Redis by its URL, or the deployment's own server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import CommandRefused, StoreError, StoreUnavailable, StoreUnfit
from gateway.store import address, keyring
from gateway.store.agency_keys import AgencyKeys
from gateway.store.answers import Answers
from gateway.store.audit import Audit
from gateway.store.breakers import Breakers
from gateway.store.callbacks import Callbacks
from gateway.store.connection import Connection
from gateway.store.effects import Effects
from gateway.store.embedded import Embedded
from gateway.store.feedback import Feedback
from gateway.store.fence import Durability
from gateway.store.fitness import Fitness, prepare
from gateway.store.followers import Followers
from gateway.store.gates import Gates
from gateway.store.inbox import Inbox
from gateway.store.jobs import Jobs
from gateway.store.keyring import Keyring
from gateway.store.keys import Names
from gateway.store.lifetimes import Lifetimes
from gateway.store.nodes import Nodes
from gateway.store.optouts import OptOuts
from gateway.store.outbox import Limits, Outbox
from gateway.store.queues import Queue
from gateway.store.readings import Readings
from gateway.store.receipts import ProviderIds
from gateway.store.requests import Requests
from gateway.store.seal import Seal
from gateway.store.sessions import Sessions
from gateway.store.staff import Staff
from gateway.store.traces import Traces

# Redis says so of a login that it will not take later either.
_LOGIN = re.compile(r"\b(WRONGPASS|NOAUTH|NOPERM)\b")


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a step could be served now. `detail` is for the readiness page: no secrets."""

    ok: bool
    detail: Mapping[str, str]


class Store:
    """Everything this process keeps in Redis. Made by `open_store`, closed once."""

    def __init__(
        self,
        nodes: Nodes,
        names: Names,
        seal: Seal,
        sessions: Sessions,
        fitness: Fitness,
        durability: Durability,
        embedded: Embedded | None,
        limits: Limits,
        lifetimes: Lifetimes,
    ) -> None:
        self.lifetimes = lifetimes
        self.names = names
        self.seal = seal
        self.sessions = sessions
        self.effects = Effects(nodes, names, seal, lifetimes)
        self.outbox = Outbox(
            nodes, names, seal, durability=durability, limits=limits, lifetimes=lifetimes
        )
        self.hooks = Queue(nodes, names, "hooks")
        self.missed = Queue(nodes, names, "missed")
        self.jobs = Jobs(nodes, names, seal, durability, lifetimes)
        self.provider_ids = ProviderIds(nodes, names, lifetimes)
        self.gates = Gates(nodes, names)
        self.optouts = OptOuts(nodes, names, durability)
        self.followers = Followers(nodes, names, seal, lifetimes)
        self.requests = Requests(nodes, names, seal, lifetimes)
        self.agency_keys = AgencyKeys(nodes, names)
        self.callbacks = Callbacks(nodes, names, seal, durability, lifetimes)
        self.feedback = Feedback(nodes, names, seal, lifetimes)
        self.staff = Staff(nodes, names, seal)
        self.audit = Audit(nodes, names, lifetimes)
        self.breakers = Breakers(nodes, names)
        self.readings = Readings(nodes, names, seal)
        self.answers = Answers(nodes, names, seal)
        self.late = Queue(nodes, names, "late")
        self.inbox = Inbox(nodes, names, seal, lifetimes)
        self.traces = Traces(nodes, names)
        self.fitness = fitness
        self._nodes = nodes
        self._durability = durability
        self._embedded = embedded

    async def ready(self) -> Readiness:
        """Asks the server. Never raises."""
        detail = {"server": self.fitness.server, "durability": self._durability.promise}
        if self.fitness.faults:
            detail["unfit"] = ". ".join(self.fitness.faults)
        try:
            await self._nodes.first.execute("PING")
        except StoreError as error:
            return Readiness(False, {**detail, "redis": str(error)})
        return Readiness(True, {**detail, "redis": "answers"})

    async def close(self) -> None:
        """Leaves the server; the last process of an embedded one stops it."""
        await self.sessions.close()
        await self._durability.close()
        await self._nodes.close()
        if self._embedded is not None:
            await asyncio.to_thread(self._embedded.leave)


async def open_store(
    *,
    redis_url: str | None = None,
    data: Path = Path("var"),
    secret_keys: Sequence[bytes] = (),
    name_key: bytes | None = None,
    shards: int = 16,
    allow_unfit: bool = False,
    deadline: float = 2.0,
    lifetimes: Lifetimes | None = None,
    limits: Limits | None = None,
) -> Store:
    """Opens the Redis of `redis_url`, or without one the embedded server of the folder `data`.

    `deadline` is in seconds, for each command. Raises SettingsError, StoreUnfit or
    StoreUnavailable; nothing is left open then.
    """
    embedded = None
    if redis_url is not None:
        ring = keyring.given(tuple(secret_keys), name_key)
        locate = address.read(redis_url)
    else:
        embedded = Embedded(data)
        ring = await asyncio.to_thread(_attach, embedded, tuple(secret_keys), name_key)
        locate = embedded.locate
    nodes = Nodes(Connection(locate, deadline=deadline))
    try:
        names = Names(ring.name_key, shards)
        seal = Seal(ring.secret_keys)
        await nodes.first.open()
        fitness = await prepare(nodes, names, allow_unfit=allow_unfit)
    except BaseException as error:
        await nodes.close()
        if embedded is not None:
            await asyncio.to_thread(embedded.leave)
        if isinstance(error, CommandRefused | StoreUnavailable) and _LOGIN.search(str(error)):
            raise StoreUnfit(
                f"Redis refuses the login of REDIS_URL ({error}): give its user and password, and"
                " the user the rights of docs/redis.md"
            ) from error
        raise
    durability = Durability(nodes, names, fitness, embedded)
    lifetimes = lifetimes or Lifetimes()
    sessions = Sessions(nodes, names, seal, durability=durability, lifetimes=lifetimes)
    limits = limits or Limits()
    return Store(nodes, names, seal, sessions, fitness, durability, embedded, limits, lifetimes)


def _attach(embedded: Embedded, secret_keys: tuple[bytes, ...], name_key: bytes | None) -> Keyring:
    # Keys before the server: a folder whose keys are gone must not be served, nor changed.
    with embedded.alone():
        ring = keyring.beside(embedded.data, secret_keys, name_key)
    embedded.attach()
    return ring
