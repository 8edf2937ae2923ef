"""What is answered when something is wrong: RFC 9457 problem details with stable codes."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

TYPE = "application/problem+json"


class FieldFault(msgspec.Struct, frozen=True):
    field: str
    code: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457 §3.1; `code` and `errors` are ours."""

    title: str
    status: int
    code: str
    detail: str = ""
    errors: tuple[FieldFault, ...] = ()


class Refusal(Exception):
    """Ends a request with a problem. It never holds what was given."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        *,
        errors: tuple[FieldFault, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.problem = Problem(title=title, status=status, code=code, errors=errors)
        self.headers = dict(headers or {})

    def response(self) -> Response:
        body = msgspec.json.encode(self.problem)
        return Response(body, self.problem.status, self.headers, TYPE)
