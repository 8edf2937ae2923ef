"""« Guichet de l'agence »: the page of those who work at the demo's agencies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request as Asking
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.demo import forms, news, office
from gateway.demo.forms import BadForm
from gateway.demo.ledger import Ledger, Request
from gateway.demo.modes import Mode, Modes
from gateway.demo.office import SUBJECTS, Deed
from gateway.demo.outbox import Notice, Outbox, Settled
from gateway.demo.paths import State
from gateway.demo.words import LANGUAGES, WORDS

_SHOWN = 40  # cases on the page, the newest
_STATIC = {"guichet.css": "text/css", "icon.svg": "image/svg+xml"}

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not « no-referrer »: forms would be posted from the origin « null » (Fetch, 3.2).
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

Words = Mapping[str, str]
Handler = Callable[[Asking], Awaitable[Response]]


class Guichet:
    """The page, and what its buttons do."""

    def __init__(self, ledger: Ledger, outbox: Outbox, modes: Modes) -> None:
        self._ledger, self._outbox, self._modes = ledger, outbox, modes
        self._templates = Environment(
            loader=PackageLoader("gateway.demo"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self._page, methods=["GET"]),
            Route("/cases/{number}", self._guarded(self._case), methods=["POST"]),
            Route("/agencies/{agency}", self._guarded(self._mode), methods=["POST"]),
            *(
                Route(f"/{name}", _static(name, media), methods=["GET"])
                for name, media in _STATIC.items()
            ),
        ]

    # ---- what is shown -------------------------------------------------------------------

    async def _page(self, asking: Asking) -> Response:
        language, agency = _language(asking.query_params), asking.query_params.get("agency")
        agency = agency if agency in SUBJECTS.values() else None
        words = WORDS[language]
        with self._ledger.together():
            self._ledger.catch_up()
        subjects = [subject for subject, of in SUBJECTS.items() if agency in (None, of)]
        now = self._ledger.clock().timestamp()
        shown = self._templates.get_template("guichet.html").render(
            words=words,
            lead=words["lead"].format(day=_lasting(self._ledger.day, words)),
            language=language,
            languages=LANGUAGES,
            agency=agency,
            here=lambda **changed: _here(**{"lang": language, "agency": agency, **changed}),
            said=words.get(f"said_{asking.query_params.get('said')}"),
            token=forms.TOKEN,
            agencies=[
                {"name": name, "title": words[name], "mode": self._modes.of(name)}
                for name in self._modes.agencies
            ],
            filters=tuple(dict.fromkeys(SUBJECTS.values())),
            modes=[(mode, words[f"mode_{mode}"]) for mode in Mode],
            normal=Mode.NORMAL,
            now=self._clock(now),
            cases=[self._shown(case, words, now) for case in self._ledger.cases(subjects, _SHOWN)],
            most=_SHOWN,
        )
        return HTMLResponse(shown, headers=_HEADERS)

    def _shown(self, case: Request, words: Words, now: float) -> dict[str, Any]:
        """A case as the page shows it. Of her number the end alone."""
        deeds = office.possible(case)
        told = self._outbox.of(case.number)
        return {
            "number": case.number,
            "agency": words[SUBJECTS[case.subject]],
            "what": words["what"].format(
                subject=words[f"subject_{case.subject}"], detail=_detail(case), place=case.place
            ),
            "citizen": f"•••• {case.phone[-2:]}" if case.phone else "",
            "state": case.state,
            "named": _named(case.subject, case.state, words),
            "next": None
            if case.due is None
            else words["next"].format(
                state=_named(case.subject, deeds[Deed.ADVANCE], words),
                time=_lasting(case.due - now, words),
            ),
            "deeds": [
                (deed, words[f"deed_{deed}"].format(state=_named(case.subject, state, words)))
                for deed, state in deeds.items()
            ],
            "history": [
                {
                    "at": self._clock(move.at),
                    "state": _named(case.subject, move.state, words),
                    "by": words["by_hand"] if move.by_hand else "",
                }
                for move in self._ledger.history(case.number)
            ],
            "news": [
                {
                    "agency": words[notice.agency],
                    "state": _named(case.subject, notice.state, words),
                    "template": notice.template,
                    "answer": _answer(notice, words, now),
                    "settled": notice.settled or "waiting",
                }
                for notice in told
            ],
            "last_news": words["last_news"].format(
                state=_named(case.subject, told[-1].state, words),
                answer=_answer(told[-1], words, now),
            )
            if told
            else None,
        }

    def _clock(self, at: float) -> str:
        """Day and time of the agencies, as in « 16/03 10:00:05 »."""
        now = self._ledger.clock()
        return now.fromtimestamp(at, now.tzinfo).strftime("%d/%m %H:%M:%S")

    # ---- what is done --------------------------------------------------------------------

    async def _case(self, asking: Asking) -> Response:
        fields = await forms.read(asking)
        number = asking.path_params["number"]
        try:
            deed, seen = Deed(fields.get("deed", "")), State(fields.get("seen", ""))
        except ValueError:
            raise BadForm from None
        with self._ledger.together():
            done = office.do(self._ledger, number, deed, seen)
        return _back(fields, "done" if done else "moved", f"#{number}" if done else "")

    async def _mode(self, asking: Asking) -> Response:
        fields = await forms.read(asking)
        try:
            self._modes.choose(asking.path_params["agency"], Mode(fields.get("mode", "")))
        except (KeyError, ValueError):
            raise BadForm from None
        return _back(fields, "mode", "#agencies")

    def _guarded(self, handle: Handler) -> Handler:
        async def guarded(asking: Asking) -> Response:
            try:
                return await handle(asking)
            except BadForm:
                language = _language(asking.query_params)
                shown = self._templates.get_template("refused.html").render(
                    words=WORDS[language], language=language
                )
                return HTMLResponse(shown, 403, _HEADERS)

        return guarded


def _static(name: str, media: str) -> Handler:
    async def answer(_asking: Asking) -> Response:
        content = (files("gateway.demo") / "static" / name).read_bytes()
        headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        return Response(content, headers=headers, media_type=media)

    return answer


def _language(given: Mapping[str, str]) -> str:
    chosen = given.get("lang", "fr")
    return chosen if chosen in LANGUAGES else "fr"


def _here(**given: str | None) -> str:
    """This page, as it was asked for."""
    return "/?" + urlencode({name: value for name, value in given.items() if value})


def _back(fields: Mapping[str, str], said: str, place: str) -> Response:
    agency = fields.get("agency", "")
    shown = agency if agency in SUBJECTS.values() else None
    path = _here(lang=_language(fields), agency=shown, said=said)
    return RedirectResponse(path + place, 303, _HEADERS)


def _named(subject: str, state: State, words: Words) -> str:
    """What this kind of case calls a state."""
    name = state.name.lower()
    return words.get(f"state_{subject}_{name}") or words[f"state_{name}"]


def _detail(case: Request) -> str:
    match case.subject:
        case "rendez-vous":
            return f"{news.slot_day(case):%d/%m} {news.HOURS[int(case.detail[-1]) - 1]}"
        case "formation":
            _, town, first_day = case.detail.split(" ")
            return f"{town}, {first_day[8:]}/{first_day[5:7]}"
    return case.detail


def _answer(notice: Notice, words: Words, now: float) -> str:
    """What the gateway said."""
    if notice.settled is Settled.TOLD:
        key = {None: "news_told", 0: "news_nobody", 1: "news_one"}.get(notice.accepted, "news_many")
        return words[key].format(status=notice.status, count=notice.accepted)
    if notice.settled is Settled.REFUSED:
        return words["news_refused"].format(status=notice.status, code=notice.code or "")
    if not notice.attempts:
        return words["news_waiting"]
    answer = words["news_away"] if notice.status is None else str(notice.status)
    time = _lasting(notice.next - now, words)
    return words["news_again"].format(answer=answer, attempts=notice.attempts, time=time)


def _lasting(seconds: float, words: Words) -> str:
    whole = max(round(seconds), 0)
    if whole < 100:
        return words["seconds"].format(n=whole)
    return words["minutes"].format(n=round(whole / 60))
