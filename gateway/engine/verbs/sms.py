"""`sms`: one of the service's messages, to the citizen herself."""

from __future__ import annotations

from gateway.engine.behaviour import Behaviour
from gateway.engine.moves import Move, Onward
from gateway.engine.run import Run
from gateway.events import Encoding
from gateway.menu.program import Program, Sms
from gateway.text.transliteration import fit


def reach(run: Run, step: Sms) -> Move:
    message, language = step.message, run.language
    code = shortest_code(run.program, message.service) or run.session.code
    scope = run.scope_of({**run.values, "ussd": code})
    encoding = language.sms
    really = message.text.variants[language.code].language
    policy = run.program.site.languages.get(really, language).policy
    text = message.text.render(language.code, scope, gsm=encoding is Encoding.GSM7)
    run.effect(
        "sms",
        step,
        {
            "message": message.name,
            "language": language.code,
            "encoding": encoding.value,
            "text": fit(text.strip(), encoding, policy),
        },
    )
    run.fix()
    return Onward.BELOW


def shortest_code(program: Program, service: str) -> str | None:
    """The shortest code that opens `service`, as it is dialled."""
    codes = [code for code, opened in program.site.codes.items() if opened == service]
    return min(codes, key=len, default=None)


behaviour = Behaviour(reach)
