"""The desk's addresses: who may come in, and what a form must bring."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from gateway.centre import staff
from gateway.centre.staff import Role
from gateway.errors import StoreError
from gateway.menu.library import Library
from gateway.store import Store
from gateway.web.desk import door, forms, people, queue, ratings
from gateway.web.desk.cookies import cookie, language
from gateway.web.desk.forms import BadForm, Form
from gateway.web.desk.pages import HEADERS, Pages, redirect
from gateway.web.desk.visit import Handler, Missing, Visit


class Desk:
    """`opened` gives the store once there is one."""

    def __init__(self, library: Library, opened: Callable[[], Store | None]) -> None:
        self._library = library
        self._opened = opened
        self._pages = Pages()

    def routes(self) -> list[BaseRoute]:
        get, post, pages = self._get, self._post, self._pages
        supervisors = {"least": Role.SUPERVISOR}
        return [
            Mount(
                "/desk",
                routes=[
                    Route("/", get(queue.listed(pages))),
                    Route("/sign-in", door.door(pages, self.store), methods=["GET", "POST"]),
                    Route("/sign-out", post(door.leave(pages)), methods=["POST"]),
                    Route("/password", get(door.password(pages), chooses=True), methods=["GET"]),
                    Route("/password", post(door.choose(pages), chooses=True), methods=["POST"]),
                    Route("/language/{code}", door.language(pages)),
                    Route("/ended", get(queue.ended(pages))),
                    Route("/callbacks/{id}", get(queue.one(pages))),
                    Route("/callbacks/{id}/{deed}", post(queue.act(pages)), methods=["POST"]),
                    Route("/feedback", get(ratings.listed(pages))),
                    Route("/staff", get(people.listed(pages), **supervisors), methods=["GET"]),
                    Route("/staff", post(people.add(pages), **supervisors), methods=["POST"]),
                    Route(
                        "/staff/{name}/{deed}",
                        post(people.act(pages), **supervisors),
                        methods=["POST"],
                    ),
                    Route("/audit", get(people.audit(pages), **supervisors)),
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
                return self._pages.trouble(request, 404, "missing")
            except BadForm:
                return self._pages.trouble(request, 403, "forbidden")
            except StoreError as error:
                return self._pages.away(request, error)

        return guarded

    def store(self) -> Store:
        found = self._opened()
        if found is None:
            raise StoreError("not open yet")
        return found

    async def _nowhere(self, request: Request) -> Response:
        return self._pages.trouble(request, 404, "missing")


def _file(package: str, path: str, media: str) -> Callable[[Request], Awaitable[Response]]:
    content = files(package).joinpath(path).read_bytes()
    headers = {**HEADERS, "Cache-Control": "max-age=300"}

    async def answer(_request: Request) -> Response:
        return Response(content, headers=headers, media_type=media)

    return answer
