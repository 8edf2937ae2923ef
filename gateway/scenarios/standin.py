"""Back ends that are not there: believable answers out of what an operation says it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from gateway.events import Answered, CallRequest, Json, Outcome
from gateway.menu.program import FieldType, Kind, Operation, Program

_RECORDS = 3  # of an operation that gives a list
_NUMBERS = {Kind.NUMBER: 3, Kind.MONEY: 1500}


@dataclass(frozen=True, slots=True)
class Called:
    request: CallRequest
    answered: Answered


@dataclass(slots=True)
class Standins:
    """Answers every operation, and keeps what was called. `fails` says which ones don't go well."""

    program: Program
    today: date
    fails: dict[str, Outcome] = field(default_factory=dict)
    called: list[Called] = field(default_factory=list)

    def answer(self, request: CallRequest) -> Answered:
        outcome = self.fails.get(request.operation, Outcome.OK)
        operation = operations(self.program).get(request.operation)
        if operation is None:  # of an earlier version, in a conversation that goes on
            outcome = Outcome.UNAVAILABLE
        data = self._data(operation) if operation and outcome is Outcome.OK else None
        answered = Answered(outcome, data)
        self.called.append(Called(request, answered))
        return answered

    def _data(self, operation: Operation) -> Json:
        if operation.many:
            return [self._record(operation.gives, rank) for rank in range(1, _RECORDS + 1)]
        return self._record(operation.gives, 1)

    def _record(self, gives: Mapping[str, FieldType], rank: int) -> dict[str, Json]:
        return {name: self._value(name, kind, rank) for name, kind in gives.items()}

    def _value(self, name: str, kind: FieldType, rank: int) -> Json:
        if kind.kind in _NUMBERS:
            return _NUMBERS[kind.kind] * rank
        if kind.kind is Kind.DATE:
            return (self.today + timedelta(days=7 * rank)).isoformat()
        if kind.kind is Kind.YES_NO:
            return rank % 2 == 1
        if kind.kind is Kind.ONE_OF:
            return kind.values[(rank - 1) % len(kind.values)]
        word = name.capitalize()[: max(0, kind.most - 2)]
        return f"{word} {rank}".strip()


def operations(program: Program) -> Mapping[str, Operation]:
    """All of the site's, by name: `anip.tarif`."""
    return {
        operation.name: operation
        for backend in program.site.backends.values()
        for operation in backend.operations.values()
    }
