from __future__ import annotations

from gateway.menu.checks.flow import Question
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.spots import Role, Spot, of_step, translatable
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity
from gateway.menu.program import Ask, Call, End, Program, Step, Text, Way
from gateway.text.language import Language, State

_ALWAYS = frozenset({Role.CONFIRM, Role.ERROR, Role.TYPE})


@rule("missing-translation", Severity.WARNING, whole=True)
def check(survey: Survey, report: Report) -> None:
    """A start, confirm or error screen that a ready language has not, or only a stale one.

    A draft language is told of in one line instead (`draft-language`).
    """
    program = survey.program
    ready = [
        language
        for code, language in program.site.languages.items()
        if code in program.site.offered
        and code != program.site.source
        and language.state is State.READY
    ]
    weighty = _weighty_steps(survey)
    asked = {step.type.named for step in program.steps.values() if isinstance(step, Ask)}
    for language in ready:
        screens: dict[object, list[Text]] = {}
        for spot in survey.spots:
            if spot.role is Role.TYPE and spot.name not in asked:
                continue
            shown = spot.step.id if spot.step is not None else None
            if (spot.role in _ALWAYS or shown in weighty) and lacks(spot.text, language):
                screens.setdefault(shown or spot.text, []).append(spot.text)
        for texts in screens.values():
            first = min(texts, key=lambda text: text.place)
            others = f" and {len(texts) - 1} more" if len(texts) > 1 else ""
            report(
                first.place,
                f"{language.name}: « {_short(first)} »{others} not translated, or stale",
                "run `gateway i18n extract`, and translate it in locales/",
            )
    _own_words(program, survey.spots, ready, report)


def lacks(text: Text, language: Language) -> bool:
    """Whether `language` is served something else: no entry, an empty or a fuzzy one."""
    variant = text.variants.get(language.code)
    if variant is None or not translatable(text):
        return False
    family = language.code.partition("_")[0]
    return variant.language.partition("_")[0] != family


def _weighty_steps(survey: Survey) -> set[str]:
    """The first screens of services, and of where a failed call leads."""
    program = survey.program
    found: set[str] = set()
    for service in program.services.values():
        found |= _first_screen(service.parts.get("start", ()))
        for steps in service.parts.values():
            for step in steps:
                if not isinstance(step, Call):
                    continue
                for target in step.fails.values():
                    if target.way is Way.PART and target.service in program.services:
                        parts = program.services[target.service].parts
                        found |= _first_screen(parts.get(target.part, ()))
    return found


def _first_screen(steps: tuple[Step, ...]) -> set[str]:
    """The first step that shows a screen, and what is said above it."""
    found = set()
    for step in steps:
        if any(of_step(step)):
            found.add(step.id)
        if isinstance(step, Question | End):
            break
    return found


def _own_words(
    program: Program, spots: tuple[Spot, ...], ready: list[Language], report: Report
) -> None:
    words = [spot for spot in spots if spot.role is Role.WORD]
    for language in ready:
        missing = sum(lacks(spot.text, language) for spot in words)
        if missing:
            report(
                program.site.place,
                f"{language.name}: {missing} of the gateway's own {len(words)} words are missing",
                f"translate them in locales/{language.code}/LC_MESSAGES/gateway.po",
            )


def _short(text: Text) -> str:
    first = " ".join(text.source.split())
    return first if len(first) <= 40 else f"{first[:39]}…"
