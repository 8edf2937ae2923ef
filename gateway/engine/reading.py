"""What an input means on the screen that is open: a key, a choice, an answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from gateway.engine import language, resume, waits
from gateway.engine.behaviour import Question
from gateway.engine.matching import begun, clean, fold, folded, named, numbered
from gateway.engine.moves import Move, Onward
from gateway.engine.paging import Key
from gateway.engine.run import Run
from gateway.engine.screens import Screen, plain
from gateway.engine.session import Open
from gateway.engine.verbs import VERBS
from gateway.errors import Astray
from gateway.menu.program import Step, Target, Text, Way

# Python 3.11 takes ten times as long for a member of an enum as for a name of the module.
_RESUME: Final = Open.RESUME
_LANGUAGE: Final = Open.LANGUAGE
_WAITING: Final = Open.WAIT


def opened(run: Run) -> tuple[Question, Step | None]:
    """Whose screen is open. A step is put under the counter."""
    session = run.session
    if session.open is _RESUME:
        return resume.question, None
    if session.open is _LANGUAGE and not session.at:
        return language.question, None
    if session.open is _WAITING:
        waited = run.program.steps.get(session.at)
        if waited is None:
            raise Astray("what is waited for is none of this version")
        run.stand_at(waited)
        return waits.question, waited
    step = run.program.steps.get(session.at)
    question = None if step is None else VERBS[step.verb].question
    if step is None or question is None:
        raise Astray("the open screen is none of this version")
    run.stand_at(step)
    return question, step


def read(run: Run, typed: str) -> Move:
    """Take an input on the open, drawn screen.

    In this order: the numbers of keys that are shown, the numbers and whole words of choices, the
    words of keys, the first words of a choice, and what else the question takes. On a page before
    the question itself only keys work, and anything else turns the page.
    """
    screen = run.screen
    question, step = opened(run)
    if screen is None:
        raise Astray("there is no open screen")
    text = clean(typed)
    page = screen.pages[run.session.page]
    keys = run.program.site.keys
    if text in (keys.back, keys.home, keys.more, keys.skip):  # few are: the rest is not looked at
        for key in page.keys:
            if text == getattr(keys, key.value):
                return _press(run, screen, key)
    if not (page.asks or (question.anywhere and screen.labels) or run.playing):
        # Nobody agrees to what she has not read: whatever she typed, the question comes first.
        meant = _word(run, fold(text))
        return _press(run, screen, meant if meant in (Key.BACK, Key.HOME) else Key.MORE)
    place = numbered(text, screen.numbers)
    if place is None:
        words = fold(text)
        fold_label = folded if screen.static else fold
        labels = [fold_label(label) for label in screen.labels]
        place = named(words, labels)
        meant = _word(run, words) if place is None else None
        if meant is not None and _possible(run, screen, meant):
            return _press(run, screen, meant)
        if place is None:
            place = begun(words, labels)
    if place is not None and question.pick is not None:
        return question.pick(run, step, screen.picks[place])
    return question.answer(run, step, text)


def _press(run: Run, screen: Screen, key: Key) -> Move:
    session = run.session
    match key:
        case Key.MORE:
            session.page += 1
            return Onward.STAY
        case Key.BACK if session.page:
            session.page -= 1
            return Onward.STAY
        case Key.BACK:
            return Onward.BACK if screen.returns else Onward.STAY
        case Key.SKIP:
            question, step = opened(run)
            if question.passed is not None:
                return question.passed(run, step)
    session.says = []
    return Target(Way.HOME, run.program.site.place)


def _possible(run: Run, screen: Screen, key: Key) -> bool:
    """A word that could do nothing here is an answer; RETOUR never is."""
    if key is Key.MORE:
        return run.session.page + 1 < len(screen.pages)
    return screen.skips if key is Key.SKIP else True


def _word(run: Run, words: str) -> Key | None:
    """The key that `words` name in her language."""
    if not words or words.isdigit():
        return None
    texts = run.program.words
    homes = texts["home"], texts["menu"]
    known = _words(texts["skip"], texts["more"], texts["back"], homes, run.language.code)
    return known.get(words)


@lru_cache(256)
def _words(
    skip: Text, more: Text, back: Text, homes: tuple[Text, ...], language: str
) -> Mapping[str, Key]:
    texts = [(skip, Key.SKIP), (more, Key.MORE), (back, Key.BACK)]
    texts += [(text, Key.HOME) for text in homes]
    return {
        fold(plain(text, language, gsm) or ""): key for text, key in texts for gsm in (False, True)
    }
