"""The environment: every setting of a running gateway, and what to do about a wrong one."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from gateway.errors import SettingsError
from gateway.store import Lifetimes, Store, lifetimes, open_store
from gateway.store.seal import read_key

LEAST_TOKEN = 24  # characters; 128 bits in hex digits are 32

_TOKEN = re.compile(r"[A-Za-z0-9_-]+")


def _wrong(what: str) -> PydanticCustomError:
    return PydanticCustomError("setting", "{what}", {"what": what})


def _several(value: object) -> object:
    """Several values in one variable: separated by commas, spaces or line breaks."""
    return (
        [part for part in re.split(r"[,\s]+", value) if part] if isinstance(value, str) else value
    )


def _tokens(value: object) -> object:
    tokens = _several(value)
    if isinstance(tokens, list):
        if not tokens:
            raise _wrong("it holds no token (make one: openssl rand -hex 16)")
        for token in tokens:
            if not _TOKEN.fullmatch(token) or len(token) < LEAST_TOKEN:
                raise _wrong(
                    f"a token needs at least {LEAST_TOKEN} letters, digits, - or _ "
                    "(make one: openssl rand -hex 16)"
                )
    return tokens


def _keys(value: object) -> object:
    keys = _several(value)
    if keys == []:
        raise _wrong("it holds no key (make one: openssl rand -hex 32)")
    return [_key(key) for key in keys] if isinstance(keys, list) else keys


def _key(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return read_key(value, "setting")
    except SettingsError as error:
        raise _wrong(str(error).removeprefix("setting: ")) from None


def _redis(value: object) -> object:
    if isinstance(value, str) and not re.match(r"(redis|rediss|unix|redis\+sentinel)://", value):
        raise _wrong("give redis://host:6379/0, rediss://… (TLS) or unix:///path/to/socket")
    return value


class Settings(BaseSettings):
    """What a process was told by its environment. Lengths of time are in seconds.

    `read` is the way to make one; it raises SettingsError, which names each variable that is
    missing or wrong and what to put there, and never repeats a value.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    menus: Path = Field(Path("menus"), validation_alias="GATEWAY_MENUS")
    locales: Path = Field(Path("locales"), validation_alias="GATEWAY_LOCALES")
    data: Path = Field(Path("var"), validation_alias="GATEWAY_DATA")
    drafts: bool = Field(False, validation_alias="GATEWAY_DRAFTS")
    redis_url: Annotated[SecretStr | None, BeforeValidator(_redis)] = Field(
        None, validation_alias="REDIS_URL"
    )
    redis_trial: bool = Field(False, validation_alias="GATEWAY_REDIS_TRIAL")
    secret_keys: Annotated[tuple[bytes, ...], NoDecode, BeforeValidator(_keys)] = Field(
        (), validation_alias="GATEWAY_SECRET_KEYS", repr=False
    )
    name_key: Annotated[bytes | None, BeforeValidator(_key)] = Field(
        None, validation_alias="GATEWAY_NAME_KEY", repr=False
    )
    callback_tokens: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_tokens)] = Field(
        (), validation_alias="GATEWAY_CALLBACK_TOKEN", repr=False
    )
    metrics_tokens: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_tokens)] = Field(
        (), validation_alias="GATEWAY_METRICS_TOKEN", repr=False
    )
    host: str = Field("127.0.0.1", validation_alias="GATEWAY_HOST", min_length=1)
    port: int = Field(8000, validation_alias="PORT", ge=0, le=65535)
    workers: int = Field(1, validation_alias="WEB_CONCURRENCY", ge=1, le=64)
    worker_port: int | None = Field(None, validation_alias="GATEWAY_WORKER_PORT", ge=1, le=65535)
    lifetimes: Lifetimes = Field(default_factory=Lifetimes)  # from GATEWAY_KEEP_…
    log_level: str = Field(
        "info", validation_alias="GATEWAY_LOG_LEVEL", pattern="^(debug|info|warning|error)$"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What `read` hands over is the whole environment; nothing is looked up elsewhere."""
        return (init_settings,)

    @model_validator(mode="after")
    def _keys_beside_redis(self) -> Self:
        if self.redis_url is None:
            return self
        missing = [
            alias
            for alias, value in (
                ("GATEWAY_SECRET_KEYS", self.secret_keys),
                ("GATEWAY_NAME_KEY", self.name_key),
            )
            if not value
        ]
        if missing:
            raise PydanticCustomError("missing", "{names}", {"names": " ".join(missing)})
        return self


_HINTS: Mapping[str, str] = {
    "GATEWAY_MENUS": "the folder of menus",
    "GATEWAY_LOCALES": "the folder of translations",
    "GATEWAY_DATA": "a folder of its own, where the embedded server keeps its data",
    "GATEWAY_DRAFTS": "1 to offer draft languages, 0 not to",
    "REDIS_URL": "redis://host:6379/0, rediss://… (TLS) or unix:///path/to/socket",
    "GATEWAY_REDIS_TRIAL": "1 to accept a Redis that may lose data, 0 not to",
    "GATEWAY_SECRET_KEYS": (
        "one or more keys of 32 bytes in base64url or hexadecimal, newest first, separated by "
        "commas; they seal what is kept in Redis (make one: openssl rand -hex 32)"
    ),
    "GATEWAY_NAME_KEY": (
        "a key of 32 bytes in base64url or hexadecimal that never changes; it makes the names of "
        "keys in Redis (make it: openssl rand -hex 32)"
    ),
    "GATEWAY_CALLBACK_TOKEN": (
        f"at least {LEAST_TOKEN} letters and digits, the secret part of the address that the "
        "provider calls; several are separated by commas (make one: openssl rand -hex 16)"
    ),
    "GATEWAY_METRICS_TOKEN": f"at least {LEAST_TOKEN} letters and digits (openssl rand -hex 16)",
    "GATEWAY_HOST": "the address to listen on: 127.0.0.1 behind a proxy, 0.0.0.0 in a container",
    "PORT": "a port number, 0 to 65535",
    "WEB_CONCURRENCY": "how many processes, 1 to 64",
    "GATEWAY_WORKER_PORT": "a port number, where the worker tells how it is",
    "GATEWAY_LOG_LEVEL": "debug, info, warning or error",
}


def read(environ: Mapping[str, str], *, needs_token: bool = False) -> Settings:
    """The settings in `environ`. An empty variable counts as absent.

    `needs_token`: whether this process answers a provider, and so must have been given
    GATEWAY_CALLBACK_TOKEN.
    """
    given: dict[str, Any] = {
        name: environ[name] for name in _HINTS if environ.get(name, "").strip()
    }
    named = given.get("GATEWAY_LOCALES")
    # Translations lie beside the menus, wherever those are.
    menus = Path(given.get("GATEWAY_MENUS", "menus"))
    given.setdefault("GATEWAY_LOCALES", str(menus.parent / "locales"))
    faults: list[str] = []
    settings: Settings | None = None
    try:
        given["lifetimes"] = lifetimes.read(environ)
    except SettingsError as error:
        faults += str(error).splitlines()
    try:
        settings = Settings(**given)
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            if fault["type"] == "missing":
                faults += [
                    f"{name} is missing: give {_HINTS[name]}" for name in fault["msg"].split()
                ]
                continue
            name = str(fault["loc"][0])
            what = fault["msg"] if fault["type"] == "setting" else f"give {_HINTS[name]}"
            faults.append(f"{name} is wrong: {what}")
    if named is not None and not Path(named).is_dir():
        faults.append("GATEWAY_LOCALES is wrong: there is no such folder")
    if needs_token and "GATEWAY_CALLBACK_TOKEN" not in given:
        faults.append(_missing("GATEWAY_CALLBACK_TOKEN"))
    if faults or settings is None:
        raise SettingsError("\n".join(faults))
    return settings


async def store_of(settings: Settings) -> Store:
    """Opens the store that the settings name, with their lifetimes. Raises as `open_store`."""
    url = settings.redis_url
    return await open_store(
        redis_url=None if url is None else url.get_secret_value(),
        data=settings.data,
        secret_keys=settings.secret_keys,
        name_key=settings.name_key,
        allow_unfit=settings.redis_trial,
        lifetimes=settings.lifetimes,
    )


def _missing(name: str) -> str:
    return f"{name} is missing: give {_HINTS[name]}"


def new_token() -> str:
    """A callback token nobody can guess: 128 bits."""
    return secrets.token_hex(16)
