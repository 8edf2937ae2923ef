"""A conversation whose menus were edited meanwhile finds its step again."""

from __future__ import annotations

from gateway.engine.moves import Move, Onward
from gateway.engine.run import Run
from gateway.engine.session import Open
from gateway.menu.program import Target, Way


def adapt(run: Run) -> Move | None:
    """Where to go on in another version: None for the same step, else its part, else home."""
    session, program = run.session, run.program
    if session.program == program.hash:
        return None
    session.program = program.hash
    asked = session.open is Open.LANGUAGE and not session.at
    pending = session.pending
    known = asked or session.at in program.steps
    known = known and (pending is None or pending.at in program.steps)
    if known and session.service in program.services and whole(run, session.frames):
        return None
    session.error, session.says, session.page, session.pending = None, [], 0, None
    service, _, part = session.part.partition("#")
    found = program.services.get(service)
    if (
        found is None
        or part not in found.parts
        or session.service not in program.services
        or not whole(run, session.frames)
    ):
        return Target(Way.HOME, program.site.place)
    run.stand(service, part)
    return Onward.HERE


def whole(run: Run, frames: list[str]) -> bool:
    """Whether every caller is still there to come back to."""
    return all(frame in run.program.steps for frame in frames)
