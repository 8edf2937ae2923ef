"""Driving a turn: the engine asks, the back ends answer, the engine goes on."""

from __future__ import annotations

from collections.abc import Generator

from gateway.backends import Backends
from gateway.engine import Turned
from gateway.events import Answered, CallRequest
from gateway.logs import correlation
from gateway.menu.program import Program
from gateway.metrics import Metrics
from gateway.store import Citizen, Store


class Calls:
    """Answers the calls of turns. `deadline` below is on time.monotonic(), in seconds."""

    def __init__(self, backends: Backends, metrics: Metrics) -> None:
        self._backends = backends
        self._metrics = metrics

    async def run(
        self,
        turn: Generator[CallRequest, Answered, Turned],
        program: Program,
        store: Store,
        citizen: Citizen,
        *,
        deadline: float,
    ) -> Turned:
        """What the turn comes to once all its calls, which share `deadline`, are answered."""
        try:
            request = next(turn)
            while True:
                request = turn.send(await self._call(request, program, store, citizen, deadline))
        except StopIteration as stop:
            turned: Turned = stop.value
            return turned
        finally:
            turn.close()

    async def _call(
        self,
        request: CallRequest,
        program: Program,
        store: Store,
        citizen: Citizen,
        deadline: float,
    ) -> Answered:
        backend, _, name = request.operation.partition(".")
        operation = program.site.backends[backend].operations[name]
        # A repeat has the same three, a new attempt another number.
        key = store.names.digest("call", request.conversation, request.step, str(request.attempt))
        answered = await self._backends.call(
            request,
            operation,
            store=store,
            citizen=citizen,
            key=key.hex(),
            deadline=deadline,
            correlation=correlation.get() or "",
        )
        self._metrics.calls.labels(operation.name, answered.outcome.value).inc()
        return answered
