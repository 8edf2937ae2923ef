"""A first message that can be copied: a test key for each agency, and the curl that uses it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

from gateway.api import keys
from gateway.api.keys import DAY
from gateway.events import Json
from gateway.menu.program import FieldType, Kind, Program
from gateway.messaging.acceptance import KeyKind
from gateway.store import Store

_TYPICAL: dict[Kind, Json] = {
    Kind.NUMBER: 3,
    Kind.MONEY: 500,
    Kind.DATE: "2026-03-15",
    Kind.YES_NO: True,
}


async def first_messages(store: Store, program: Program, url: str, to: str) -> dict[str, str]:
    """By agency that has a message to send: a curl with a new test key of one day, since the
    token of an older one cannot be had again. `url` is where the gateway answers."""
    found: dict[str, str] = {}
    for agency in program.site.agencies:
        body = example(program, agency)
        if body is not None:
            _, token = await keys.create(store, agency, KeyKind.TEST, label="demo", seconds=DAY)
            found[agency] = _curl(url, token, {"to": to, **body, "reference": "EC-1042"})
    return found


def example(program: Program, agency: str | None = None) -> dict[str, Json] | None:
    """A message that this agency, or any, can send, with data that it takes; None without one."""
    for service in program.services.values():
        for message in service.messages.values():
            if message.data is not None and agency in (None, service.agency):
                words = iter(("EC-1042", "Cotonou", "Porto-Novo"))
                data = {name: _typical(field, words) for name, field in message.data.items()}
                return {"template": f"{service.name}/{message.name}", "data": data}
    return None


def _typical(field: FieldType, words: Iterator[str]) -> Json:
    if field.kind is Kind.ONE_OF:
        return field.values[0]
    return _TYPICAL.get(field.kind) or next(words, "Abomey")[: field.most]


def _curl(url: str, token: str, body: dict[str, Json]) -> str:
    said = json.dumps(body, ensure_ascii=False)
    return (
        f"curl -sS {url}/v1/messages -H 'Authorization: Bearer {token}'"
        f" -H 'Content-Type: application/json' -d {shlex.quote(said)}"
    )
