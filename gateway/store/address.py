"""Where Redis is: REDIS_URL read, and Sentinel asked.

    redis://[user:password@]host[:6379][/db]            rediss:// for TLS
    unix:///path/to/socket[?db=0]
    redis+sentinel://[user:password@]host[:26379][,host…]/service[/db]

redis-py reads the plain forms, so the options of its URLs (`ssl_ca_certs`, `ssl_cert_reqs` …)
mean here what they mean everywhere.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gateway.errors import SettingsError, StoreUnavailable

SENTINEL = "redis+sentinel"
SENTINEL_WAIT = 1.0  # seconds for one sentinel to answer

_KNOWN = {"host", "port", "db", "username", "password", "path"}
_TLS = {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"}


@dataclass(frozen=True, slots=True)
class Address:
    """One server. Either `path` (unix socket) or `host` and `port`."""

    host: str = "127.0.0.1"
    port: int = 6379
    path: str | None = None
    username: str | None = None
    password: str | None = None
    db: int = 0
    tls: ssl.SSLContext | None = None

    def __str__(self) -> str:
        """For logs and errors: without the password."""
        return self.path or f"{self.host}:{self.port}"


Locate = Callable[[], Awaitable[Address]]
"""Asked before each connection attempt, for the server may have moved meanwhile."""


def fixed(address: Address) -> Locate:
    async def locate() -> Address:
        return address

    return locate


def read(url: str) -> Locate:
    """Reads REDIS_URL. Raises SettingsError, without repeating the password."""
    if url.partition("://")[0] == SENTINEL:
        return _sentinels(url)
    return fixed(_plain(url))


def _plain(url: str) -> Address:
    try:
        options: Mapping[str, Any] = parse_url(url)
        secure = url.startswith("rediss://")
        # redis-py takes what is no number for database 0.
        if not url.startswith("unix://") and not re.fullmatch(r"(/[0-9]*)?/?", urlsplit(url).path):
            raise ValueError("its database must be a number")
        unknown = options.keys() - _KNOWN - {"connection_class"} - (_TLS if secure else set())
        if unknown:
            raise ValueError(f"unknown option {sorted(unknown)[0]}")
        known = {name: options[name] for name in _KNOWN if options.get(name) is not None}
        return Address(**known, tls=_context(options) if secure else None)
    except (ValueError, OSError) as error:
        raise SettingsError(
            f"REDIS_URL: not an address of Redis ({_reason(error, url)});"
            " write redis://:password@host:6379/0, rediss://… for TLS, unix:///path/to/socket"
            f" or {SENTINEL}://host:26379,host:26379/service"
        ) from None


def _reason(error: Exception, url: str) -> str:
    reason = str(error)
    return "it cannot be read" if url in reason or "@" in reason else reason


def _context(options: Mapping[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=options.get("ssl_ca_certs"))
    if options.get("ssl_certfile"):
        context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"))
    required = options.get("ssl_cert_reqs", "required")
    if required not in ("required", "optional", "none"):
        raise ValueError("ssl_cert_reqs is required, optional or none")
    checked = str(options.get("ssl_check_hostname", "true")).lower() in ("true", "1", "yes")
    context.check_hostname = checked and required == "required"
    if required == "none":
        context.verify_mode = ssl.CERT_NONE
    elif required == "optional":
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def _sentinels(url: str) -> Locate:
    parts = urlsplit(url)
    service, _, db = parts.path.strip("/").partition("/")
    login, _, hosts = parts.netloc.rpartition("@")
    username, _, password = login.partition(":")
    try:
        sentinels = [_host(host) for host in hosts.split(",") if host]
        number = int(db or 0)
        if not sentinels or not service:
            raise ValueError
    except ValueError:
        raise SettingsError(
            f"REDIS_URL: write {SENTINEL}://[user:password@]host:26379,host:26379/service[/db]"
        ) from None

    async def locate() -> Address:
        for host, port in sentinels:
            master = await _ask(host, port, service)
            if master is not None:
                return Address(
                    host=master[0],
                    port=master[1],
                    username=unquote(username) or None,
                    password=unquote(password) or None,
                    db=number,
                )
        raise StoreUnavailable(f"no sentinel knows a master of {service}")

    return locate


def _host(written: str) -> tuple[str, int]:
    host, _, port = written.rpartition(":") if ":" in written else (written, "", "26379")
    return host.strip("[]"), int(port)


async def _ask(host: str, port: int, service: str) -> tuple[str, int] | None:
    """The master's address, or None where this sentinel cannot tell."""
    sentinel = Redis(
        host=host,
        port=port,
        socket_timeout=SENTINEL_WAIT,
        socket_connect_timeout=SENTINEL_WAIT,
        retry=Retry(NoBackoff(), 0),  # the next sentinel is the better second attempt
        decode_responses=True,
    )
    try:
        async with asyncio.timeout(2 * SENTINEL_WAIT):
            found = await sentinel.sentinel_get_master_addr_by_name(service, return_responses=True)
    except (RedisError, OSError, TimeoutError):
        return None
    finally:
        await sentinel.aclose()
    if not isinstance(found, tuple):
        return None
    host_found, port_found = found
    return (host_found if isinstance(host_found, str) else host_found.decode(), port_found)
