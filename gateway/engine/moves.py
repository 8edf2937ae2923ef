"""What a verb answers when it is reached or answered: where the conversation goes from there."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

import msgspec

from gateway.engine.session import Open
from gateway.events import Answered, CallRequest
from gateway.menu.program import Target


class Onward(Enum):
    HERE = auto()  # the step under the counter
    BELOW = auto()  # the next one
    BACK = auto()  # the screen before
    OPEN = auto()  # what the session says is open is drawn; a wait is asked for anew
    STAY = auto()  # the screen that is drawn stays: the turn is over


class Show(msgspec.Struct, frozen=True, gc=False):
    """The step's screen is opened, as what `open` says."""

    open: Open = Open.STEP


class Refused(msgspec.Struct, frozen=True, gc=False):
    """The answer is wrong. `error` is a key of the gateway's own words."""

    error: str


class Again(msgspec.Struct, frozen=True):
    """The last question is asked again, with an error; where there is none, `otherwise`.

    `fixed`: what was answered before that question can no longer be taken back.
    """

    error: str
    fixed: bool
    otherwise: Target


class Consult(msgspec.Struct, frozen=True):
    """A back end must answer first; `then` goes on from what it said.

    `typed` is the answer of hers that it judges. `late`: its outcome can be sent by SMS.
    """

    request: CallRequest
    then: Callable[[Answered], Move]
    typed: str = ""
    late: bool = False


Move = Onward | Show | Target | Refused | Again | Consult
