"""Whom to call back: the queue, one request, and what is done with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from starlette.responses import Response

from gateway.centre import callbacks
from gateway.centre.callbacks import TRIES, Actor, Callback, NotPossible
from gateway.events import CallbackState
from gateway.store import Store
from gateway.text.msisdn import national
from gateway.web.desk.pages import Pages, redirect
from gateway.web.desk.visit import Handler, Missing, Visit, ago, title, until, when, who

_OPEN = (CallbackState.WAITING, CallbackState.TAKEN)
_ENDED = (CallbackState.DONE, CallbackState.UNREACHABLE)


def listed(pages: Pages) -> Handler:
    async def answer(visit: Visit) -> Response:
        return await _list(pages, visit, _OPEN, "queue.html")

    return answer


def ended(pages: Pages) -> Handler:
    async def answer(visit: Visit) -> Response:
        return await _list(pages, visit, _ENDED, "ended.html")

    return answer


async def _list(
    pages: Pages, visit: Visit, states: Collection[CallbackState], template: str
) -> Response:
    queue, state = visit.query.get("queue", ""), visit.query.get("state", "")
    chosen = [one for one in states if one.value == state] or list(states)
    try:
        page = await callbacks.listed(
            visit.store,
            states=chosen,
            queues=_queues(visit, queue),
            after=visit.query.get("after", ""),
        )
    except ValueError:
        raise Missing from None
    counted = await visit.store.callbacks.counts(int(visit.now))
    names = [name for name in visit.program.site.callbacks if visit.account.works(name)]
    names += [name for name in counted if name not in names and visit.account.works(name)]
    mine = [counted.get(name, (0, 0, 0)) for name in names]
    return pages.page(
        visit,
        template,
        lines=[_line(visit, one) for one in page.callbacks],
        next=page.next,
        after=visit.query.get("after", ""),
        queue=queue,
        state=state,
        states=[one.value for one in states],
        queues=[(name, title(visit.program, "queue", name, visit.language)) for name in names],
        waiting=sum(one[0] for one in mine),
        taken=sum(one[1] for one in mine),
        overdue=sum(one[2] for one in mine),
    )


def _queues(visit: Visit, chosen: str) -> Collection[str] | None:
    """What is looked through: never a queue that is not theirs."""
    if chosen:
        return (chosen,) if visit.account.works(chosen) else ()
    return visit.account.queues or None


def _line(visit: Visit, callback: Callback) -> Mapping[str, Any]:
    late = callback.due < visit.now and callback.state in _OPEN
    return {
        "id": callback.id,
        "subject": ", ".join(words for _, words in callback.details)
        or title(visit.program, "service", callback.service, visit.language),
        "service": title(visit.program, "service", callback.service, visit.language),
        "queue": title(visit.program, "queue", callback.queue, visit.language),
        "language": callback.language,
        "due": until(visit, callback.due),
        "late": late,
        "state": callback.state.value,
        "ended": ago(visit, callback.changed),
        "tries": callback.tries,
        "holder": who(visit, callback.holder) if callback.holder else "",
        "mine": callback.holder == _actor(visit).name,
    }


# ---- one request ---------------------------------------------------------------------


def one(pages: Pages) -> Handler:
    async def answer(visit: Visit) -> Response:
        return _shown(pages, visit, await _own(visit))

    return answer


def act(pages: Pages) -> Handler:
    async def answer(visit: Visit) -> Response:
        callback = await _own(visit)
        deed = visit.request.path_params["deed"]
        note = visit.form.get("note").strip()
        try:
            if deed == "number":
                number = await callbacks.number(visit.store, callback.id, _actor(visit))
                return _shown(pages, visit, callback, number=number)
            do = _DEEDS.get(deed)
            if do is None:
                raise Missing
            changed = await do(visit.store, callback.id, _actor(visit), note)
        except NotPossible as refused:
            return _shown(pages, visit, await _own(visit), status=409, problem=_WHY[refused.code])
        if deed in ("take", "note"):
            said = "taken" if deed == "take" else "note"
            return redirect(f"/desk/callbacks/{callback.id}?said={said}")
        said = "missed" if changed.state is CallbackState.UNREACHABLE else _SAID[deed]
        return redirect(f"/desk/?said={said}")

    return answer


def _shown(
    pages: Pages,
    visit: Visit,
    callback: Callback,
    *,
    number: str = "",
    problem: str = "",
    status: int = 200,
) -> Response:
    return pages.page(
        visit,
        "callback.html",
        status=status,
        one=_line(visit, callback),
        details=[(name.replace("_", " ").capitalize(), words) for name, words in callback.details],
        asked=when(visit, callback.asked),
        promised=when(visit, callback.due),
        phone=callback.phone,
        test=callback.test,
        number=number,
        shown=national(number) if number else "",
        problem=problem,
        next_try=callback.tries + 1,
        most=TRIES,
        notes=[
            {
                "who": who(visit, note.by),
                "when": when(visit, note.at),
                "what": visit.words.get(f"what_{note.what}", note.what),
                "text": note.text,
            }
            for note in reversed(callback.notes)
        ],
    )


async def _own(visit: Visit) -> Callback:
    found = await callbacks.read(visit.store, visit.request.path_params["id"])
    if found is None or not visit.account.works(found.queue):
        raise Missing
    return found


def _actor(visit: Visit) -> Actor:
    return Actor(f"staff:{visit.account.name}")


async def _annotate(store: Store, callback_id: str, by: Actor, note: str) -> Callback:
    if note:
        return await callbacks.annotate(store, callback_id, by, note)
    found = await callbacks.read(store, callback_id)
    if found is None:
        raise NotPossible("unknown")
    return found


_DEEDS: Mapping[str, Callable[[Store, str, Actor, str], Awaitable[Callback]]] = {
    "take": callbacks.take,
    "give-back": callbacks.give_back,
    "done": callbacks.done,
    "unreachable": callbacks.unreachable,
    "note": _annotate,
}
_SAID = {"give-back": "given-back", "done": "done", "unreachable": "unreachable"}
_WHY = {
    "unknown": "missing",
    "not-taken": "not_taken",
    "taken-by-other": "taken_by_other",
    "ended": "already_over",
}
