"""What a request to the API holds, and how it is answered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.problems import FieldFault, Refusal

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"  # RFC 7396
MOST_BYTES = 64 * 1024

_IDEMPOTENCY = re.compile(r"[\x21-\x7e]{1,100}")
_PLACE = re.compile(r" - at `\$\.?(?P<field>[^`]*)`$")
_UNKNOWN = re.compile(r"unknown field `(?P<field>[\w.-]{1,64})`")
_MISSING = re.compile(r"missing required field `(?P<field>\w+)`")

_Body = TypeVar("_Body")


def idempotency_key(request: Request) -> str | None:
    given = request.headers.get("idempotency-key")
    if given is not None and not _IDEMPOTENCY.fullmatch(given):
        title = "Idempotency-Key: 1 to 100 visible ASCII characters"
        raise Refusal(400, "bad-idempotency-key", title)
    return given


def case_reference(request: Request) -> str:
    reference: str = request.path_params["reference"]
    if not 1 <= len(reference.strip()) <= 100:
        raise missing("reference")
    return reference


def flag(request: Request, name: str) -> bool:
    given = request.query_params.get(name, "0")
    if given not in ("0", "1"):
        fault = FieldFault(name, "wrong-type", "0 or 1 is expected")
        raise Refusal(422, "invalid", "the request is not valid", errors=(fault,))
    return given == "1"


def missing(field: str) -> Refusal:
    fault = FieldFault(field, "missing", "1 to 100 characters are expected")
    return Refusal(422, "invalid", "the request is not valid", errors=(fault,))


async def json_body(request: Request, kinds: Sequence[str] = (JSON,)) -> bytes:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in kinds:
        raise Refusal(415, "unsupported-media-type", f"{' or '.join(kinds)} is expected")
    return await read_bytes(request, MOST_BYTES)


async def read_bytes(request: Request, most: int) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            raise Refusal(413, "too-large", f"at most {most} bytes")
    return bytes(body)


def decoded(body: bytes, decoder: msgspec.json.Decoder[_Body]) -> _Body:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        errors = (_fault(str(error)),)
        raise Refusal(422, "invalid", "the request is not valid", errors=errors) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refusal(400, "bad-json", "the body is no JSON") from None


def _fault(said: str) -> FieldFault:
    """What msgspec says names types and bounds; the value itself it never repeats."""
    place, unknown, missing = _PLACE.search(said), _UNKNOWN.search(said), _MISSING.search(said)
    if missing is not None:
        return FieldFault(missing["field"], "missing", "this field must be given")
    if unknown is not None or "unknown field" in said:
        field = "" if unknown is None or unknown["field"].isdigit() else unknown["field"]
        return FieldFault(field, "unknown", "there is no such field")
    field = "" if place is None else place["field"]
    return FieldFault(field, "wrong-type", said.partition(" - at `")[0])


def reply(shown: msgspec.Struct, status: int = 200) -> Response:
    return Response(msgspec.json.encode(shown), status, media_type=JSON)
