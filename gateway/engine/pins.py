"""Secrets that are no longer there: their question is put again, and nothing is done twice."""

from __future__ import annotations

from gateway.engine.history import back
from gateway.engine.moves import Move, Onward
from gateway.engine.run import Run
from gateway.engine.session import Open, Pending


def ask_again(run: Run, *, spent: bool = False) -> Move | None:
    """Go back to the question of a secret that was given and is lost; None if there is none.

    A secret is lost when the line was cut, or with `spent` when the call that took it has
    settled and she comes back to before that call. Where the way back to its question is still
    open she is led along it; where an effect lies in between, the question alone is put, and
    then she is where she was.
    """
    session = run.session
    for name, held in list(session.held.items()):
        if name in run.secrets or (held.spent and not spent):
            continue
        if session.at == held.at and session.open is Open.STEP:
            return None  # its question is the open one
        if any(visit.at == held.at for visit in session.history):
            while session.at != held.at or session.open is not Open.STEP:
                back(run)
            return Onward.OPEN
        if held.at in run.program.steps:
            if session.pending is None:
                session.pending = Pending(
                    session.at, session.open, list(session.frames), session.found
                )
            session.at, session.open, session.frames = held.at, Open.STEP, list(held.frames)
            session.page, session.error, session.says = 0, None, []
            return Onward.OPEN
        del session.held[name]
    return None


def come_back(run: Run) -> Move:
    """The secret that was asked by itself is there: on to the next one, or to where she was."""
    session = run.session
    session.error = None
    more = ask_again(run)
    if more is not None or session.pending is None:
        return more or Onward.OPEN
    pending, session.pending = session.pending, None
    session.at, session.open = pending.at, pending.open
    session.frames, session.found = list(pending.frames), pending.found
    return Onward.OPEN
