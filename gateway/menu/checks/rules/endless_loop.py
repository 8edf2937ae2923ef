from __future__ import annotations

from collections.abc import Iterator

from gateway.menu.checks.flow import Flow, Position
from gateway.menu.checks.rule import Report, rule
from gateway.menu.checks.survey import Survey
from gateway.menu.findings import Severity
from gateway.menu.program import Step


@rule("endless-loop", Severity.ERROR)
def check(survey: Survey, report: Report) -> None:
    """A circle of steps in which the citizen is shown nothing."""
    for step in _closing(survey.flow):
        report(
            step.place,
            "from here the steps can go round and round without a screen",
            "put a question in between: a `menu`, an `ask` or a `confirm` without `when`",
        )
    for do in survey.flow.circles:
        report(
            do.place,
            f"this `do` runs « {do.target.part} », which it already stands in",
            "use `go`, which comes back to nobody",
        )


def _closing(flow: Flow) -> Iterator[Step]:
    """The steps that lead back to where the way came from, no screen lying between."""
    done: set[Position] = set()
    for start in flow.states:
        if start in done:
            continue
        way = [(start, _silent(flow, start))]
        open_ = {start}
        while way:
            position, ahead = way[-1]
            following = next(ahead, None)
            if following is None:
                way.pop()
                open_.discard(position)
                done.add(position)
            elif following in open_:
                yield from _last_step(flow, [at for at, _ in way])
            elif following not in done:
                way.append((following, _silent(flow, following)))
                open_.add(following)


def _silent(flow: Flow, position: Position) -> Iterator[Position]:
    for edge in flow.edges.get(position, ()):
        if edge.to is not None and not edge.screen:
            yield edge.to


def _last_step(flow: Flow, way: list[Position]) -> Iterator[Step]:
    """The end of a part is no step: the one before it is named."""
    for position in reversed(way):
        step = flow.step(position)
        if step is not None:
            yield step
            return
