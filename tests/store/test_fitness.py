"""A Redis that would lose data is refused, naming the setting and what to put."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from gateway.errors import SettingsError, StoreUnfit
from gateway.store import Store, open_store
from tests.conftest import NAME_KEY, SECRET_KEY, Server
from tests.store.conftest import Launch, Launched, served
from tests.store.steps import converse, promise


async def opened(url: str, *, allow_unfit: bool = False, shards: int = 16) -> Store:
    return await open_store(
        redis_url=url,
        secret_keys=[SECRET_KEY],
        name_key=NAME_KEY,
        allow_unfit=allow_unfit,
        shards=shards,
    )


async def test_a_fit_server_is_taken(redis: Server) -> None:
    store = await opened(redis.url)
    assert store.fitness.faults == ()
    assert store.fitness.server.startswith("valkey 9")
    assert store.fitness.waitaof
    assert store.fitness.sync == "everysec"
    await store.close()


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"appendonly": "no"}, "set appendonly yes"),
        ({"appendfsync": "no"}, "set appendfsync everysec"),
        ({"maxmemory_policy": "allkeys-lru"}, "set maxmemory-policy noeviction"),
    ],
)
async def test_each_setting_that_loses_data_is_refused(
    launch: Launch, settings: dict[str, str], named: str
) -> None:
    server = launch(**settings)
    with pytest.raises(StoreUnfit, match=named):
        await opened(server.url)
    for_trials = await opened(server.url, allow_unfit=True)
    assert named in (await for_trials.ready()).detail["unfit"]
    await for_trials.close()


async def test_all_wrong_settings_are_named_at_once(launch: Launch) -> None:
    server = launch(appendonly="no", appendfsync="no", maxmemory_policy="volatile-ttl")
    with pytest.raises(StoreUnfit) as caught:
        await opened(server.url)
    for word in ("appendonly", "appendfsync", "volatile-ttl"):
        assert word in str(caught.value)


async def test_where_config_is_closed_the_flag_decides(launch: Launch) -> None:
    """Managed services often close CONFIG; INFO tells the rest."""
    server = launch()
    server.ask("ACL", "SETUSER", "default", "-config")
    with pytest.raises(StoreUnfit, match="appendfsync cannot be read"):
        await opened(server.url)
    store = await opened(server.url, allow_unfit=True)
    assert len(store.fitness.faults) == 1
    await store.close()


async def test_a_replica_is_refused(launch: Launch) -> None:
    master, replica = launch(), launch()
    replica.ask("REPLICAOF", "127.0.0.1", master.port)
    with pytest.raises(StoreUnfit, match="replica"):
        await opened(replica.url)


async def test_a_server_without_functions_is_refused_even_for_trials(launch: Launch) -> None:
    server = launch()
    server.ask("ACL", "SETUSER", "default", "-function")
    with pytest.raises(StoreUnfit, match="does not take our functions"):
        await opened(server.url, allow_unfit=True)


async def test_effects_do_not_wait_where_the_server_cannot_tell(
    launch: Launch, tmp_path: Path
) -> None:
    """Readiness then names the second that a power cut may take."""
    configuration = tmp_path / "redis.conf"
    configuration.write_text("rename-command WAITAOF NOT-HERE\n")
    server = launch(str(configuration))
    store = await opened(server.url)
    assert not store.fitness.waitaof
    assert "one second" in (await store.ready()).detail["durability"]
    citizen = store.names.citizen("+2290197000001")
    assert await promise(store, citizen) == 1
    await store.close()


async def test_an_installation_keeps_its_name_key_and_its_shards(redis: Server) -> None:
    await (await opened(redis.url)).close()
    with pytest.raises(StoreUnfit, match="another GATEWAY_NAME_KEY"):
        await open_store(redis_url=redis.url, secret_keys=[SECRET_KEY], name_key=b"x" * 32)
    with pytest.raises(StoreUnfit, match="16 shards"):
        await opened(redis.url, shards=8)
    await (await opened(redis.url)).close()


@pytest.mark.parametrize("missing", ["GATEWAY_SECRET_KEYS", "GATEWAY_NAME_KEY"])
async def test_a_redis_of_ones_own_needs_its_keys_given(redis: Server, missing: str) -> None:
    with pytest.raises(SettingsError, match=missing):
        await open_store(
            redis_url=redis.url,
            secret_keys=[] if missing == "GATEWAY_SECRET_KEYS" else [SECRET_KEY],
            name_key=None if missing == "GATEWAY_NAME_KEY" else NAME_KEY,
        )


def password_protected(launch: Launch) -> Launched:
    return launch(requirepass="p%40ss", password="p%40ss")


async def test_a_password_is_given_and_never_repeated(launch: Launch) -> None:
    server = password_protected(launch)
    store = await opened(f"redis://:p%2540ss@127.0.0.1:{server.port}/2")
    assert (await store.ready()).ok
    await store.close()
    with pytest.raises(StoreUnfit, match=r"login of REDIS_URL.*WRONGPASS") as caught:
        await opened(f"redis://:hunter2@127.0.0.1:{server.port}")
    assert "hunter2" not in str(caught.value)
    with pytest.raises(StoreUnfit, match=r"login of REDIS_URL.*NOAUTH"):
        await opened(server.url)


async def test_a_user_without_its_rights_is_told_so(launch: Launch) -> None:
    server = launch()
    server.ask("ACL", "SETUSER", "gateway", "on", ">word", "~*", "+ping")
    with pytest.raises(StoreUnfit, match=r"login of REDIS_URL.*NOPERM.*docs/redis\.md") as caught:
        await opened(f"redis://gateway:word@127.0.0.1:{server.port}")
    assert "word@" not in str(caught.value)


async def test_a_version_without_functions_is_named() -> None:
    async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        info = b"redis_version:6.2.16\r\nrole:master\r\naof_enabled:1\r\n"
        replies = [
            b"$%d\r\n%s\r\n" % (len(info), info),
            b"*2\r\n$11\r\nappendfsync\r\n$8\r\neverysec\r\n",
            b"*2\r\n$16\r\nmaxmemory-policy\r\n$10\r\nnoeviction\r\n",
            b"*1\r\n*-1\r\n",
        ]
        for reply in replies:
            await reader.read(1 << 16)
            writer.write(reply)
        await reader.read(-1)

    async with served(old) as address:
        with pytest.raises(StoreUnfit, match=r"Redis 6\.2\.16: version 7\.0 or later") as caught:
            await opened(f"redis://127.0.0.1:{address.port}")
    assert "set " not in str(caught.value)


async def test_a_user_with_the_documented_rights_is_enough(launch: Launch) -> None:
    """The access list of docs/redis.md, word for word."""
    page = Path(__file__).parents[2].joinpath("docs/redis.md").read_text()
    rights = re.search(r"`(~\S+)` for keys, and `([^`]+)`", page)
    assert rights is not None
    server = launch()
    server.ask("ACL", "SETUSER", "gateway", "on", ">word", rights[1], *rights[2].split())
    store = await opened(f"redis://gateway:word@127.0.0.1:{server.port}/1")
    assert store.fitness.faults == ()
    await converse(store, "+2290197000001")
    citizen = store.names.citizen("+2290197000002")
    assert await promise(store, citizen) == 1
    await store.sessions.remember(citizen, "fon")
    await store.sessions.forget(citizen)
    assert len(await store.effects.read(citizen.shard)) >= 1
    await store.close()
