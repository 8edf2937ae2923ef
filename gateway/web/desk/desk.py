"""The desk's addresses: who may come in, what a form must bring, and how pages are answered."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import structlog
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from gateway.centre import staff
from gateway.centre.staff import Account, Role, Signed
from gateway.errors import StoreError
from gateway.logs import failure
from gateway.menu.library import Library
from gateway.menu.program import Program, Scope
from gateway.store import Store
from gateway.web.desk import forms, times
from gateway.web.desk.forms import BadForm, Form
from gateway.web.desk.words import LANGUAGES, WORDS

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto")
_LANGUAGE = "desk-language"
_ANYBODY = secrets.token_urlsafe(16)  # where nobody is signed in, forms hold nothing of worth

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Without any, older browsers would post our own forms from the origin `null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_log = structlog.get_logger("gateway.web")


@dataclass(slots=True)
class Visit:
    """One request of somebody who may make it. `form` is there where one was posted."""

    request: Request
    store: Store
    program: Program
    signed: Signed
    language: str
    form: Form
    now: float

    @property
    def account(self) -> Account:
        return self.signed.account

    @property
    def words(self) -> Mapping[str, str]:
        return WORDS[self.language]

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query_params


Handler = Callable[[Visit], Awaitable[Response]]


class Missing(Exception):
    """There is no such page, or it is not theirs: nobody can tell which."""


class Desk:
    """`opened` gives the store once there is one."""

    def __init__(self, library: Library, opened: Callable[[], Store | None]) -> None:
        self._library = library
        self._opened = opened
        self._templates = Environment(
            loader=PackageLoader("gateway.web.desk"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def routes(self) -> list[BaseRoute]:
        # Imported here: their pages are written with this class.
        from gateway.web.desk import door, people, queue, ratings

        get, post = self._get, self._post
        supervisors = {"least": Role.SUPERVISOR}
        return [
            Mount(
                "/desk",
                routes=[
                    Route("/", get(queue.listed(self))),
                    Route("/sign-in", door.door(self), methods=["GET", "POST"]),
                    Route("/sign-out", post(door.leave(self)), methods=["POST"]),
                    Route("/password", get(door.password(self), chooses=True), methods=["GET"]),
                    Route("/password", post(door.choose(self), chooses=True), methods=["POST"]),
                    Route("/language/{code}", door.language(self)),
                    Route("/ended", get(queue.ended(self))),
                    Route("/callbacks/{id}", get(queue.one(self))),
                    Route("/callbacks/{id}/{deed}", post(queue.act(self)), methods=["POST"]),
                    Route("/feedback", get(ratings.listed(self))),
                    Route("/staff", get(people.listed(self), **supervisors), methods=["GET"]),
                    Route("/staff", post(people.add(self), **supervisors), methods=["POST"]),
                    Route(
                        "/staff/{name}/{deed}",
                        post(people.act(self), **supervisors),
                        methods=["POST"],
                    ),
                    Route("/audit", get(people.audit(self), **supervisors)),
                    Route("/palette.css", _file("gateway.web", "static/palette.css", "text/css")),
                    Route("/desk.css", _file("gateway.web.desk", "static/desk.css", "text/css")),
                    Route("/icon.svg", _file("gateway.web", "static/icon.svg", "image/svg+xml")),
                    Route("/{rest:path}", self._nowhere),
                ],
            ),
            Route("/desk", lambda request: RedirectResponse("/desk/", 308)),
        ]

    # ---- who may come in -----------------------------------------------------------------

    def _get(self, handle: Handler, **rights: Any) -> Callable[[Request], Awaitable[Response]]:
        return self._guarded(handle, posts=False, **rights)

    def _post(self, handle: Handler, **rights: Any) -> Callable[[Request], Awaitable[Response]]:
        return self._guarded(handle, posts=True, **rights)

    def _guarded(
        self,
        handle: Handler,
        *,
        posts: bool,
        least: Role = Role.AGENT,
        chooses: bool = False,
    ) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            try:
                store = self.store()
                token = request.cookies.get(cookie(request), "")
                signed = await staff.signed_in(store, token) if token else None
                if signed is None:
                    said = "?said=again" if token else ""
                    return redirect(f"/desk/sign-in{said}")
                if signed.account.temporary and not chooses:
                    return redirect("/desk/password")
                if least is Role.SUPERVISOR and signed.account.role is not Role.SUPERVISOR:
                    raise Missing
                form = Form([])
                if posts:
                    form = await forms.read(request)
                    from_here = forms.from_here(request.headers)
                    if not from_here or not staff.same(form.get("csrf"), signed.csrf):
                        raise BadForm
                visit = Visit(
                    request,
                    store,
                    self._library.current,
                    signed,
                    language(request),
                    form,
                    time.time(),
                )
                return await handle(visit)
            except Missing:
                return self.trouble(request, 404, "missing")
            except BadForm:
                return self.trouble(request, 403, "forbidden")
            except StoreError as error:
                return self.away(request, error)

        return guarded

    def store(self) -> Store:
        found = self._opened()
        if found is None:
            raise StoreError("not open yet")
        return found

    async def _nowhere(self, request: Request) -> Response:
        return self.trouble(request, 404, "missing")

    # ---- how it is answered --------------------------------------------------------------

    def page(
        self, visit: Visit, template: str, *, status: int = 200, **values: Any
    ) -> HTMLResponse:
        return self.draw(
            visit.request,
            template,
            status=status,
            account=visit.account,
            csrf=visit.signed.csrf,
            supervises=visit.account.role is Role.SUPERVISOR,
            **values,
        )

    def draw(
        self, request: Request, template: str, *, status: int = 200, **values: Any
    ) -> HTMLResponse:
        code = language(request)
        given: dict[str, Any] = {"account": None, "csrf": _ANYBODY, "supervises": False}
        given |= {"said": request.query_params.get("said", ""), "here": template}
        given |= {"words": WORDS[code], "language": code, "languages": LANGUAGES} | values
        shown = self._templates.get_template(template).render(given)
        return HTMLResponse(shown, status, _HEADERS)

    def trouble(self, request: Request, status: int, key: str) -> HTMLResponse:
        return self.draw(request, "problem.html", status=status, problem=key)

    def away(self, request: Request, error: StoreError) -> HTMLResponse:
        _log.error("desk-store", **failure(error))
        response = self.trouble(request, 503, "away")
        response.headers["Retry-After"] = "5"
        return response


def redirect(path: str) -> Response:
    return RedirectResponse(path, 303, _HEADERS)


def _file(package: str, path: str, media: str) -> Callable[[Request], Awaitable[Response]]:
    content = files(package).joinpath(path).read_bytes()
    headers = {**_HEADERS, "Cache-Control": "max-age=300"}

    async def answer(_request: Request) -> Response:
        return Response(content, headers=headers, media_type=media)

    return answer


def language(request: Request) -> str:
    chosen = request.cookies.get(_LANGUAGE, "fr")
    return chosen if chosen in LANGUAGES else "fr"


def language_cookie() -> str:
    return _LANGUAGE


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


def title(program: Program, kind: str, name: str, code: str) -> str:
    """What a queue or a service is called; its name where the site has it no more."""
    site = program.site
    spoken = site.languages.get(code) if code in site.offered else None
    spoken = spoken or site.languages[site.source]
    found = (site.callbacks if kind == "queue" else program.services).get(name)
    return name if found is None else found.title.render(spoken.code, Scope({}, spoken), gsm=False)


def until(visit: Visit, due: float) -> str:
    return times.until(due, visit.now, visit.words)


def ago(visit: Visit, moment: float) -> str:
    return visit.words["ago"].format(time=times.lasting(visit.now - moment, visit.words))


def when(visit: Visit, moment: float) -> str:
    return times.moment(moment, visit.program.site.timezone)


def who(visit: Visit, actor: str) -> str:
    """An actor's name as colleagues know it."""
    kind, _, name = actor.partition(":")
    if not actor:
        return visit.words["citizen"]
    if kind != "staff":
        return visit.words["system"]
    return visit.words["you"] if name == visit.account.name else name
