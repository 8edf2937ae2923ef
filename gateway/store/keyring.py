"""The two keys of an installation, made at the first start of an embedded server.

With REDIS_URL they are given by the environment. Without it they lie beside the data as
`secret-keys` (newest first, one a line) and `name-key`, for the owner's eyes alone.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import SettingsError, StoreUnfit
from gateway.store.seal import new_key, read_key, read_keys

SECRET_KEYS = "secret-keys"  # noqa: S105 (a file's name)
NAME_KEY = "name-key"


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """`secret_keys` newest first, 32 bytes each; `name_key` 32 bytes. Never printed."""

    secret_keys: tuple[bytes, ...]
    name_key: bytes


def given(secret_keys: tuple[bytes, ...], name_key: bytes | None) -> Keyring:
    """What the environment must hold where Redis is somebody else's."""
    if not secret_keys:
        raise SettingsError("GATEWAY_SECRET_KEYS: must be given with REDIS_URL")
    if name_key is None:
        raise SettingsError("GATEWAY_NAME_KEY: must be given with REDIS_URL")
    return Keyring(secret_keys, name_key)


def beside(data: Path, secret_keys: tuple[bytes, ...], name_key: bytes | None) -> Keyring:
    """What the environment does not give is read from the data folder, or made there if the
    folder is new. To be called where no other process does the same at the same time.

    Raises StoreUnfit where data are there but their keys are not: new ones would open nothing.
    """
    if not secret_keys:
        written = _read_or_make(data, SECRET_KEYS)
        secret_keys = read_keys(written, str(data / SECRET_KEYS))
        if not secret_keys:
            raise SettingsError(f"{data / SECRET_KEYS}: holds no key")
    if name_key is None:
        name_key = read_key(_read_or_make(data, NAME_KEY), str(data / NAME_KEY))
    return Keyring(secret_keys, name_key)


def _read_or_make(data: Path, name: str) -> str:
    path = data / name
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise SettingsError(f"{path}: others can read this key; chmod 600 {path}")
        return path.read_text("ascii", "replace")
    except FileNotFoundError:
        if any((data / "appendonlydir").glob("*.aof")):
            raise StoreUnfit(
                f"{data} holds data but not {name}, and nothing opens them without: put the file"
                " back from your backup"
            ) from None
        return _make(path)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error


def _make(path: Path) -> str:
    """On disk as a whole or not at all: half a key would look like another deployment's."""
    key = new_key()
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, f"{key}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    fresh.replace(path)
    return key
