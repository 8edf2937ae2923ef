"""One request of somebody who may make it, and how they read what is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from gateway.centre.staff import Account, Signed
from gateway.menu.program import Program, Scope
from gateway.store import Store
from gateway.web.desk import times
from gateway.web.desk.forms import Form
from gateway.web.desk.words import WORDS


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
