from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.spots import Role
from gateway.menu.checks.survey import Survey
from gateway.menu.checks.wording import fold, place_of, spoken
from gateway.menu.findings import Severity

_FILLED = re.compile(r"\{[^{}]*\}")
_LINE = re.compile(r"([^#].*?) ([=:]) (.+)")


@rule("jargon", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """A word of the administration that has a plain one."""
    for spot in survey.spots:
        if spot.role is Role.WORD:
            continue
        for language in spot.text.variants:
            for form in spoken(spot.text, language):
                folded = fold(form).replace("’", "'")
                for pattern, said, plain in phrases(language):
                    folded, found = pattern.subn("", folded)
                    if found:
                        words = _as_written(spot.text.source, pattern)
                        place = place_of(spot.text, language, words)
                        report(place, f"« {said} » is office language ({language})", plain)


def _as_written(source: str, pattern: re.Pattern[str]) -> str:
    """What of `source` the pattern for folded texts finds, letter for letter."""
    letters = [(fold(letter) or " ", letter) for letter in _FILLED.sub(_blank, source)]
    folded = "".join(bare.replace("’", "'") for bare, _ in letters)
    found = pattern.search(folded)
    if found is None:
        return source
    at, words = 0, ""
    for bare, letter in letters:
        if found.start() <= at < found.end():
            words += letter
        at += len(bare)
    return words


def _blank(filled: re.Match[str]) -> str:
    return "\0" * len(filled[0])


@cache
def phrases(language: str) -> tuple[tuple[re.Pattern[str], str, str], ...]:
    """The list of `language`: a pattern for folded texts, the words, and what to do instead.

    A list is a file `jargon/<language>.txt`, a line `words = plain words`, or `words : advice`;
    `*` at a word's end stands for any ending. Longer ones are looked for first.
    """
    source = files("gateway.menu.checks") / "jargon" / f"{language.partition('_')[0]}.txt"
    if not source.is_file():
        return ()
    found = []
    for line in source.read_text(encoding="utf-8").splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        said, mark, instead = match.groups()
        pattern = re.escape(fold(said)).replace(r"\*", r"\w*")
        advice = f"write « {instead} »" if mark == "=" else instead
        found.append((re.compile(rf"(?<!\w){pattern}(?!\w)"), said.replace("*", ""), advice))
    return tuple(sorted(found, key=lambda entry: (-len(entry[1]), entry[1])))
