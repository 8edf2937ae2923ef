"""The screens she has been through, and what each answer changed: the way back."""

from __future__ import annotations

from gateway.engine.run import Run
from gateway.engine.session import Visit

_SCREENS = 30  # that can be gone back; who went further starts again from home
_CELLS = 2000  # values that all of them together may hold, so that a session stays small


def leave(run: Run) -> None:
    """The open screen was answered: remember it, as it was before the answer is saved."""
    session = run.session
    session.history.append(
        Visit(
            at=session.at,
            open=session.open,
            service=session.service,
            frames=list(session.frames),
            found=session.found,
            proven=list(session.proven),
            held=dict(session.held),
        )
    )
    session.error = None
    session.says = []
    session.page = 0


def back(run: Run) -> bool:
    """Undo the last answer. False where there is none to undo."""
    session = run.session
    if not session.history:
        return False
    visit = session.history.pop()
    session.vars.update(visit.before)
    for name in visit.unset:
        session.vars.pop(name, None)
    session.at = visit.at
    step = run.program.steps.get(visit.at)
    session.part = "" if step is None else f"{step.service}#{step.part}"
    session.open = visit.open
    session.service = visit.service
    session.frames = list(visit.frames)
    session.found = visit.found
    session.proven = list(visit.proven)
    session.held = dict(visit.held)
    session.error = None
    session.says = []
    session.page = 0
    session.score = 0
    run.secrets = {name: value for name, value in run.secrets.items() if name in session.held}
    run.changed()
    return True


def trim(run: Run) -> None:
    """Forget the oldest screens where there are too many, or what they hold is too much."""
    session = run.session
    history = session.history
    excess = max(0, len(history) - _SCREENS)
    cells = 0
    for place in range(len(history) - 1, excess - 1, -1):
        cells += sum(map(_cells, history[place].before.values()))
        if cells > _CELLS:
            excess = place + 1
            break
    if excess:
        del history[:excess]
        session.fresh = False


def _cells(value: object) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(_cells, value.values()))
    if isinstance(value, list):
        return 1 + sum(map(_cells, value))
    return 1 + (len(value) // 100 if isinstance(value, str) else 0)
