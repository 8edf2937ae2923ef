"""A provider's settings, taken out of the environment. No value of it stands in an error."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from gateway.errors import SettingsError


def given(environ: Mapping[str, str], name: str, what: str) -> str:
    """The variable `name`, fit for an HTTP header. Raises SettingsError without it.

    `what` tells what to give: « the key of your account ».
    """
    value = environ.get(name, "").strip()
    if not value:
        raise SettingsError(f"{name} is missing: give {what}")
    if not (value.isascii() and value.isprintable()):
        raise SettingsError(f"{name} is wrong: it can only hold printable ASCII characters")
    return value


def address(environ: Mapping[str, str], name: str, default: str = "") -> str:
    """The variable `name` as an address without path or slash at its end, or `default`.

    A host alone gets `https://`. Plain HTTP is for this machine only: the key goes with every
    request. Raises SettingsError.
    """
    value = environ.get(name, "").strip().rstrip("/") or default
    if not value:
        raise SettingsError(f"{name} is missing: give the provider's address for your account")
    if "://" not in value:
        value = f"https://{value}"
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise SettingsError(f"{name} is wrong: give an address such as https://api.example.org")
    if "@" in parts.netloc or parts.path or parts.query or parts.fragment:
        raise SettingsError(f"{name} is wrong: give scheme and host alone, without a path")
    if parts.scheme == "http" and not _loopback(host):
        raise SettingsError(f"{name} is wrong: it must begin with https://")
    return value


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
