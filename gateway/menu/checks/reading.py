"""Every look-up of a variable, with what is known of it there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.menu.checks.condition import condition
from gateway.menu.checks.definition import Shape, Values
from gateway.menu.checks.flow import Flow, State, Visit
from gateway.menu.checks.spots import Role, expressions, of_step
from gateway.menu.program import (
    Ask,
    Call,
    Callback,
    Expression,
    FieldType,
    Follow,
    List,
    Menu,
    Place,
    Sms,
    Step,
    Switch,
)


class Purpose(StrEnum):
    TEXT = "text"
    CONDITION = "condition"
    ARGUMENT = "argument"  # of a call or a call-back: what is not set is left out
    REFERENCE = "reference"  # of a case to follow
    RECORDS = "records"  # of a list


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """One look-up in one context. `field`: it is of the list's own record, not of a variable."""

    path: tuple[str, ...]
    expression: Expression
    purpose: Purpose
    visit: Visit
    state: State
    given: frozenset[str]
    asks: bool
    field: bool

    @property
    def name(self) -> str:
        return self.path[0]

    @property
    def place(self) -> Place:
        return self.expression.place

    @property
    def values(self) -> Values:
        return self.state.values(self.name)

    @property
    def certain(self) -> bool:
        """Whether the variable is set whenever this look-up happens."""
        return self.name in self.given or self.state.known(self.name)


@dataclass(frozen=True, slots=True, eq=False)
class _Spot:
    expression: Expression
    purpose: Purpose
    state: State
    fields: Mapping[str, FieldType] | None = None


def uses(flow: Flow) -> Iterator[Use]:
    """In every context of every step; texts as the source language has them."""
    for visits in flow.visits.values():
        for visit in visits:
            yield from _of_visit(flow, visit)


def _of_visit(flow: Flow, visit: Visit) -> Iterator[Use]:
    for spot in _spots(flow, visit):
        for read in condition(spot.expression).reads:
            truth = read.asks and spot.purpose is Purpose.CONDITION
            own = spot.fields is not None and read.path[0] in spot.fields
            yield Use(
                read.path, spot.expression, spot.purpose, visit, spot.state, read.given, truth, own
            )


def _spots(flow: Flow, visit: Visit) -> Iterator[_Spot]:
    step = visit.step
    if step.when is not None:
        yield _Spot(step.when, Purpose.CONDITION, visit.before)
    if visit.inside is None:
        return
    source = flow.program.site.source
    for shown in of_step(step):
        state: State | None = visit.inside
        if shown.choice is not None and shown.choice.when is not None:
            yield _Spot(shown.choice.when, Purpose.CONDITION, visit.inside)
            state = visit.inside.given(condition(shown.choice.when).when_true)
        if state is None:
            continue
        fields = None
        if shown.role is Role.ITEM and isinstance(step, List):
            fields = record_fields(flow, step, visit.inside)
            if fields is None:
                continue  # the list is unknown, and named where it stands
        for expression in expressions(shown.text, source):
            yield _Spot(expression, Purpose.TEXT, state, fields)
    yield from _of_verb(flow, step, visit.inside, source)


def _of_verb(flow: Flow, step: Step, state: State, source: str) -> Iterator[_Spot]:
    """What `step` looks up beside its texts."""
    if isinstance(step, List):
        yield from _of_list(flow, step, state)
    elif isinstance(step, Call | Callback):
        for _, expression in step.arguments if isinstance(step, Call) else step.details:
            yield _Spot(expression, Purpose.ARGUMENT, state)
    elif isinstance(step, Follow):
        yield _Spot(step.reference, Purpose.REFERENCE, state)
    elif isinstance(step, Switch):
        yield from _of_switch(step, state)
    elif isinstance(step, Sms) and step.message.data is None:
        for expression in expressions(step.message.text, source):
            yield _Spot(expression, Purpose.TEXT, state)


def _of_list(flow: Flow, step: List, state: State) -> Iterator[_Spot]:
    if isinstance(step.records, Expression):
        yield _Spot(step.records, Purpose.RECORDS, state)
    if step.where is not None:
        fields = record_fields(flow, step, state)
        if fields is not None:
            yield _Spot(step.where, Purpose.CONDITION, state, fields)


def _of_switch(step: Switch, state: State) -> Iterator[_Spot]:
    left: State | None = state
    for expression, _ in step.cases:
        if left is None:
            return
        yield _Spot(expression, Purpose.CONDITION, left)
        left = left.given(condition(expression).when_false)


def record_fields(flow: Flow, step: List, state: State) -> Mapping[str, FieldType] | None:
    """The fields that `item` and `where` see; None where the list is not known."""
    fields: dict[str, FieldType] = {}
    for source in flow.lists(step, state):
        if source.shape is not Shape.LIST or source.fields is None:
            continue
        fields |= source.fields
    return fields or None


def saved_by(step: Step) -> tuple[str, ...]:
    """The variables that `step` sets."""
    if isinstance(step, Callback):
        return ("promise",)
    if isinstance(step, Ask):
        return tuple(name for name in (step.save, step.gives) if name is not None)
    if isinstance(step, Menu | List | Call) and step.save is not None:
        return (step.save,)
    return ()
