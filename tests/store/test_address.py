from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.errors import SettingsError, StoreUnavailable
from gateway.store.address import Address, read
from gateway.store.connection import Connection
from tests.store.conftest import Launch, served


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://localhost", Address("localhost")),
        ("redis://10.0.0.1:6380/3", Address("10.0.0.1", 6380, db=3)),
        ("redis://:p%40ss@cache", Address("cache", password="p@ss")),
        ("redis://u:p@cache:1", Address("cache", 1, username="u", password="p")),
        ("unix:///run/redis.sock", Address(path="/run/redis.sock")),
        ("unix://:p@/run/redis.sock?db=1", Address(path="/run/redis.sock", password="p", db=1)),
        ("redis://[::1]:7000", Address("::1", 7000)),
    ],
)
async def test_an_url_is_read(url: str, address: Address) -> None:
    assert await read(url)() == address


async def test_tls_is_checked_unless_said_otherwise() -> None:
    """Heroku's certificates are its own, hence the option; the default checks all."""
    strict = (await read("rediss://cache:6380")()).tls
    assert strict is not None
    assert (strict.verify_mode, strict.check_hostname) == (ssl.CERT_REQUIRED, True)
    lax = (await read("rediss://cache:6380?ssl_cert_reqs=none")()).tls
    assert lax is not None
    assert (lax.verify_mode, lax.check_hostname) == (ssl.CERT_NONE, False)
    named = (await read("rediss://cache:6380?ssl_check_hostname=false")()).tls
    assert named is not None
    assert (named.verify_mode, named.check_hostname) == (ssl.CERT_REQUIRED, False)
    optional = (await read("rediss://cache?ssl_cert_reqs=optional")()).tls
    assert optional is not None
    assert optional.verify_mode == ssl.CERT_OPTIONAL


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:6379",
        "http://:hunter2@cache",
        "redis://:hunter2@cache:port",
        "redis://:hunter2@cache?colour=blue",
        "redis://:hunter2@cache/zero",
        "redis://cache?ssl_cert_reqs=none",
        "rediss://:hunter2@cache?ssl_cert_reqs=perhaps",
        "rediss://:hunter2@cache?ssl_ca_certs=/no/such/file",
        "redis+sentinel://:hunter2@cache:port/main",
        "redis+sentinel://:hunter2@cache",
        "redis+sentinel:///main",
        "redis+sentinel://cache/main/first",
    ],
)
async def test_a_wrong_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError, match="REDIS_URL") as caught:
        read(url)
    assert "hunter2" not in str(caught.value)


async def test_an_address_is_told_without_its_password() -> None:
    assert str(Address("cache", password="hunter2")) == "cache:6379"
    assert str(Address(path="/run/s", password="hunter2")) == "/run/s"


async def test_sentinels_are_asked_where_the_master_is(launch: Launch, tmp_path: Path) -> None:
    """One of the two sentinels is away, the other one knows."""
    master, gone = launch(), launch()
    configuration = tmp_path / "sentinel.conf"
    configuration.write_text(f"sentinel monitor main 127.0.0.1 {master.port} 1\n")
    sentinel = launch(str(configuration), "--sentinel")
    gone.process.kill()
    gone.process.wait()
    url = f"redis+sentinel://:p@127.0.0.1:{gone.port},127.0.0.1:{sentinel.port}"
    assert await read(f"{url}/main/1")() == Address("127.0.0.1", master.port, password="p", db=1)
    with pytest.raises(StoreUnavailable, match="no sentinel knows"):
        await read(f"{url}/other")()
    connection = Connection(read(f"redis+sentinel://127.0.0.1:{sentinel.port}/main"))
    await connection.open()
    assert await connection.execute("ECHO", "through") == b"through"
    await connection.close()


@dataclass(frozen=True)
class Certificate:
    """For 127.0.0.1 and itself its authority. `file` holds certificate and key."""

    file: Path
    server: ssl.SSLContext


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    file.write_bytes(
        made.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return Certificate(file, server)


async def test_tls_reaches_a_server_whose_certificate_is_known(certificate: Certificate) -> None:
    """And no other: a stranger's certificate is refused at once."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"ECHO\r\n$4\r\nover\r\n")
        writer.write(b"$4\r\nover\r\n")
        await reader.read(-1)

    async with served(echo, certificate.server) as address:
        url = f"rediss://127.0.0.1:{address.port}"
        for options in (f"ssl_ca_certs={certificate.file}", "ssl_cert_reqs=none"):
            mutual = f"ssl_certfile={certificate.file}&ssl_keyfile={certificate.file}"
            connection = Connection(read(f"{url}?{options}&{mutual}"))
            await connection.open()
            assert await connection.execute("ECHO", "over") == b"over"
            await connection.close()
        stranger = Connection(read(url))
        with pytest.raises(StoreUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
            await stranger.open()
        await stranger.close()
