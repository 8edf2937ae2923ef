"""After a cut: the question whether to go on, which names the service and nothing she entered."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.engine import language
from gateway.engine.behaviour import Question
from gateway.engine.editions import adapt
from gateway.engine.moves import Move, Onward, Refused
from gateway.engine.pins import ask_again
from gateway.engine.run import Run
from gateway.engine.screens import Drawing, Screen
from gateway.engine.session import Cut, Open, Session
from gateway.events import Channel, Dial, Scene
from gateway.menu.program import Ask, Program, Rate, Resume, Step, Target, Way

LASTS = 86_400  # seconds that a conversation by SMS lasts after its last message


def resumes(program: Program, session: Session | None, event: Dial, scene: Scene) -> bool:
    """Whether dialling goes on with `session`, asking or not, instead of starting anew."""
    if session is None or event.suffix or session.open is Open.ENDED:
        return False
    by_sms = session.shown is Channel.SMS
    step = program.steps.get(session.at)
    # She was told to dial for it, or the answer to what she did is still to come.
    cut = session.cut
    waits = session.open is Open.WAIT or (cut is not None and cut.open is Open.WAIT)
    waits = waits or (by_sms and isinstance(step, Ask) and step.type.base == "pin")
    if session.first and not waits:
        return False
    service = program.services.get(session.service)
    if service is None or (service.resume is Resume.RESTART and not waits):
        return False
    if isinstance(step, Rate):
        return False  # the conversation was over when it was asked
    lasts = LASTS if by_sms else service.resume_for.total_seconds()
    return scene.now - session.seen <= lasts


def begin(run: Run, event: Dial, entry: str = "", inputs: Sequence[str] = ()) -> Move:
    """Put the question, or go on at once where the service says so and the code is the same.

    By SMS any message is the same code, but one whose keyword names the service `entry`: that
    and the answers behind it are kept for the case that she starts anew.
    """
    session = run.session
    cut = session.cut
    session.cut = Cut(
        open=session.open if cut is None else cut.open,
        page=session.page if cut is None else cut.page,
        error=session.error if cut is None else cut.error,
        says=session.says if cut is None else cut.says,
        conversation=event.conversation,
        code=event.code,
        channel=session.shown if cut is None else cut.channel,
        entry=entry,
        inputs=list(inputs),
    )
    service = run.program.services[session.service]
    same = not entry if run.by_sms else event.code == session.code
    if service.resume is Resume.CONTINUE and same:
        return pick(run, None, True)
    session.open, session.page, session.error, session.says = Open.RESUME, 0, None, []
    return Onward.OPEN


def draw(run: Run, step: Step | None) -> Screen | Move:
    service = run.program.services.get(run.session.service)
    if service is None:
        return Target(Way.HOME, run.program.site.place)
    run.stand(service.name, "start")
    drawing = Drawing(run)
    title = {"service": drawing.write(service.title)}
    return drawing.screen(
        drawing.below_error(drawing.word("resume", title)),
        labels=(drawing.word("continue"), drawing.word("restart")),
        picks=(True, False),
    )


def pick(run: Run, step: Step | None, goes_on: bool) -> Move:
    session = run.session
    cut = session.cut
    if cut is None or not goes_on:
        return _anew(run, cut)
    session.cut = None
    session.open = cut.open
    session.page = cut.page if cut.channel is run.scene.bearer.channel else 0
    session.error, session.says = cut.error, list(cut.says)
    moved = adapt(run)
    if moved is None and session.open is not Open.WAIT:
        moved = ask_again(run)
    return moved or Onward.OPEN


def _anew(run: Run, cut: Cut | None) -> Move:
    old = run.session
    run.begin(
        Session(
            conversation=old.conversation if cut is None else cut.conversation,
            program=run.program.hash,
            code=old.code if cut is None else cut.code,
            service="",
            language=old.language,
            open=Open.STEP,
            seen=run.scene.now,
        )
    )
    run.inputs = [] if cut is None else list(cut.inputs)
    return language.opening(run, "" if cut is None else cut.entry)


def answer(run: Run, step: Step | None, text: str) -> Move:
    return Refused("wrong_choice")


question = Question(draw=draw, pick=pick, answer=answer)
