"""Coming in and leaving: signing in, choosing a password, the language of the pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from gateway.centre import passwords, staff
from gateway.centre.staff import AccountRefused
from gateway.errors import StoreError
from gateway.store import Store
from gateway.web.desk import forms
from gateway.web.desk.cookies import cookie, sign, speak, unsign
from gateway.web.desk.forms import BadForm
from gateway.web.desk.pages import Pages, redirect
from gateway.web.desk.visit import Handler, Visit
from gateway.web.desk.words import LANGUAGES


def door(pages: Pages, opened: Callable[[], Store]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        if request.method != "POST":
            return pages.draw(request, "sign_in.html", name="", problem="")
        try:
            form = await forms.read(request)
            if not forms.from_here(request.headers):
                raise BadForm
            store = opened()
            name = form.get("name").strip().lower()
            address = "" if request.client is None else request.client.host
            wait = await staff.wait(store, name, address)
            if wait:
                return pages.draw(
                    request,
                    "sign_in.html",
                    status=429,
                    name=name,
                    problem="slow_down",
                    seconds=int(wait) + 1,
                )
            token = await staff.sign_in(store, name, form.get("password"))
            if token is None:
                return pages.draw(request, "sign_in.html", status=401, name=name, problem="wrong")
            before = request.cookies.get(cookie(request))
            if before:
                await staff.sign_out(store, before)
        except BadForm:
            return pages.trouble(request, 403, "forbidden")
        except StoreError as error:
            return pages.away(request, error)
        response = redirect("/desk/")
        sign(request, response, token)
        return response

    return answer


def leave(pages: Pages) -> Handler:
    async def answer(visit: Visit) -> Response:
        await staff.sign_out(visit.store, visit.request.cookies[cookie(visit.request)])
        response = redirect("/desk/sign-in?said=signed_out")
        unsign(visit.request, response)
        return response

    return answer


def password(pages: Pages) -> Handler:
    async def answer(visit: Visit) -> Response:
        return pages.page(visit, "password.html", problem="")

    return answer


def choose(pages: Pages) -> Handler:
    """The current password, and the new one twice. Everything else of theirs is signed out."""

    async def answer(visit: Visit) -> Response:
        form, account = visit.form, visit.account
        problem = await _changed(visit)
        if problem:
            return pages.page(visit, "password.html", status=422, problem=problem)
        await visit.store.audit.write(f"staff:{account.name}", "password-changed")
        token = await staff.sign_in(visit.store, account.name, form.get("new"))
        response = redirect("/desk/?said=password")
        if token is not None:
            sign(visit.request, response, token)
        return response

    return answer


async def _changed(visit: Visit) -> str:
    form, account = visit.form, visit.account
    if form.get("new") != form.get("repeat"):
        return "different"
    fault = passwords.fault(form.get("new"), account.name)
    if fault is not None:
        return fault
    client = visit.request.client
    if await staff.wait(visit.store, account.name, "" if client is None else client.host):
        return "wrong"
    if not await passwords.matches(form.get("current"), account.hash):
        return "wrong"
    try:
        await staff.set_password(visit.store, account.name, form.get("new"), temporary=False)
    except AccountRefused as refused:
        return refused.code
    return ""


def language(pages: Pages) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        code = request.path_params["code"]
        if code not in LANGUAGES:
            return pages.trouble(request, 404, "missing")
        response = redirect("/desk/")
        speak(response, code)
        return response

    return answer
