"""Who works here, and who did what: for supervisors."""

from __future__ import annotations

import re

from starlette.responses import Response

from gateway.centre import passwords, staff
from gateway.centre.staff import AccountRefused, Role
from gateway.web.desk.pages import Pages, redirect
from gateway.web.desk.visit import Handler, Missing, Visit, title, when

_PLACE = re.compile(r"[0-9]{1,15}-[0-9]{1,15}")  # of a deed in the audit
_DONE = {"disable": "account-disabled", "enable": "account-enabled", "reset": "account-reset"}


def listed(pages: Pages) -> Handler:
    async def answer(visit: Visit) -> Response:
        return await _page(pages, visit)

    return answer


def add(pages: Pages) -> Handler:
    """The first password is shown on the answer itself, and nowhere again."""

    async def answer(visit: Visit) -> Response:
        form, password = visit.form, passwords.generated()
        name = form.get("name").strip().lower()
        known = visit.program.site.callbacks
        try:
            await staff.add(
                visit.store,
                name,
                password,
                shown=form.get("shown"),
                role=Role.SUPERVISOR if form.get("role") == Role.SUPERVISOR else Role.AGENT,
                queues=tuple(queue for queue in form.all("queue") if queue in known),
                temporary=True,
            )
        except AccountRefused as refused:
            problem = "taken-name" if refused.code == "taken" else refused.code
            return await _page(pages, visit, status=422, problem=problem)
        await _write(visit, "account-added", name)
        return await _page(pages, visit, made=name, password=password)

    return answer


def act(pages: Pages) -> Handler:
    async def answer(visit: Visit) -> Response:
        name, deed = visit.request.path_params["name"], visit.request.path_params["deed"]
        made = password = ""
        try:
            match deed:
                case "disable":
                    await staff.disable(visit.store, name)
                case "enable":
                    await staff.enable(visit.store, name)
                case "reset":
                    made, password = name, passwords.generated()
                    await staff.set_password(visit.store, name, password, temporary=True)
                case _:
                    raise Missing
        except AccountRefused as refused:
            return await _page(pages, visit, status=422, problem=refused.code)
        await _write(visit, _DONE[deed], name)
        if password:
            return await _page(pages, visit, made=made, password=password)
        return redirect("/desk/staff?said=staff")

    return answer


async def _write(visit: Visit, what: str, name: str) -> None:
    await visit.store.audit.write(f"staff:{visit.account.name}", what, name)


async def _page(
    pages: Pages,
    visit: Visit,
    *,
    status: int = 200,
    problem: str = "",
    made: str = "",
    password: str = "",
) -> Response:
    queues = {
        name: title(visit.program, "queue", name, visit.language)
        for name in visit.program.site.callbacks
    }
    return pages.page(
        visit,
        "staff.html",
        status=status,
        accounts=[
            {
                "name": one.name,
                "shown": one.shown,
                "role": visit.words[one.role.value],
                "queues": ", ".join(queues.get(name, name) for name in one.queues),
                "disabled": one.disabled,
            }
            for one in await staff.every(visit.store)
        ],
        queues=list(queues.items()),
        problem=problem,
        made=made,
        password=password,
    )


def audit(pages: Pages) -> Handler:
    async def answer(visit: Visit) -> Response:
        before = visit.query.get("before", "")
        if before and not _PLACE.fullmatch(before):
            raise Missing
        deeds = await visit.store.audit.read(before=before or "+")
        return pages.page(
            visit,
            "audit.html",
            deeds=[
                {
                    "when": when(visit, deed.at),
                    "who": deed.who.removeprefix("staff:"),
                    "what": visit.words.get(f"deed_{deed.what}", deed.what),
                    "about": deed.about,
                    "callback": visit.store.names.shard_of(deed.about) is not None,
                }
                for deed in deeds
            ],
            next=deeds[-1].id if len(deeds) == 100 else "",
            before=before,
        )

    return answer
