"""Whether a Redis will keep what is entrusted to it. Asked at start and for readiness.

INFO answers on managed services too, where CONFIG is often closed, so it comes first. What is
asked for is what is needed, not a name: Valkey calls itself `redis_version:7.2.4`.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.errors import CommandRefused, StoreUnfit
from gateway.store import library
from gateway.store.connection import Connection
from gateway.store.keys import Names
from gateway.store.nodes import Nodes

LEAST = 7  # major version: functions came with Redis 7.0

_FLAG = "GATEWAY_REDIS_TRIAL=1 allows it for trials, in which data may be lost"


@dataclass(frozen=True, slots=True)
class Fitness:
    """What was found. `faults` is empty for a Redis that loses nothing."""

    server: str  # "valkey 9.1.2"
    aof: bool  # it has an append-only file at all
    sync: str | None  # appendfsync, None where it cannot be read
    waitaof: bool  # the server can be asked whether its file is synced (fence.py)
    faults: tuple[str, ...]


async def examine(connection: Connection) -> Fitness:
    """Looks at version, role and persistence. Raises StoreUnavailable."""
    info = _fields(await connection.execute("INFO", "everything"))
    faults = []
    version = info.get("redis_version", "0")
    if int(version.partition(".")[0] or 0) < LEAST:
        faults.append(f"Redis {version}: version {LEAST}.0 or later, or Valkey, is needed")
    if info.get("role", "master") != "master":
        faults.append("this server is a replica: REDIS_URL must name the master, or sentinels")
    aof = info.get("aof_enabled") == "1"
    if not aof:
        faults.append("appendonly is no: set appendonly yes")
    sync = await _setting(connection, "appendfsync")
    if sync is None:
        faults.append("appendfsync cannot be read (CONFIG is closed): it must not be no")
    elif sync == "no":
        faults.append("appendfsync is no: set appendfsync everysec (or always)")
    policy = info.get("maxmemory_policy") or await _setting(connection, "maxmemory-policy")
    if policy != "noeviction":
        faults.append(f"maxmemory-policy is {policy}: set maxmemory-policy noeviction")
    known = await connection.execute("COMMAND", "INFO", "WAITAOF")
    name = info.get("server_name", "redis")
    number = info.get(f"{name}_version", version)
    return Fitness(f"{name} {number}", aof, sync, bool(known and known[0]), tuple(faults))


async def prepare(nodes: Nodes, names: Names, *, allow_unfit: bool) -> Fitness:
    """Makes a server ready: fit, with our functions, and of this installation.

    Raises StoreUnfit with every setting that is wrong and what to put there; `allow_unfit`
    passes over the settings, never over the version or another installation's data.
    """
    fitness = await examine(nodes.first)
    if fitness.faults and not allow_unfit:
        raise StoreUnfit("Redis would lose data. " + ". ".join((*fitness.faults, _FLAG)))
    try:
        await library.install(nodes.first)
    except CommandRefused as refused:
        raise StoreUnfit(f"Redis does not take our functions: {refused}") from refused
    await claim_installation(nodes, names)
    return fitness


async def claim_installation(nodes: Nodes, names: Names) -> None:
    """The first start leaves the fingerprint of its name key; another one is refused, for it
    would find nobody's session under the names that it makes."""
    ours = names.fingerprint()
    key = names.name_key()
    found = await nodes.execute(0, "SET", key, ours, "NX", "GET")
    if found is None or found.decode() == ours:
        return
    theirs = found.decode()
    if theirs.split(":")[1:2] != ours.split(":")[1:2]:
        raise StoreUnfit(
            f"this Redis belongs to an installation with {theirs.split(':')[1]} shards; the"
            " number of shards is fixed when an installation starts"
        )
    raise StoreUnfit(
        "this Redis belongs to an installation with another GATEWAY_NAME_KEY: give the key that"
        " it was started with, or another database (the name key does not rotate)"
    )


def _fields(info: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in info.decode("utf-8", "replace").splitlines())
    return {name: value.strip() for name, colon, value in lines if colon}


async def _setting(connection: Connection, name: str) -> str | None:
    """A setting's value, None where CONFIG is closed to us."""
    try:
        found = await connection.execute("CONFIG", "GET", name)
    except CommandRefused:
        return None
    return found[1].decode() if found else None
