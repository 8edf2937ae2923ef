"""A conversation begins: at what was dialled, or at what a keyword names."""

from __future__ import annotations

from gateway.engine import language
from gateway.engine.flow import home
from gateway.engine.moves import Move, Onward
from gateway.engine.run import Run
from gateway.engine.session import Open, Session
from gateway.events import Scene
from gateway.menu.program import Program


def begin(
    program: Program,
    scene: Scene,
    *,
    conversation: str,
    code: str,
    inputs: list[str],
    entry: str = "",
) -> tuple[Run, Move]:
    """Open the service `entry`, or what `code` opens, and have `inputs` played behind it.

    Where her language must be asked first, both are kept for after that question.
    """
    service = entry or home(program, code)
    run = Run(
        program,
        Session(
            conversation=conversation,
            program=program.hash,
            code=code,
            service=service,
            language=scene.language,
            open=Open.STEP,
            seen=scene.now,
        ),
        scene,
    )
    run.stand(service, "start")
    if language.precedes(program.services[service], scene.language):
        run.session.open = Open.LANGUAGE
        run.session.waiting = inputs
        run.session.entry = entry
        return run, Onward.OPEN
    run.inputs = inputs
    return run, language.opening(run, entry)
