"""`/openapi.json`: OpenAPI 3.1, written from the structs that requests are read by."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from gateway import __version__
from gateway.api.messages import Found, Sending, Shown, Taken
from gateway.api.problems import TYPE, Problem

_TYPES = (Sending, Taken, Shown, Found, Problem)
_OF_A_BODY = (400, 409, 413, 415, 422)
_TITLES = {
    400: "Not JSON, or a bad header",
    401: "No valid key",
    403: "The key lacks the scope",
    404: "No such message",
    409: "Not possible any more, or another body under this Idempotency-Key",
    413: "Too large",
    415: "Not application/json",
    422: "Faulty, with the fields named",
    429: "Too many requests",
    503: "Try again later",
}
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
_REFERENCE = {
    "name": "reference",
    "in": "query",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 100},
}
_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and body within 48 h are answered the same, and sent once.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,100}$"},
}
EXAMPLE = {
    "template": "etat-civil/statut_pret",
    "to": "+2290197000000",
    "data": {"numero": "EC-1042", "mairie": "Cotonou"},
    "reference": "EC-1042",
}


@cache
def document() -> bytes:
    _, schemas = msgspec.json.schema_components(_TYPES, ref_template="#/components/schemas/{name}")
    sending = {
        "required": True,
        "content": {"application/json": {"schema": _ref("Sending"), "example": EXAMPLE}},
    }
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "Messages to citizens", "version": __version__},
            "security": [{"key": []}],
            "paths": {
                "/v1/messages": {
                    "post": {
                        **_operation(
                            "send", "Send a message", 202, "Taken", 400, 409, 413, 415, 422
                        ),
                        "parameters": [_IDEMPOTENCY],
                        "requestBody": sending,
                    },
                    "get": {
                        **_operation("find", "The newest under a reference", 200, "Found", 422),
                        "parameters": [_REFERENCE],
                    },
                },
                "/v1/messages/{id}": {
                    "get": {
                        **_operation("read", "What became of a message", 200, "Shown", 404),
                        "parameters": [_ID],
                    }
                },
                "/v1/messages/{id}/cancel": {
                    "post": {
                        **_operation("cancel", "Cancel it", 200, "Shown", 404, 409),
                        "parameters": [_ID],
                    }
                },
            },
            "components": {
                "schemas": schemas,
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


def _operation(name: str, summary: str, status: int, shown: str, *faults: int) -> dict[str, Any]:
    good = {
        "description": summary,
        "content": {"application/json": {"schema": _ref(shown)}},
    }
    bad = {
        str(fault): {
            "description": _TITLES[fault],
            "content": {TYPE: {"schema": _ref("Problem")}},
        }
        for fault in sorted({*faults, 401, 403, 429, 503})
    }
    return {"operationId": name, "summary": summary, "responses": {str(status): good, **bad}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
