"""One thing that can be asked for: what its address, its rights and its description are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.api.keys import Key, Right
from gateway.store import Store

Handler = Callable[[Store, Key, Request], Awaitable[Response]]
Schema = Mapping[str, Any]
"""Of JSON Schema 2020-12, as OpenAPI 3.1 takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    name: str
    schema: Schema
    summary: str
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`answers` by status, besides the problems that every operation may answer; `takes` is the
    struct of a JSON body, `lists` whether a list is taken instead."""

    method: str
    path: str
    name: str
    summary: str
    right: Right
    handle: Handler
    answers: Mapping[int, type]
    faults: tuple[int, ...] = ()
    takes: type | None = None
    lists: bool = False
    example: Mapping[str, Any] | None = None
    idempotent: bool = False
    query: tuple[Query, ...] = ()
    links: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By operation: what of this one's answer it can be asked for (OpenAPI 3.1 §4.8.20)."""
