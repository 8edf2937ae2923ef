"""The demo's first page: a basic phone whose calls go the way of the real callback route.

It exists only where a demo makes it, and speaks only for reserved test numbers.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import httpx2
import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from gateway.errors import StoreError
from gateway.events import Encoding, OutgoingSms
from gateway.menu.library import Library
from gateway.menu.program import Program, Scope, Site
from gateway.store import Store
from gateway.text.gsm7 import BASIC, EXTENSION, encodable, units
from gateway.text.msisdn import national
from gateway.web import inbox
from gateway.web.words import LANGUAGES, WORDS

RESERVED = re.compile(r"\+22901970000[0-9]{2}")
"""The numbers that the page may speak for."""

LINES = (("+2290197000001", "line_first"), ("+2290197000002", "line_second"))

_CODE = re.compile(r"[*#0-9]{1,182}")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BODY = 64 * 1024  # bytes of a request to this page
_TEXT = 16 * 1024  # characters of a transcript
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")
_PROVIDER = "africastalking"
_PATH = f"/callbacks/{_PROVIDER}"
_SMS_PATH = "/callbacks/simulated"
_SHORT_CODE = "8585"  # written to where the site names no sender
_LETTERS = 480  # characters of a text message that is written here
_CHOICE = 2  # characters of an answer that is shown on the wire: longer ones may be secret
_KEYS = (
    ("1", ""), ("2", "abc"), ("3", "def"), ("4", "ghi"), ("5", "jkl"), ("6", "mno"),
    ("7", "pqrs"), ("8", "tuv"), ("9", "wxyz"), ("*", ""), ("0", "␣"), ("#", "abc/123"),
)  # fmt: skip

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

Handler = Callable[[Request], Awaitable[Response]]


class Counter(Protocol):
    """What the page needs of the running gateway."""

    @property
    def callbacks(self) -> ASGIApp: ...

    @property
    def library(self) -> Library: ...

    @property
    def store(self) -> Store | None: ...


class _Refused(Exception):
    """A request that the page itself would not send."""


@dataclass(frozen=True, slots=True)
class _Step:
    phone: str
    network: str
    code: str
    session: str
    text: str


class Phone:
    """The page and what it calls. `counter` is set before the first request; `agencies` is the
    address of the agencies' own page, on this machine."""

    counter: Counter

    def __init__(self, token: str, menus: str, *, agencies: str | None = None) -> None:
        self._token = token
        self._menus = menus
        self._agencies = agencies
        self._templates = Environment(
            loader=PackageLoader("gateway.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self._page, methods=["GET"]),
            Route("/phone/step", _guarded(self._step), methods=["POST"]),
            Route("/phone/text", _guarded(self._text), methods=["POST"]),
            Route("/phone/language", _guarded(self._language), methods=["POST"]),
            Route("/phone/line", _guarded(self._line), methods=["GET"]),
            Mount("/static", _Static(packages=[("gateway.web", "static")])),
        ]

    # ---- the page --------------------------------------------------------------------

    async def _page(self, request: Request) -> Response:
        language = request.query_params.get("lang", "fr")
        language = language if language in LANGUAGES else "fr"
        words = WORDS[language]
        program = self.counter.library.current
        site = program.site
        code = min(site.codes, key=len, default="*229#")
        examples = {
            "code": code,
            "npi": "1234567890",
            "pin": "4826",
            "menus": self._menus,
            "short_code": _short_code(site),
            "stop": " / ".join(site.sms.stop),
            "again": " / ".join(site.sms.again),
        }
        shown = self._templates.get_template("phone.html").render(
            language=language,
            languages=LANGUAGES,
            words=words,
            code=code,
            keys=_KEYS,
            operators=list(site.operators.values()),
            lines=[
                {"phone": phone, "shown": national(phone), "note": words[note]}
                for phone, note in LINES
            ],
            offered=[(code, site.languages[code].name) for code in site.offered],
            codes=[
                {"code": dialled, "title": _title(program, service, language)}
                for dialled, service in site.codes.items()
            ],
            tries=[
                (words[f"try_{rank}_title"], words[f"try_{rank}"].format_map(examples))
                for rank in range(1, 8)
            ],
            agencies=self._agencies if _local(request) else None,
            short_code=_short_code(site),
            quick=["MENU", *(of[0] for of in (site.sms.help, site.sms.stop, site.sms.again) if of)],
            most=_LETTERS,
            alphabet={"one": "".join(sorted(BASIC)), "two": "".join(sorted(EXTENSION))},
            curl=curl(
                str(request.base_url).rstrip("/"), self._token if _local(request) else "…", code
            ),
        )
        return HTMLResponse(shown, headers=_HEADERS)

    # ---- what it calls ---------------------------------------------------------------

    async def _step(self, request: Request) -> Response:
        step = await _read(request)
        form = urlencode(
            {
                "phoneNumber": step.phone,
                "serviceCode": step.code,
                "text": step.text,
                "sessionId": step.session,
                "networkCode": step.network,
            }
        )
        reply = await self._callback(
            f"{_PATH}/{self._token}/ussd", form.encode(), "application/x-www-form-urlencoded"
        )
        kind, _, text = reply.text.partition(" ")
        if reply.status_code != 200 or kind not in ("CON", "END"):
            return JSONResponse({"problem": "no USSD reply"}, 502, headers=_HEADERS)
        encoding = Encoding.GSM7 if encodable(text) else Encoding.UCS2
        return JSONResponse(
            {
                "text": text,
                "ends": kind == "END",
                "encoding": encoding.value,
                "units": units(text, encoding),
                "budget": self._budget(step.network, encoding),
                "sent": _masked(form, step.text),
                "received": reply.text,
            },
            headers=_HEADERS,
        )

    async def _text(self, request: Request) -> Response:
        """A message from a test number to the short code, as its provider delivers it."""
        given = await _json(request)
        phone, text = _reserved(given.get("phone")), given.get("text")
        if not isinstance(text, str) or not text.strip() or len(text) > _LETTERS:
            raise _Refused
        store = _open(self.counter)
        written = inbox.written(f"web_{secrets.token_hex(16)}", text)
        to = _short_code(self.counter.library.current.site)
        body = {"id": written.id, "from": phone, "to": to, "text": text}
        try:
            content = msgspec.json.encode(body)
        except UnicodeEncodeError:  # half a character
            raise _Refused from None
        reply = await self._callback(f"{_SMS_PATH}/{self._token}/sms", content, "application/json")
        if reply.status_code >= 300:
            return JSONResponse({"problem": "not taken"}, 502, headers=_HEADERS)
        await inbox.put(store, phone, written)
        return JSONResponse({"id": written.id}, headers=_HEADERS)

    async def handset(self, sms: OutgoingSms) -> None:
        """What reaches a telephone: kept for those that the page speaks for."""
        if RESERVED.fullmatch(sms.to):
            await inbox.put(_open(self.counter), sms.to, inbox.arrived(sms))

    async def _callback(self, path: str, content: bytes, media: str) -> httpx2.Response:
        """Posts to the real callback route, in this process."""
        transport = httpx2.ASGITransport(app=self.counter.callbacks, raise_app_exceptions=False)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://phone", trust_env=False
        ) as client:
            return await client.post(path, content=content, headers={"Content-Type": media})

    async def _language(self, request: Request) -> Response:
        given = await _json(request)
        phone, language = _reserved(given.get("phone")), given.get("language")
        if language and language not in self.counter.library.current.site.offered:
            raise _Refused
        store = _open(self.counter)
        citizen = store.names.citizen(phone)
        await store.sessions.forget(citizen)
        if isinstance(language, str) and language:
            await store.sessions.remember(citizen, language)
        return JSONResponse({"language": language or None}, headers=_HEADERS)

    async def _line(self, request: Request) -> Response:
        phone = _reserved(request.query_params.get("phone"))
        store = _open(self.counter)
        return JSONResponse(
            {
                "language": await store.sessions.remembered(store.names.citizen(phone)),
                "messages": await inbox.thread(store, phone),
            },
            headers=_HEADERS,
        )

    def _budget(self, network: str, encoding: Encoding) -> int:
        """Of one page on this network, in the units of `encoding`."""
        site = self.counter.library.current.site
        operator = site.operators.get(network)
        budget = site.budget if operator is None else operator.budget
        if encoding is Encoding.UCS2 and (operator is None or operator.encoding is Encoding.GSM7):
            return budget * 7 // 16
        return budget


def curl(base: str, token: str, code: str) -> str:
    """The first request of a session, as a provider sends it, for a shell."""
    fields = {
        "sessionId": "essai-1",
        "phoneNumber": LINES[0][0],
        "networkCode": "61603",
        "serviceCode": code,
        "text": "",
    }
    lines = [f"curl {base}{_PATH}/{token}/ussd"]
    lines += [f"  --data-urlencode '{name}={value}'" for name, value in fields.items()]
    return " \\\n".join(lines)


def _masked(form: str, text: str) -> str:
    """The form as it is shown: of her answers only choices, for a code might be among them."""
    dots = "*".join("••••" if len(said) > _CHOICE else said for said in text.split("*"))
    field = urlencode({"text": text})
    shown = urlencode({"text": dots}).replace("%E2%80%A2", "•")
    return form.replace(f"&{field}&", f"&{shown}&")


def _short_code(site: Site) -> str:
    return site.sms.sender or _SHORT_CODE


def _local(request: Request) -> bool:
    """Whether the page is opened on this machine: through a tunnel, the token is not told."""
    if any(name in request.headers for name in _FORWARDED) or request.client is None:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _title(program: Program, service: str, language: str) -> str:
    """A service's title; in the source language where the page's one is not offered."""
    site = program.site
    code = language if language in site.offered else site.source
    title = program.services[service].title
    return title.render(code, Scope({}, site.languages[code]), gsm=False)


def _open(counter: Counter) -> Store:
    if counter.store is None:
        raise StoreError("not open yet")
    return counter.store


def _guarded(handler: Handler) -> Handler:
    """Only for this page itself, and with an answer also when Redis is away."""

    async def guarded(request: Request) -> Response:
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("Host"):
            return JSONResponse({"problem": "another origin"}, 403, headers=_HEADERS)
        try:
            return await handler(request)
        except _Refused:
            return JSONResponse({"problem": "not understood"}, 400, headers=_HEADERS)
        except StoreError:
            return JSONResponse({"problem": "the store is away"}, 503, headers=_HEADERS)

    return guarded


async def _read(request: Request) -> _Step:
    given = await _json(request)
    text = given.get("text")
    if not isinstance(text, str) or len(text) > _TEXT:
        raise _Refused
    return _Step(
        phone=_reserved(given.get("phone")),
        network=_matching(_WORD, given.get("network")),
        code=_matching(_CODE, given.get("code")),
        session=_matching(_WORD, given.get("session")),
        text=text,
    )


async def _json(request: Request) -> Mapping[str, Any]:
    if request.headers.get("Content-Type", "").partition(";")[0] != "application/json":
        raise _Refused
    content = bytearray()
    try:
        async for piece in request.stream():
            content += piece
            if len(content) > _BODY:
                raise _Refused
        return msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ClientDisconnect):
        raise _Refused from None


def _reserved(phone: object) -> str:
    return _matching(RESERVED, phone)


def _matching(pattern: re.Pattern[str], value: object) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _Refused
    return value


class _Static(StaticFiles):
    """The page's own files, looked at anew each time: a demo is edited while it runs."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
