"""Where a back end lives: the site's words for it, made whole from the environment."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from gateway.errors import SettingsError
from gateway.menu.program import Backend, EnvRef, Site


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`url` has no slash at its end; `timeout` is in seconds; `headers` may hold secrets."""

    name: str
    url: str
    timeout: float
    headers: dict[str, str] = field(repr=False)

    @property
    def encrypted(self) -> bool:
        return self.url.startswith("https:")


def endpoints(site: Site, environ: Mapping[str, str]) -> dict[str, Endpoint]:
    """Every back end of `site` by name, its `env:` references read.

    Raises SettingsError that names all missing variables at once, or the first address that
    cannot be used. No value of the environment stands in an error.
    """
    missing = [
        f"{reference.name} is missing ({reference.place}): give {_wanted(backend, reference)}"
        for backend in site.backends.values()
        for reference in _references(backend)
        if not environ.get(reference.name, "").strip()
    ]
    if missing:
        raise SettingsError("\n".join(dict.fromkeys(missing)))
    return {name: _endpoint(backend, environ) for name, backend in site.backends.items()}


def _references(backend: Backend) -> list[EnvRef]:
    values = (backend.url, backend.token, *backend.headers.values())
    return [value for value in values if isinstance(value, EnvRef)]


def _wanted(backend: Backend, reference: EnvRef) -> str:
    if reference is backend.url:
        return f"the address of « {backend.name} », such as https://api.example.org/v1"
    if reference is backend.token:
        return f"the token that « {backend.name} » gave for its back end"
    return f"what « {backend.name} » wants in that header"


def _endpoint(backend: Backend, environ: Mapping[str, str]) -> Endpoint:
    where = (
        f"{backend.url.name} ({backend.url.place})"
        if isinstance(backend.url, EnvRef)
        else f"the url of back end « {backend.name} » ({backend.place})"
    )
    url = _read(backend.url, environ)
    _address(url, where, insecure=backend.insecure)
    headers = {name: _read(value, environ) for name, value in backend.headers.items()}
    if backend.token is not None:
        headers["Authorization"] = "Bearer " + _read(backend.token, environ)
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise SettingsError(
                f"back end « {backend.name} » ({backend.place}): header {name} can only hold "
                "printable ASCII characters"
            )
    return Endpoint(
        name=backend.name,
        url=url.rstrip("/"),
        timeout=backend.timeout.total_seconds(),
        headers=headers,
    )


def _read(value: str | EnvRef, environ: Mapping[str, str]) -> str:
    return environ[value.name].strip() if isinstance(value, EnvRef) else value.strip()


def _address(url: str, where: str, *, insecure: bool) -> None:
    """An address may hold a secret (a password, a key in its query): it is not repeated."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise SettingsError(f"{where} must be an address such as https://api.example.bj/v1")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise SettingsError(f"{where} must hold neither a user, nor a query, nor a fragment")
    if parts.scheme == "http" and not insecure and not loopback(host):
        raise SettingsError(
            f"{where} must begin with https:// (or the back end says `insecure: yes`)"
        )


def loopback(host: str) -> bool:
    """Whether `host` is this machine (RFC 6761 section 6.3, RFC 1122 section 3.2.1.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
