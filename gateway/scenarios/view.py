"""What the terminal shows of a turn: the phone, where its page comes from, what was done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.text import Text as Styled

from gateway.engine import Turned
from gateway.events import Bearer, Channel, Effect, Encoding, Json, Outcome
from gateway.scenarios.notation import data
from gateway.scenarios.secrecy import DOTS
from gateway.scenarios.standin import Called
from gateway.text.segments import segment

_WIDTH = 44  # columns; a page has lines of its own, this is for what is longer
_UNITS = {Encoding.GSM7: "septets", Encoding.UCS2: "UCS-2 units"}


class View:
    """Prints. What was typed where a secret was asked is shown as dots."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str) -> None:
        self._console.print(Styled(text, style="dim"), soft_wrap=True)

    def _detail(self, text: str) -> None:
        """A line below the page. A terminal breaks it between words, a pipe gets it whole."""
        line = Styled(text, style="dim")
        self._console.print(
            Padding(line, (0, 0, 0, 2)) if self._console.is_terminal else Styled("  ") + line,
            soft_wrap=not self._console.is_terminal,
        )

    def typed(self, text: str) -> None:
        """A line that came out of a pipe, so that what is printed reads as a conversation."""
        seen = "".join(letter if letter.isprintable() else "·" for letter in text)
        self._console.print(Styled(f"› {seen}", style="bold"), soft_wrap=True)

    def turned(
        self, turned: Turned, bearer: Bearer, called: Iterable[Called], secrets: Iterable[str]
    ) -> None:
        trace = turned.trace
        known = frozenset(secrets)
        by_sms = bearer.channel is Channel.SMS
        carrier = "SMS" if by_sms else bearer.operator or "USSD"
        used = f"{carrier} {trace.units}/{trace.budget} {_UNITS[bearer.encoding]}"
        self._panel(turned.page, used)
        self.say(_where(turned))
        for name, value in _variables(turned).items():
            self._detail(f"{name} = {value}")
        for one in called:
            self._detail(_call(one, known))
        for effect in turned.effects:
            if effect.kind == "sms":
                self._bubble(effect)
            else:
                self._detail(_effect(effect))

    def _bubble(self, effect: Effect) -> None:
        text, encoding = str(effect.body["text"]), Encoding(str(effect.body["encoding"]))
        self._message(f"SMS {effect.body['message']}", text, encoding)

    def told(self, text: str) -> None:
        """What a stop, start-again or help word is answered."""
        self._message("SMS", text, None)

    def _message(self, name: str, text: str, encoding: Encoding | None) -> None:
        cut = segment(text, encoding)
        count = len(cut.parts)
        size = f"{count} segment{'' if count == 1 else 's'}, {cut.units} {_UNITS[cut.encoding]}"
        self._panel(text, f"{name}: {size}", style="green")

    def _panel(self, text: str, title: str, style: str = "") -> None:
        panel = Panel(
            Styled(text),
            title=Styled(title),
            title_align="left",
            width=max(_WIDTH, len(title) + 6),
            box=box.ROUNDED,
            border_style=style,
        )
        self._console.print(panel)


def _where(turned: Turned) -> str:
    trace = turned.trace
    place = f"{trace.place.file}:{trace.place.line}" if trace.place is not None else ""
    step = f"{trace.service}#{trace.part}" if trace.part else trace.service
    page = f"page {trace.page + 1} of {trace.pages}" if trace.pages > 1 else ""
    by_sms = turned.session.shown is Channel.SMS
    ended = f"the {'conversation' if by_sms else 'call'} has ended" if turned.ends else ""
    language = turned.session.language or ""
    return "  ".join(word for word in (language, step, trace.verb, place, page, ended) if word)


def _variables(turned: Turned) -> Mapping[str, str]:
    values = {name: data(value) for name, value in turned.session.vars.items()}
    return {**values, **dict.fromkeys(turned.session.held, DOTS)}


def _call(called: Called, secrets: frozenset[str]) -> str:
    request, answered = called.request, called.answered
    given = list(_arguments(request.arguments, secrets))
    given += ["phone"] if request.phone is not None else []
    repeat = f", attempt {request.attempt + 1}" if request.attempt else ""
    gave = f" {data(answered.data)}" if answered.outcome is Outcome.OK else ""
    return f"call {request.operation}({', '.join(given)}){repeat} → {answered.outcome}{gave}"


def _arguments(arguments: Mapping[str, Json], secrets: frozenset[str]) -> Iterator[str]:
    for name, value in arguments.items():
        yield f"{name}: {DOTS if value in secrets else data(value)}"


def _effect(effect: Effect) -> str:
    """Nothing of it needs the number, which the phone's own page never shows either."""
    about = {name: value for name, value in effect.body.items() if name != "phone"}
    return f"{effect.kind} {data(about)}"
