"""`application/x-www-form-urlencoded` bodies, as providers really send them.

Starlette's form parser takes twice the time and turns bytes that were not percent-encoded into
other letters, so this reads the body itself: WHATWG URL Standard, section 5.1, with a bound on
the number of fields and a reading for bytes that are not UTF-8.
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from gateway.errors import RequestRefused

MEDIA_TYPE = "application/x-www-form-urlencoded"
MOST_FIELDS = 64


def check_media_type(content_type: str) -> None:
    """Refuses (415) anything but a form. Parameters are ignored, and so is a missing header."""
    if content_type == MEDIA_TYPE:
        return
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in ("", MEDIA_TYPE):
        raise RequestRefused("the body is not a form", status=415)


def fields(body: bytes) -> dict[str, list[str]]:
    """The values of each field, in the order they came. Raises RequestRefused for too many."""
    if body.count(b"&") >= MOST_FIELDS:
        raise RequestRefused("the form has too many fields")
    # Codes and numbers need three escapes alone, and most bodies have no others. None of them
    # can take a field apart, so they are undone for all fields at once.
    usual = body.replace(b"+", b" ").replace(b"%2A", b"*").replace(b"%23", b"#")
    usual = usual.replace(b"%2B", b"+")
    found: dict[str, list[str]] = {}
    if b"%" not in usual and usual.isascii():
        for field in usual.decode("ascii").split("&"):
            name, _, value = field.partition("=")
            if name in found:
                found[name].append(value)
            elif name:
                found[name] = [value]
        return found
    for pair in body.split(b"&"):
        raw_name, _, raw_value = pair.partition(b"=")
        if raw_name:
            found.setdefault(_decoded(raw_name), []).append(_decoded(raw_value))
    return found


def _decoded(raw: bytes) -> str:
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    if b"%" in raw:
        raw = unquote_to_bytes(raw)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "*".join(_segment(segment) for segment in raw.split(b"*"))


def _segment(raw: bytes) -> str:
    """One reply of a transcript in whatever a gateway on the way made of it.

    Segments are read one by one so that a reply which is not UTF-8 does not change how the
    earlier ones are read, which would make a grown transcript look like another one. What is
    not UTF-8 is Latin-1 in practice; every byte has a reading there.
    """
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
