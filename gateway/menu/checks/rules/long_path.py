from __future__ import annotations

from collections import deque

from gateway.menu.checks.flow import Flow, Position
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity
from gateway.menu.program import End, Rate

_MOST = 8  # screens of some twenty seconds; an operator's session lasts two or three minutes


@rule("long-path", Severity.WARNING)
def check(survey: Survey, report: Report) -> None:
    """Even the shortest way to an `end` takes more than eight screens."""
    fewest: dict[str, int] = {}
    for position, screens in _screens(survey.flow).items():
        step = survey.flow.step(position)
        if isinstance(step, End):
            fewest[step.id] = min(screens + 1, fewest.get(step.id, screens + 1))
    for step_id, screens in fewest.items():
        if screens > _MOST:
            report(
                survey.program.steps[step_id].place,
                f"{screens} screens lead here, at the least: more than {_MOST} are cut off",
                "ask less, or ask the back end what it already knows",
            )


def _screens(flow: Flow) -> dict[Position, int]:
    """How many screens she has answered, at the least, at each position of a conversation.

    A `rate` is shown together with the `end` below it, and counts with that.
    """
    best = {
        position: 0
        for position in flow.states
        if not position.stack and position.index == 0 and position.part == "start"
    }
    queue = deque(best)
    while queue:
        position = queue.popleft()
        rated = isinstance(flow.step(position), Rate)
        for edge in flow.edges.get(position, ()):
            if edge.to is None:
                continue
            screens = best[position] + (1 if edge.screen and not rated else 0)
            if screens < best.get(edge.to, screens + 1):
                best[edge.to] = screens
                queue.append(edge.to)
    return best
