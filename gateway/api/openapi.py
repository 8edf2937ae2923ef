"""`/openapi.json`: OpenAPI 3.1, written from the operations and the structs they read and write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from gateway import __version__
from gateway.api.operation import Operation
from gateway.api.problems import TYPE, Problem
from gateway.api.requests import JSON, MERGE_PATCH

_TITLES = {
    400: "Not JSON, or a bad header",
    401: "No valid key",
    403: "The key lacks the scope",
    404: "There is no such thing, or it is another agency's",
    409: "Not possible any more, or another body under this Idempotency-Key",
    413: "Too large",
    415: "Another kind of body is expected",
    422: "Faulty, with the fields named",
    429: "Too many requests",
    503: "Try again later",
}
_ALWAYS = (401, 403, 429, 503)
_LISTS = ("text/csv", "application/x-ndjson")
_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and body within 48 h are answered the same, and done once.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,100}$"},
}


def document(operations: Sequence[Operation]) -> bytes:
    types = {one.takes for one in operations if one.takes is not None} | {Problem}
    types |= {answer for one in operations for answer in one.answers.values()}
    ordered = sorted(types, key=lambda known: known.__name__)
    _, schemas = msgspec.json.schema_components(ordered, ref_template="#/components/schemas/{name}")
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _described(one)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "The counter, for agencies", "version": __version__},
            "security": [{"key": []}],
            "paths": paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


def _described(one: Operation) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", one.path)
    ]
    parameters += [
        {
            "name": query.name,
            "in": "query",
            "required": query.required,
            "description": query.summary,
            "schema": query.schema,
        }
        for query in one.query
    ]
    if one.idempotent:
        parameters.append(_IDEMPOTENCY)
    links = {
        name: {"operationId": name, "parameters": values} for name, values in one.links.items()
    }
    good = {
        str(status): {
            "description": one.summary,
            "content": {JSON: {"schema": _ref(answer)}},
            **({"links": links} if links and status == max(one.answers) else {}),
        }
        for status, answer in one.answers.items()
    }
    bad = {
        str(fault): {
            "description": _TITLES[fault],
            "content": {TYPE: {"schema": _ref(Problem)}},
        }
        for fault in sorted({*one.faults, *_ALWAYS})
    }
    described: dict[str, Any] = {
        "operationId": one.name,
        "summary": one.summary,
        "description": f"Needs the scope `{one.right.value}`.",
        "parameters": parameters,
        "responses": {**good, **bad},
    }
    if one.takes is not None:
        content: dict[str, Any] = {"schema": _ref(one.takes)}
        if one.example is not None:
            content["example"] = one.example
        kinds = (JSON, MERGE_PATCH) if one.method == "PATCH" else (JSON,)
        described["requestBody"] = {"required": True, "content": dict.fromkeys(kinds, content)}
    elif one.lists:
        lists = {kind: {"schema": {"type": "string"}} for kind in _LISTS}
        described["requestBody"] = {"required": True, "content": lists}
    return described


def _ref(known: type) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{known.__name__}"}
