"""What a verb is to the engine. The verbs stand in `verbs/`, a file each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.engine.moves import Move
from gateway.engine.run import Run
from gateway.engine.screens import Screen


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What has a screen: a step's, or one of the gateway's own, whose step is then None.

    `draw` makes it, whenever it is needed, from the session alone; or says that there is nothing
    to show, and where to go on. `pick` is given what she chose of the screen's `picks`; `answer`
    any other text, clean; `passed` is run when she passes the question.
    `matters`: a dialled suffix must not answer it. `anywhere`: its choices have numbers, which
    can be typed before the page that shows them. `still`: without a wrong answer, its screen is
    the same for everybody of one language and bearer as long as no variable is written on it.
    """

    draw: Callable[[Run, Any], Screen | Move]
    answer: Callable[[Run, Any, str], Move]
    pick: Callable[[Run, Any, Any], Move] | None = None
    passed: Callable[[Run, Any], Move] | None = None
    matters: Callable[[Any], bool] = lambda step: False
    anywhere: bool = False
    still: Callable[[Any], bool] = lambda step: True


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`reach` is run when the conversation comes to the step; `question` if it has a screen."""

    reach: Callable[[Run, Any], Move]
    question: Question | None = None
