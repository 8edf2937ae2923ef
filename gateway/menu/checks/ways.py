"""What can follow a position."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gateway.menu.checks.flow import Flow, Position
from gateway.menu.program import Call, Step


def after(
    flow: Flow, start: Position, stop: Callable[[Position], bool] = lambda position: False
) -> Iterator[Position]:
    """Every position that can follow `start`, nearest first; beyond those that `stop` none."""
    seen: set[Position] = set()
    front = [start]
    while front:
        ahead = []
        for position in front:
            for edge in flow.edges.get(position, ()):
                if edge.to is None or edge.to in seen:
                    continue
                seen.add(edge.to)
                yield edge.to
                if not stop(edge.to):
                    ahead.append(edge.to)
        front = ahead


def takes(step: Step | None, secret: str) -> bool:
    """Whether `step` is the call that the secret goes to."""
    return isinstance(step, Call) and any(
        (secret,) in expression.reads for _, expression in step.arguments
    )
