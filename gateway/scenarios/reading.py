"""From `<service>.test.yaml` to scenarios, every fault with its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from gateway.menu.codes import Code
from gateway.menu.findings import Finding, Findings, nearest, offer
from gateway.menu.program import Place, Program
from gateway.menu.source import Map, Node, Scalar, Seq, parse
from gateway.scenarios.canned import Answers
from gateway.scenarios.files import read_text
from gateway.scenarios.scenario import (
    NO_SPAN,
    NOON,
    PHONE,
    Canned,
    Dial,
    Enter,
    HangUp,
    Move,
    Scenario,
    Send,
    Shows,
    Span,
    Swap,
    Wait,
)
from gateway.scenarios.values import Values

ENDING = ".test.yaml"
_MISSPELT = ".test.yml"
_ABOUT = ("test", "dial", "phone", "operator", "language", "at")
_KEYS = (*_ABOUT, "backends", "play", "sms", "callback", "hidden")
_MOVES = ("shows", "enter", "ends", "sms", "dial", "hang_up", "wait", "backends")


def read(program: Program, folder: Path) -> tuple[list[Scenario], tuple[Finding, ...]]:
    """All scenarios under `folder`, in order of file and place, and what is wrong with them."""
    findings = Findings()
    scenarios: list[Scenario] = []
    for path in sorted(folder.rglob("*.test.y*ml")):
        if any(name.startswith(".") for name in path.relative_to(folder).parts):
            continue
        if path.name.endswith(_MISSPELT):
            message, hint = f"« {path.name} » would not be read", f"call it {path.stem}.yaml"
            findings.error(Place(path.as_posix(), 1, 1), Code.FILE_NAME, message, hint)
        elif path.name.endswith(ENDING):
            text = read_text(path, findings)
            if text is not None:
                service = path.relative_to(folder).as_posix().removesuffix(ENDING)
                scenarios += read_file(program, path.as_posix(), service, text, findings)
    return scenarios, findings.in_order()


def read_file(
    program: Program, file: str, service: str, text: str, findings: Findings
) -> list[Scenario]:
    """The scenarios of `service` in `text`, which is what `file` holds."""
    before = len(findings)
    node = parse(file, text, findings)
    empty = isinstance(node, Scalar) and not node.text
    if node is None or empty:
        if len(findings) == before:
            findings.error(Place(file, 1, 1), Code.FILE_EMPTY, "this file says nothing")
        return []
    return list(_Reader(program, findings, service).scenarios(node))


class _Reader:
    """One file's. `program` tells which services and messages there are."""

    def __init__(self, program: Program, findings: Findings, service: str) -> None:
        self.program = program
        self.findings = findings
        self.service = service
        self.values = Values(program, findings)
        self.answers = Answers(program, findings)
        # A scenario may lead through other services, whose messages it names as its own.
        self.messages = {name for service in program.services.values() for name in service.messages}

    def scenarios(self, node: Node) -> Iterator[Scenario]:
        if self.service not in self.program.services:
            hint = offer(self.service, self.program.services)
            message = f"there is no service « {self.service} » beside this file"
            self.findings.error(Place(node.place.file, 1, 1), Code.UNKNOWN_SERVICE, message, hint)
            return
        if not isinstance(node, Seq):
            self.values.wrong(node, "a file of scenarios is a list", "begin each with « - test: »")
            return
        named: dict[str, Place] = {}
        for item in node.items:
            if isinstance(item, Map):
                scenario = self.scenario(item)
                self._named_once(scenario, item, named)
                yield scenario
            else:
                self.values.wrong(item, "a scenario begins with « - test: »")

    def _named_once(self, scenario: Scenario, node: Map, named: dict[str, Place]) -> None:
        """Whose name fails must be found in the file."""
        before = named.setdefault(scenario.name, node.place)
        title = node.get("test")
        if scenario.name and before != node.place and title is not None:
            message = f"the scenario on line {before.line} is called « {scenario.name} » already"
            hint = "give one of them another name"
            self.findings.error(title.place, Code.DUPLICATE_KEY, message, hint)

    def scenario(self, node: Map) -> Scenario:
        self.values.known(node, _KEYS, "a scenario")
        if node.get("test") is None:
            message, hint = "a scenario needs a name", "begin it with « - test: »"
            self.findings.error(node.place, Code.MISSING_KEY, message, hint)
        play, backends = node.get("play"), node.get("backends")
        moves = self.moves(node, play)
        scenario = Scenario(
            name=self.values.take(node, "test", _text) or "",
            service=self.service,
            place=node.place,
            dial=self.values.take(node, "dial", self.values.code),
            phone=self.values.take(node, "phone", self.values.phone) or PHONE,
            network=self.values.take(node, "operator", self.values.network),
            language=self.values.take(node, "language", self.values.language),
            at=self.values.take(node, "at", self.values.moment) or NOON,
            backends={} if backends is None else self.answers.read(backends),
            moves=moves,
            sms=self.names(node, "sms", self.messages, Code.UNKNOWN_MESSAGE),
            callbacks=self.names(node, "callback", self.program.site.callbacks, Code.UNKNOWN_QUEUE),
            hidden=tuple(scalar.text for scalar in self.values.each(node, "hidden")),
            span=NO_SPAN if play is None else Span(play.start, play.end, _flows(play)),
        )
        for scalar in self.values.each(node, "hidden"):
            if not _appears(scalar.text, scenario):
                message = f"« {scalar.text} » is typed nowhere, and no back end gives it"
                self.values.wrong(scalar, message, "so that this would prove nothing")
        return scenario

    # ---- moves -----------------------------------------------------------------------

    def moves(self, scenario: Map, play: Node | None) -> tuple[Move, ...]:
        if isinstance(play, Seq) and play.items:
            found = (self.move(item, play.flow) for item in play.items)
            return tuple(move for move in found if move is not None)
        hint = "write its moves below « play: », such as « - enter: 1 »"
        if play is None or not isinstance(play, Map):
            self.findings.error(
                scenario.place, Code.MISSING_KEY, "this scenario plays nothing", hint
            )
        else:
            self.values.wrong(play, "« play: » is a list of moves", hint)
        return ()

    def move(self, node: Node, flow: bool) -> Move | None:
        if isinstance(node, Map) and len(node.entries) > 1:
            names = ", ".join(f"« {key.text} »" for key, _ in node.entries)
            self.values.wrong(node, f"a move is one thing, not {names}", "begin each with a dash")
            return None
        if not isinstance(node, Map) or not node.entries:
            self.values.wrong(node, f"a move is one of {', '.join(_MOVES)}", "such as « enter: 1 »")
            return None
        key, value = node.entries[0]
        if not self.values.known(node, _MOVES, "a move"):
            return None
        if key.text == "backends":
            return Swap(self.answers.read(value), key.place)
        empty = key.text in ("enter", "sms")
        scalar = self.values.text(value, what=f"what stands behind « {key.text}: »", empty=empty)
        if scalar is None:
            return None
        return self._single(key, scalar, Span(key.start, scalar.end, flow or node.flow))

    def _single(self, key: Scalar, value: Scalar, span: Span) -> Move | None:
        """A move that says one thing."""
        match key.text:
            case "enter":
                return Enter(value.text, key.place, span)
            case "sms":
                return Send(value.text, key.place, span)
            case "shows" | "ends":
                return Shows(value.text, key.text == "ends", key.place, span)
            case "dial":
                code = self.values.code(value)
                return None if code is None else Dial(code, key.place, span)
        seconds = self.values.duration(value)
        if seconds is None:
            return None
        is_cut = key.text == "hang_up"
        return HangUp(seconds, key.place, span) if is_cut else Wait(seconds, key.place)

    # ---- expectations ----------------------------------------------------------------

    def names(
        self, node: Map, key: str, known: Iterable[str], code: Code
    ) -> tuple[str, ...] | None:
        """Names in order; None where nothing is expected, `[]` expects that there are none."""
        if node.get(key) is None:
            return None
        known = set(known)
        names = list(self.values.each(node, key))
        for name in names:
            if name.text not in known:
                what = "message" if code is Code.UNKNOWN_MESSAGE else "call-back queue"
                message = f"there is no {what} « {name.text} »"
                self.findings.error(name.place, code, message, nearest(name.text, known))
        return tuple(name.text for name in names)


def _text(scalar: Scalar) -> str:
    return scalar.text.strip()


def _flows(node: Node) -> bool:
    return not isinstance(node, Scalar) and node.flow


def _appears(secret: str, scenario: Scenario) -> bool:
    """Whether the scenario brings `secret` up: otherwise it can't be seen anywhere."""
    if secret in (scenario.dial or ""):
        return True
    answers: list[Canned] = list(scenario.backends.values())
    for move in scenario.moves:
        if isinstance(move, Enter | Send) and secret in move.text:
            return True
        if isinstance(move, Swap):
            answers += move.backends.values()
    return any(secret in repr(answer.data) for answer in answers)
