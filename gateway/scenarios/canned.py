"""What a scenario has back ends answer, held to what their operations promise to give."""

from __future__ import annotations

import re
from datetime import date

from gateway.events import Json, Outcome
from gateway.menu.codes import Code
from gateway.menu.findings import Findings, nearest, offer
from gateway.menu.program import FieldType, Kind, Operation, Program
from gateway.menu.source import Map, Node, Scalar, Seq
from gateway.scenarios.scenario import Canned
from gateway.scenarios.standin import operations
from gateway.scenarios.values import Values

AFTER = "after"

DEADLINE = 5.0
"""Seconds that all calls of one step share, as in production."""

_TRUTH = {"yes": True, "no": False, "true": True, "false": False}


def patience(program: Program, operation: str) -> float:
    """Seconds that `operation` is waited for at most, over all screens."""
    backend, _, name = operation.partition(".")
    found = program.site.backends[backend]
    return (found.operations[name].timeout or found.timeout).total_seconds()


class Answers:
    """Reads `backends:` maps."""

    def __init__(self, program: Program, findings: Findings) -> None:
        self._values = Values(program, findings)
        self._findings = findings
        self._program = program
        self._operations = operations(program)

    def read(self, node: Node) -> dict[str, Canned]:
        if not isinstance(node, Map):
            self._values.wrong(
                node, "« backends: » maps operations to answers", "anip.tarif: { frais: 0 }"
            )
            return {}
        answers = {}
        for key, value in node.entries:
            operation = self._operations.get(key.text)
            if operation is None:
                message = f"there is no operation « {key.text} »"
                hint = offer(key.text, self._operations)
                self._findings.error(key.place, Code.UNKNOWN_OPERATION, message, hint)
                continue
            found = self._answer(key, value, operation)
            if found is not None:
                answers[key.text] = found
        return answers

    def _answer(self, key: Scalar, node: Node, operation: Operation) -> Canned | None:
        if isinstance(node, Scalar):
            return self._outcome(key, node, operation)
        if isinstance(node, Seq):
            if not operation.many:
                self._values.wrong(node, f"« {operation.name} » gives one record, not a list")
                return None
            records = [self._record(item, operation) for item in node.items]
            return Canned(operation.name, Outcome.OK, records, 0.0, key.place)
        after = self._values.take(node, AFTER, self._values.duration) or 0
        keys = [entry.text for entry, _ in node.entries]
        if keys == [AFTER] and after >= patience(self._program, operation.name):
            # Nobody waits for it that long: what it would give need not be said.
            return Canned(operation.name, Outcome.UNAVAILABLE, None, after, key.place)
        if operation.many:
            self._values.wrong(
                node,
                f"« {operation.name} » gives a list of records",
                f"begin each with a dash, or put them into brackets: [{{ {_example(operation)} }}]",
            )
            return None
        return Canned(operation.name, Outcome.OK, self._record(node, operation), after, key.place)

    def _outcome(self, key: Scalar, node: Scalar, operation: Operation) -> Canned | None:
        if node.text not in list(Outcome):
            words = ", ".join(Outcome)
            message = f"an answer is a record, a list of records, or one of {words}"
            self._values.wrong(node, message, nearest(node.text, Outcome))
            return None
        outcome = Outcome(node.text)
        if outcome is not Outcome.OK:
            return Canned(operation.name, outcome, None, 0.0, key.place)
        if operation.gives:
            gives = f"{{ {_example(operation)} }}"
            hint = f"write what it gives: {f'[{gives}]' if operation.many else gives}"
            self._values.wrong(node, f"« {operation.name} » gives more than ok", hint)
            return None
        data: Json = [] if operation.many else {}
        return Canned(operation.name, outcome, data, 0.0, key.place)

    def _record(self, node: Node, operation: Operation) -> Json:
        if not isinstance(node, Map):
            self._values.wrong(node, f"a record is expected here: {{ {_example(operation)} }}")
            return {}
        record: dict[str, Json] = {}
        for key, value in node.entries:
            kind = operation.gives.get(key.text)
            if kind is not None:
                scalar = self._values.text(value, what=f"« {key.text}: »", empty=True)
                if scalar is not None:
                    record[key.text] = self._value(scalar, kind)
            elif key.text != AFTER:
                message = f"« {operation.name} » gives no « {key.text} »"
                hint = offer(key.text, operation.gives)
                self._findings.error(key.place, "unknown-field", message, hint)
        said = {key.text for key, _ in node.entries}
        lacking = [name for name in operation.gives if name not in said]
        if lacking:
            self._findings.error(
                node.place,
                "missing-field",
                f"« {operation.name} » also gives {', '.join(lacking)}",
                "an answer that lacks a declared field counts as unavailable",
            )
        return record

    def _value(self, node: Scalar, kind: FieldType) -> Json:
        text = node.text
        match kind.kind:
            case Kind.NUMBER | Kind.MONEY:
                if re.fullmatch(r"-?\d{1,18}", text, re.ASCII):
                    return int(text)
                if re.fullmatch(r"-?\d{1,15}\.\d{1,6}", text, re.ASCII):
                    return float(text)
                self._values.wrong(node, f"« {text} » is not a number")
            case Kind.YES_NO:
                if text in _TRUTH:
                    return _TRUTH[text]
                self._values.wrong(node, f"« {text} » is neither yes nor no")
            case Kind.DATE:
                if not _is_day(text):
                    self._values.wrong(node, f"« {text} » is not a day", "write it as 2026-03-15")
            case Kind.ONE_OF if text not in kind.values:
                self._values.wrong(
                    node, f"« {text} » is not among what it may be", offer(text, kind.values)
                )
        return text


def _is_day(text: str) -> bool:
    """ISO 8601 with its dashes, as the back ends' contract has it."""
    try:
        return date.fromisoformat(text[:10]).isoformat() == text[:10]
    except ValueError:
        return False


def _example(operation: Operation) -> str:
    return ", ".join(f"{name}: …" for name in operation.gives)
