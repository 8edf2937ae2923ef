"""The desk's pages: drawn from templates, with headers that let nothing else in."""

from __future__ import annotations

import secrets
from typing import Any

import structlog
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from gateway.centre.staff import Role
from gateway.errors import StoreError
from gateway.logs import failure
from gateway.web.desk.cookies import language
from gateway.web.desk.visit import Visit
from gateway.web.desk.words import LANGUAGES, WORDS

_ANYBODY = secrets.token_urlsafe(16)  # where nobody is signed in, forms hold nothing of worth

HEADERS = {
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


class Pages:
    def __init__(self) -> None:
        self._templates = Environment(
            loader=PackageLoader("gateway.web.desk"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

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
        return HTMLResponse(shown, status, HEADERS)

    def trouble(self, request: Request, status: int, key: str) -> HTMLResponse:
        return self.draw(request, "problem.html", status=status, problem=key)

    def away(self, request: Request, error: StoreError) -> HTMLResponse:
        _log.error("desk-store", **failure(error))
        response = self.trouble(request, 503, "away")
        response.headers["Retry-After"] = "5"
        return response


def redirect(path: str) -> Response:
    return RedirectResponse(path, 303, HEADERS)
