"""From `<service>.test.yaml` to scenarios, every fault with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from gateway.errors import NumberError
from gateway.events import Json, Outcome
from gateway.menu.codes import Code
from gateway.menu.findings import Finding, Findings, nearest
from gateway.menu.program import FieldType, Kind, Operation, Place, Program
from gateway.menu.source import Map, Node, Scalar, Seq, parse
from gateway.scenarios.scenario import ASK, Canned, Enter, HangUp, Move, Scenario, Shows, Swap, Wait
from gateway.text import msisdn

ENDING = ".test.yaml"
_ABOUT = ("test", "dial", "phone", "operator", "language", "at")
_KEYS = (*_ABOUT, "backends", "play", "sms", "callback", "hidden")
_MOVES = ("shows", "enter", "ends", "hang_up", "wait", "backends")
_DURATION = re.compile(r"(\d+) ?([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
Value = TypeVar("Value")
_TRUTH = {"yes": True, "no": False, "true": True, "false": False}


def read(program: Program, folder: Path) -> tuple[list[Scenario], tuple[Finding, ...]]:
    """All scenarios under `folder`, in order of file and place, and what is wrong with them."""
    findings = Findings()
    scenarios = []
    for path in sorted(folder.rglob(f"*{ENDING}")):
        service = path.relative_to(folder).as_posix().removesuffix(ENDING)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            findings.error(Place(str(path), 1, 1), Code.FILE_UNREADABLE, f"can't be read: {error}")
            continue
        node = parse(str(path), text, findings)
        if node is not None:
            scenarios += list(_Reader(program, findings, service).scenarios(node))
    return scenarios, findings.in_order()


class _Reader:
    """One file's. `program` tells which services, operations and languages there are."""

    def __init__(self, program: Program, findings: Findings, service: str) -> None:
        self.program = program
        self.findings = findings
        self.service = service
        # A scenario may lead through other services, whose messages it names as its own.
        self.messages = {name for service in program.services.values() for name in service.messages}
        self.operations = {
            f"{backend.name}.{name}": operation
            for backend in program.site.backends.values()
            for name, operation in backend.operations.items()
        }

    def scenarios(self, node: Node) -> Iterator[Scenario]:
        if self.service not in self.program.services:
            hint = nearest(self.service, self.program.services)
            message = f"there is no service « {self.service} » beside this file"
            self.findings.error(node.place, Code.UNKNOWN_SERVICE, message, hint)
            return
        if not isinstance(node, Seq):
            self.wrong(node, "a file of scenarios is a list: « - test: … »")
            return
        for item in node.items:
            if isinstance(item, Map):
                yield self.scenario(item)
            else:
                self.wrong(item, "a scenario begins with « - test: … »")

    def scenario(self, node: Map) -> Scenario:
        self.known(node, _KEYS, "a scenario")
        name = node.get("test")
        if not isinstance(name, Scalar) or not name.text.strip():
            self.findings.error(
                node.place, Code.MISSING_KEY, "a scenario needs « test: » and a name"
            )
        play = node.get("play")
        moves = self.moves(play)
        return Scenario(
            name=name.text if isinstance(name, Scalar) else "",
            service=self.service,
            place=node.place,
            dial=self.scalar(node, "dial"),
            phone=self.take(node, "phone", self.phone) or "+2290197000001",
            network=self.take(node, "operator", self.network),
            language=self.take(node, "language", self.language),
            at=self.take(node, "at", self.moment),
            backends=self.backends(node.get("backends")),
            moves=moves,
            sms=self.names(node, "sms", self.messages, Code.UNKNOWN_MESSAGE),
            callbacks=self.names(node, "callback", self.program.site.callbacks, Code.UNKNOWN_QUEUE),
            hidden=tuple(scalar.text for scalar in self.each(node.get("hidden"))),
            begins=play.start if isinstance(play, Seq) and play.items else None,
        )

    # ---- moves -----------------------------------------------------------------------

    def moves(self, node: Node | None) -> tuple[Move, ...]:
        if node is None:
            return ()
        if not isinstance(node, Seq):
            self.wrong(node, "« play: » is a list of moves: « - enter: 1 »")
            return ()
        return tuple(move for item in node.items if (move := self.move(item)) is not None)

    def move(self, node: Node) -> Move | None:
        if not isinstance(node, Map) or len(node.entries) != 1:
            self.wrong(node, f"a move is one of {', '.join(_MOVES)}")
            return None
        key, value = node.entries[0]
        if not self.known(node, _MOVES, "a move"):
            return None
        if key.text == "backends":
            return Swap(self.backends(value), key.place)
        if not isinstance(value, Scalar):
            self.wrong(value, f"a value is expected behind « {key.text}: »")
            return None
        if key.text == "enter":
            return Enter(value.text, key.place, value.end)
        if key.text in ("shows", "ends"):
            return Shows(value.text, key.text == "ends", value.place, value.start, value.end)
        seconds = self.duration(value)
        if seconds is None:
            return None
        if key.text == "hang_up":
            return HangUp(seconds, key.place, value.end)
        return Wait(seconds, key.place)

    # ---- back ends -------------------------------------------------------------------

    def backends(self, node: Node | None) -> dict[str, Canned]:
        if node is None:
            return {}
        if not isinstance(node, Map):
            self.wrong(node, "« backends: » maps operations to their answers")
            return {}
        answers = {}
        for key, value in node.entries:
            operation = self.operations.get(key.text)
            if operation is None:
                message = f"there is no operation « {key.text} »"
                hint = nearest(key.text, self.operations)
                self.findings.error(key.place, Code.UNKNOWN_OPERATION, message, hint)
                continue
            answers[key.text] = self.canned(key, value, operation)
        return answers

    def canned(self, key: Scalar, node: Node, operation: Operation) -> Canned:
        outcome, after, data = Outcome.OK, 0.0, node
        if isinstance(node, Scalar):
            if node.text in list(Outcome):
                return Canned(key.text, Outcome(node.text), None, 0.0, key.place)
            self.wrong(node, f"an answer is a record, a list, or one of {', '.join(Outcome)}")
        if isinstance(node, Map) and (wait := node.get("after")) is not None:
            after = float(self.duration(wait) or 0) if isinstance(wait, Scalar) else 0.0
        if operation.many != isinstance(data, Seq) and not isinstance(data, Scalar):
            expected = "a list of records" if operation.many else "one record"
            self.wrong(node, f"« {key.text} » gives {expected}")
        return Canned(key.text, outcome, self.json(data, operation), after, key.place)

    def json(self, node: Node, operation: Operation) -> Json:
        if isinstance(node, Seq):
            return [self.json(item, operation) for item in node.items]
        if not isinstance(node, Map):
            return node.text
        record: dict[str, Json] = {}
        for key, value in node.entries:
            kind = operation.gives.get(key.text)
            if key.text == "after" and kind is None:
                continue
            if kind is None:
                message = f"« {operation.name} » gives no « {key.text} »"
                hint = nearest(key.text, operation.gives)
                self.findings.error(key.place, "unknown-field", message, hint)
            elif isinstance(value, Scalar):
                record[key.text] = self.value(value, kind)
            else:
                self.wrong(value, f"« {key.text} » is a single value")
        return record

    def value(self, node: Scalar, kind: FieldType) -> Json:
        if kind.kind in (Kind.NUMBER, Kind.MONEY):
            if re.fullmatch(r"-?\d+", node.text):
                return int(node.text)
            self.wrong(node, "a whole number is expected here")
        if kind.kind is Kind.YES_NO:
            if node.text in _TRUTH:
                return _TRUTH[node.text]
            self.wrong(node, "yes or no is expected here")
        if kind.kind is Kind.ONE_OF and node.text not in kind.values:
            self.wrong(
                node,
                f"one of {', '.join(kind.values)} is expected here",
                nearest(node.text, kind.values),
            )
        return node.text

    # ---- single values ---------------------------------------------------------------

    def phone(self, node: Scalar) -> str | None:
        try:
            return msisdn.canonical(node.text, self.program.site.country)
        except NumberError:
            self.wrong(node, "not a phone number")
            return None

    def network(self, node: Scalar) -> str | None:
        operators = self.program.site.operators
        for network, operator in operators.items():
            if node.text.lower() in (network, operator.name.lower()):
                return network
        known = [operator.name for operator in operators.values()]
        self.wrong(node, f"there is no operator « {node.text} »", nearest(node.text, known))
        return None

    def language(self, node: Scalar) -> str | None:
        languages = self.program.site.languages
        if node.text == ASK or node.text in languages:
            return node.text
        self.wrong(node, f"there is no language « {node.text} »", nearest(node.text, languages))
        return None

    def moment(self, node: Scalar) -> datetime | None:
        try:
            return datetime.fromisoformat(node.text)
        except ValueError:
            self.wrong(node, "a date and time is expected: 2026-03-15 18:30")
            return None

    def duration(self, node: Scalar) -> int | None:
        found = _DURATION.fullmatch(node.text)
        if found is None:
            self.findings.error(
                node.place, Code.BAD_DURATION, "a duration is expected: 3m, 10 s, 2 h"
            )
            return None
        return int(found[1]) * _SECONDS[found[2]]

    def names(
        self, node: Map, key: str, known: Iterable[str], code: Code
    ) -> tuple[str, ...] | None:
        value = node.get(key)
        if value is None:
            return None
        known = set(known)
        names = list(self.each(value))
        for name in names:
            if name.text not in known:
                message = f"there is no « {name.text} »"
                self.findings.error(name.place, code, message, nearest(name.text, known))
        return tuple(name.text for name in names)

    def each(self, node: Node | None) -> Iterator[Scalar]:
        if isinstance(node, Scalar):
            if node.text and node.text != "[]":
                yield node
        elif isinstance(node, Seq):
            yield from (item for item in node.items if isinstance(item, Scalar))
        elif node is not None:
            self.wrong(node, "a name, or a list of names")

    def scalar(self, node: Map, key: str) -> str | None:
        return self.take(node, key, lambda scalar: scalar.text)

    def take(self, node: Map, key: str, read_: Callable[[Scalar], Value | None]) -> Value | None:
        value = node.get(key)
        if value is None:
            return None
        if isinstance(value, Scalar):
            return read_(value)
        self.wrong(value, f"a single value is expected behind « {key}: »")
        return None

    def known(self, node: Map, keys: Iterable[str], what: str) -> bool:
        known = list(keys)
        unknown = [key for key, _ in node.entries if key.text not in known]
        for key in unknown:
            hint = nearest(key.text, known) or f"{what} may have {', '.join(known)}"
            self.findings.error(key.place, Code.UNKNOWN_KEY, f"{what} has no « {key.text} »", hint)
        return not unknown

    def wrong(self, node: Node, message: str, hint: str = "") -> None:
        self.findings.error(node.place, Code.BAD_VALUE, message, hint)
