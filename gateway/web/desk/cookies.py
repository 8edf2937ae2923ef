"""What a browser keeps of the desk: who is signed in, and the language of the pages."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from gateway.web.desk.words import LANGUAGES

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto")
_LANGUAGE = "desk-language"
_YEAR = 365 * 86_400  # seconds


def plain(request: Request) -> bool:
    """Whether it is this machine's own, without TLS: a demo."""
    host = request.headers.get("Host", "").rpartition(":")[0] or request.headers.get("Host", "")
    return host in _LOOPBACK and not any(name in request.headers for name in _FORWARDED)


def cookie(request: Request) -> str:
    """`__Host-`: only over TLS, for this host alone (RFC 6265bis §4.1.3.2)."""
    return "desk" if plain(request) else "__Host-desk"


def sign(request: Request, response: Response, token: str) -> None:
    response.set_cookie(
        cookie(request), token, secure=not plain(request), httponly=True, samesite="strict"
    )


def unsign(request: Request, response: Response) -> None:
    response.delete_cookie(
        cookie(request), secure=not plain(request), httponly=True, samesite="strict"
    )


def language(request: Request) -> str:
    chosen = request.cookies.get(_LANGUAGE, "fr")
    return chosen if chosen in LANGUAGES else "fr"


def speak(response: Response, code: str) -> None:
    """The pages are in that language from now on."""
    response.set_cookie(_LANGUAGE, code, max_age=_YEAR, samesite="lax", httponly=True)
