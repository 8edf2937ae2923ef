"""After a cut: the question whether to go on, which names the service and nothing she entered."""

from __future__ import annotations

from gateway.engine.behaviour import Behaviour
from gateway.engine.editions import adapt
from gateway.engine.moves import Move, Refused, Show
from gateway.engine.pins import ask_again
from gateway.engine.run import Run
from gateway.engine.screens import Drawing, Screen
from gateway.engine.session import Open, Session
from gateway.events import Dial, Scene
from gateway.menu.program import Program, Rate, Resume, Step, Target, Way


def resumes(program: Program, session: Session | None, event: Dial, scene: Scene) -> bool:
    """Whether dialling goes on with `session`, asking or not, instead of starting anew."""
    if session is None or event.suffix or session.open is Open.ENDED or session.first:
        return False
    service = program.services.get(session.service)
    if service is None or service.resume is Resume.RESTART:
        return False
    if isinstance(program.steps.get(session.at), Rate):
        return False  # the conversation was over when it was asked
    return scene.now - session.seen <= service.resume_for.total_seconds()


def begin(run: Run, event: Dial) -> Move:
    """Put the question, or go on at once where the service says so and the code is the same."""
    session = run.session
    service = run.program.services[session.service]
    if session.resume is None:
        session.resume = session.open
    if service.resume is Resume.CONTINUE and event.code == session.code:
        return pick(run, None, True)
    session.anew = (event.conversation, event.code)
    session.open = Open.RESUME
    run.stand(session.service, "start")
    return Show(Open.RESUME)


def reach(run: Run, step: Step | None) -> Move:
    return Show(Open.RESUME)


def draw(run: Run, step: Step | None) -> Screen | Move:
    drawing = Drawing(run)
