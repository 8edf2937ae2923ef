"""Every way through the services, and what is known at each step of it.

A position is a step together with the `do`s that are open around it, so that a shared part
is looked at once for each caller. What is known at a position is the union over all ways that
lead there; a variable that some way leaves unset holds `UNSET` among its definitions.

Ways follow the menu language, §2: a jump inside the service of the step stays inside the
`do`; a jump to another service starts a new conversation with no variables.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from gateway.events import Outcome
from gateway.menu.checks import definition
from gateway.menu.checks.condition import condition
from gateway.menu.checks.definition import NEVER, UNSET, Definition, Values
from gateway.menu.program import (
    Ask,
    Call,
    Callback,
    Confirm,
    Do,
    End,
    Expression,
    Go,
    List,
    Menu,
    Program,
    Rate,
    Sms,
    Step,
    Switch,
    Target,
    Way,
)

Question = Menu | Ask | List | Confirm | Rate
"""Steps that show a screen and wait for an answer."""

KNOWN_EVERYWHERE = frozenset({"phone", "language", "operator", "channel", "today", "ussd"})


@dataclass(frozen=True, slots=True)
class Position:
    """`root` is the conversation's service; `stack` the ids of the open `do`s, innermost last."""

    root: str
    stack: tuple[str, ...]
    service: str
    part: str
    index: int


class Agreed(StrEnum):
    """SPENT covers what follows the confirmed effect at once, up to the next answer."""

    NO = "no"
    YES = "yes"
    SPENT = "spent"


_YES = frozenset({Agreed.YES})
_TRUE = frozenset({True})


@dataclass(frozen=True, slots=True)
class State:
    """What is known before a step. A name not in `variables` was never set.

    `questions`: ids of the questions that may have been asked last, "" for none.
    `behind`: whether back has a screen to show. `answered`: whether she has answered anything
    since she dialled. `agreed`: whether she confirmed, or gave a secret.
    """

    variables: Mapping[str, Values] = field(default_factory=dict)
    questions: frozenset[str] = frozenset({""})
    behind: frozenset[bool] = frozenset({False})
    answered: frozenset[bool] = frozenset({False})
    agreed: frozenset[Agreed] = frozenset({Agreed.NO})

    def values(self, name: str) -> Values:
        return self.variables.get(name, NEVER)

    def known(self, name: str) -> bool:
        """Whether `name` is set on every way here."""
        return name in KNOWN_EVERYWHERE or UNSET not in self.values(name)

    def set(self, name: str, values: Values) -> State:
        return replace(self, variables={**self.variables, name: values})

    def joined(self, other: State) -> State:
        names = self.variables.keys() | other.variables.keys()
        return State(
            {name: self.values(name) | other.values(name) for name in names},
            self.questions | other.questions,
            self.behind | other.behind,
            self.answered | other.answered,
            self.agreed | other.agreed,
        )

    def given(self, names: Iterable[str]) -> State | None:
        """The same, where `names` are set; None where that can't be."""
        variables = dict(self.variables)
        for name in names:
            if name in KNOWN_EVERYWHERE:
                continue
            values = self.values(name) - NEVER
            if not values:
                return None
            variables[name] = values
        return replace(self, variables=variables)


@dataclass(frozen=True, slots=True)
class Edge:
    """`to` is None where the conversation ends or another one begins.

    `screen`: the citizen answers a screen on this edge.
    """

    to: Position | None
    screen: bool


@dataclass(frozen=True, slots=True)
class Visit:
    """A step met in one context. `inside` is the state where its `when` holds, if it can."""

    position: Position
    step: Step
    before: State
    inside: State | None


Move = tuple[Position | None, State, bool]


class Flow:
    """All positions of a program that a citizen can reach, with their states."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.states: dict[Position, State] = {}
        self.edges: dict[Position, list[Edge]] = {}
        self.unlinked: list[str] = []
        """Services that no code, keyword or other service leads to."""
        self.circles: list[Do] = []
        """`do`s that run what they stand in."""
        self._queue: deque[Position] = deque()
        self._spots = {
            step.id: (service.name, part, index)
            for service in program.services.values()
            for part, steps in service.parts.items()
            for index, step in enumerate(steps)
        }
        for name in self._doors():
            self._enter(name, "start")
        self._run()
        reached = {position.service for position in self.states}
        for name, service in program.services.items():
            if name not in reached and "start" in service.parts:
                self.unlinked.append(name)
                self._enter(name, "start")
        self._run()
        self.visits = self._visits()

    # ---- what rules ask ----------------------------------------------------------------

    def step(self, position: Position) -> Step | None:
        """The step at `position`; None at the end of a part."""
        steps = self._steps(position.service, position.part)
        return steps[position.index] if position.index < len(steps) else None

    def of(self, step: Step) -> list[Visit]:
        return self.visits.get(step.id, [])

    def falls(self) -> Iterator[Position]:
        """Ends of parts that nobody comes back from."""
        for position in self.states:
            if not position.stack and self.step(position) is None:
                yield position

    # ---- running -----------------------------------------------------------------------

    def _doors(self) -> list[str]:
        """Services that a citizen can open herself."""
        site = self.program.site
        doors = [*site.codes.values(), *([site.sms.start] if site.sms.start else [])]
        services = self.program.services
        doors += [name for name, service in services.items() if service.keywords]
        return [
            name
            for name in dict.fromkeys(doors)
            if name in services and "start" in services[name].parts
        ]

    def _enter(self, service: str, part: str, state: State | None = None) -> None:
        self._arrive(Position(service, (), service, part, 0), state or State())

    def _arrive(self, position: Position, state: State) -> None:
        before = self.states.get(position)
        after = state if before is None else before.joined(state)
        if after != before:
            self.states[position] = after
            self._queue.append(position)

    def _run(self) -> None:
        while self._queue:
            position = self._queue.popleft()
            moves = list(self._moves(position, self.states[position]))
            self.edges[position] = [Edge(to, screen) for to, _, screen in moves]
            for to, state, _ in moves:
                if to is not None:
                    self._arrive(to, state)

    def _visits(self) -> dict[str, list[Visit]]:
        visits: dict[str, list[Visit]] = {}
        for position, state in self.states.items():
            step = self.step(position)
            if step is not None:
                inside = self._inside(step, state)
                visits.setdefault(step.id, []).append(Visit(position, step, state, inside))
        return visits

    def _steps(self, service: str, part: str) -> tuple[Step, ...]:
        return self.program.services[service].parts[part]

    @staticmethod
    def _inside(step: Step, state: State) -> State | None:
        return state if step.when is None else state.given(condition(step.when).when_true)

    def _moves(self, position: Position, state: State) -> Iterator[Move]:
        step = self.step(position)
        if step is None:
            if position.stack:
                yield self._back_to_caller(position), state, False
            return
        below = replace(position, index=position.index + 1)
        if step.when is not None:
            skipped = state.given(condition(step.when).when_false)
            if skipped is not None:
                yield below, skipped, False
        inside = self._inside(step, state)
        if inside is None:
            return
        if isinstance(step, Question):
            yield from self._question_moves(position, step, inside, below)
        else:
            yield from self._other_moves(position, step, inside, below)

    def _back_to_caller(self, position: Position) -> Position:
        service, part, index = self._spots[position.stack[-1]]
        return Position(position.root, position.stack[:-1], service, part, index + 1)

    def _goto(
        self, position: Position, target: Target, state: State
    ) -> tuple[Position | None, State]:
        """Where `target` leads from `position`; another conversation is entered at once."""
        if target.way is Way.CONTINUE:
            return replace(position, index=position.index + 1), state
        if target.way is not Way.PART or not self._exists(target):
            return None, state
        if target.service != position.service:
            # The variables stay behind; what she has answered, and can go back to, does not.
            went = State(questions=state.questions, behind=state.behind, answered=state.answered)
            self._enter(target.service, target.part, went)
            return None, state
        return replace(position, part=target.part, index=0), state

    def _exists(self, target: Target) -> bool:
        service = self.program.services.get(target.service)
        return service is not None and target.part in service.parts

    # ---- one verb after the other --------------------------------------------------------

    def _question_moves(
        self, position: Position, step: Question, state: State, below: Position
    ) -> Iterator[Move]:
        shown = replace(
            state,
            questions=frozenset({step.id}),
            behind=_TRUE,
            answered=_TRUE,
            agreed=frozenset(Agreed.NO if one is Agreed.SPENT else one for one in state.agreed),
        )
        if isinstance(step, Menu):
            yield from self._menu_moves(position, step, state, shown, below)
        elif isinstance(step, Ask):
            answered = shown
            for given in definition.of_ask(step):
                answered = answered.set(given.name, frozenset({given}))
                if given.shape is definition.Shape.SECRET:
                    answered = replace(answered, agreed=_YES)
            yield below, answered, True
            if step.optional:
                yield below, shown if step.save is None else shown.set(step.save, NEVER), True
        elif isinstance(step, List):
            yield from self._list_moves(position, step, shown, below)
        elif isinstance(step, Confirm):
            yield below, replace(shown, agreed=_YES), True
            if step.cancel is not None:
                yield (*self._goto(position, step.cancel, shown), True)
        else:
            yield below, _settled(shown), True

    def _menu_moves(
        self, position: Position, step: Menu, state: State, shown: State, below: Position
    ) -> Iterator[Move]:
        saved = definition.of_menu(step)
        for choice in step.choices:
            chosen: State | None = shown
            if choice.when is not None:
                chosen = shown.given(condition(choice.when).when_true)
            if chosen is None:
                continue
            if saved is not None:
                chosen = chosen.set(saved.name, frozenset({saved}))
            to, after = (
                (below, chosen) if choice.go is None else self._goto(position, choice.go, chosen)
            )
            yield to, after, True
        if all(choice.when is not None for choice in step.choices):
            passed: State | None = state
            for choice in step.choices:
                if passed is not None and choice.when is not None:
                    passed = passed.given(condition(choice.when).when_false)
            if passed is not None:
                yield below, passed, False

    def _list_moves(
        self, position: Position, step: List, shown: State, below: Position
    ) -> Iterator[Move]:
        lists = self.lists(step, shown)
        kept = definition.of_list(step, lists)
        picked = shown.set(step.save, kept) if step.save is not None else shown
        yield below, picked, True
        for choice in step.choices:
            after = shown
            if step.save is not None and step.value is not None:
                own = Definition(step.save, step.id, definition.Shape.VALUE, holds=step.choices)
                after = shown.set(step.save, frozenset({own}))
            to, state = (
                (below, after) if choice.go is None else self._goto(position, choice.go, after)
            )
            yield to, state, True
        if isinstance(step.empty, Target):
            yield (*self._goto(position, step.empty, shown), False)

    def lists(self, step: List, state: State) -> Values:
        """The definitions of the records that `step` shows."""
        if isinstance(step.records, Expression):
            names = {path[0] for path in step.records.reads}
            found = frozenset[Definition]().union(*(state.values(name) for name in names))
            return definition.records_of(step, found)
        return definition.records_of(step, frozenset())

    def _other_moves(
        self, position: Position, step: Step, state: State, below: Position
    ) -> Iterator[Move]:
        if isinstance(step, Call):
            yield from self._call_moves(position, step, state, below)
        elif isinstance(step, Switch):
            yield from self._switch_moves(position, step, state)
        elif isinstance(step, Go):
            yield (*self._goto(position, step.target, state), False)
        elif isinstance(step, Do):
            yield from self._do_moves(position, step, state, below)
        elif isinstance(step, Callback):
            promise = Definition(
                "promise",
                step.id,
                definition.Shape.VALUE,
                holds=definition.Promise(step.queue),
            )
            yield below, _settled(state.set("promise", frozenset({promise}))), False
        elif isinstance(step, Sms):
            yield below, _settled(state), False
        elif not isinstance(step, End):
            yield below, state, False

    def _call_moves(
        self, position: Position, step: Call, state: State, below: Position
    ) -> Iterator[Move]:
        got = definition.of_call(step)
        done = state if step.operation.safe else _settled(state)
        yield below, done if got is None else done.set(got.name, frozenset({got})), False
        for outcome, target in step.fails.items():
            # What is unavailable was perhaps done; what is refused was not.
            failed = done if outcome is Outcome.UNAVAILABLE else state
            if got is not None:
                failed = failed.set(got.name, NEVER)
            yield (*self._goto(position, target, failed), False)

    def _switch_moves(self, position: Position, step: Switch, state: State) -> Iterator[Move]:
        left: State | None = state
        for expression, target in step.cases:
            if left is None:
                return
            known = condition(expression)
            chosen = left.given(known.when_true)
            if chosen is not None:
                yield (*self._goto(position, target, chosen), False)
            left = left.given(known.when_false)
        if left is not None:
            yield (*self._goto(position, step.otherwise, left), False)

    def _do_moves(
        self, position: Position, step: Do, state: State, below: Position
    ) -> Iterator[Move]:
        target = step.target
        if target.way is not Way.PART or not self._exists(target):
            yield below, state, target.way is Way.LANGUAGE
        elif step.id in position.stack:
            if step not in self.circles:
                self.circles.append(step)
            yield below, state, False
        else:
            stack = (*position.stack, step.id)
            yield Position(position.root, stack, target.service, target.part, 0), state, False


def _settled(state: State) -> State:
    """After an effect: no earlier screen comes back, and what she agreed to is done."""
    return replace(
        state,
        questions=frozenset({""}),
        behind=frozenset({False}),
        agreed=frozenset(Agreed.SPENT if one is Agreed.YES else one for one in state.agreed),
    )
