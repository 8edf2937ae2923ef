"""Small values of a scenario file: read, or told of as a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from gateway.channels import ussd
from gateway.errors import NumberError
from gateway.menu.codes import Code
from gateway.menu.findings import Findings, nearest, offer
from gateway.menu.program import Program
from gateway.menu.source import Map, Node, Scalar, Seq
from gateway.menu.values import duration_of
from gateway.scenarios.scenario import ASK
from gateway.text import msisdn

Value = TypeVar("Value")


class Values:
    """Reads single values; `program` tells which operators, languages and codes there are."""

    def __init__(self, program: Program, findings: Findings) -> None:
        self.program = program
        self.findings = findings

    # ---- shapes ----------------------------------------------------------------------

    def known(self, node: Map, keys: Iterable[str], what: str) -> bool:
        """Whether `node` has no other keys than these."""
        known = list(keys)
        unknown = [key for key, _ in node.entries if key.text not in known]
        for key in unknown:
            hint = nearest(key.text, known) or f"{what} may have {', '.join(known)}"
            self.findings.error(key.place, Code.UNKNOWN_KEY, f"{what} has no « {key.text} »", hint)
        return not unknown

    def text(self, node: Node, *, what: str, empty: bool = False) -> Scalar | None:
        """A single value; an empty one only where it means something."""
        if not isinstance(node, Scalar):
            self.wrong(node, f"{what} is a single value", 'put a text into quotes "…"')
            return None
        cut = node.cut()
        if cut is not None:
            self.findings.error(
                cut,
                Code.YAML_COMMENT,
                "« # » after a space begins a comment: the text would end before it",
                'put the text into quotes "…"; a comment has two spaces before it',
            )
        elif not node.text.strip() and not empty:
            self.findings.error(node.place, Code.EMPTY_VALUE, f"{what} is missing here")
            return None
        return node

    def take(self, node: Map, key: str, read: Callable[[Scalar], Value | None]) -> Value | None:
        """What `read` makes of the value behind `key`; None where there is none."""
        value = node.get(key)
        scalar = None if value is None else self.text(value, what=f"« {key}: »")
        return None if scalar is None else read(scalar)

    def each(self, node: Map, key: str) -> Iterator[Scalar]:
        """One value or a list of them."""
        value = node.get(key)
        items = value.items if isinstance(value, Seq) else [] if value is None else [value]
        for item in items:
            scalar = self.text(item, what=f"« {key}: »")
            if scalar is not None:
                yield scalar

    def wrong(self, node: Node, message: str, hint: str = "") -> None:
        self.findings.error(node.place, Code.BAD_VALUE, message, hint)

    # ---- single values ---------------------------------------------------------------

    def code(self, node: Scalar) -> str | None:
        if ussd.dialled(self.program, node.text) is not None:
            return node.text
        hint = offer(node.text, self.program.site.codes)
        self.findings.error(node.place, Code.BAD_CODE, f"nothing opens by « {node.text} »", hint)
        return None

    def phone(self, node: Scalar) -> str | None:
        try:
            return msisdn.canonical(node.text, self.program.site.country)
        except NumberError:
            self.wrong(node, "not a phone number", 'between quotes: "+2290197000001"')
            return None

    def network(self, node: Scalar) -> str | None:
        """The code of an operator, said by name or by code."""
        found = network_of(self.program, node.text)
        if found is None:
            known = [operator.name for operator in self.program.site.operators.values()]
            message = f"there is no operator « {node.text} »"
            self.wrong(node, message, offer(node.text, known) or "the site names none")
        return found

    def language(self, node: Scalar) -> str | None:
        languages = self.program.site.languages
        if node.text == ASK or node.text in languages:
            return node.text
        message = f"there is no language « {node.text} »"
        hint = offer(node.text, [*languages, ASK])
        self.findings.error(node.place, Code.UNKNOWN_LANGUAGE, message, hint)
        return None

    def moment(self, node: Scalar) -> datetime | None:
        """A date and time, in the site's time zone unless it says another."""
        try:
            moment = datetime.fromisoformat(node.text)
        except ValueError:
            self.wrong(node, "not a date and time", "write it as 2026-03-15 18:30")
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(self.program.site.timezone))
        return moment

    def duration(self, node: Scalar) -> int | None:
        """Seconds; none at all is a duration here."""
        found = duration_of(node.text)
        if found is None:
            message = f"« {node.text} » is not a duration"
            hint = "a number and s, m, h or d: 3m"
            self.findings.error(node.place, Code.BAD_DURATION, message, hint)
            return None
        return int(found.total_seconds())


def network_of(program: Program, name: str) -> str | None:
    """The code of the operator called `name` (whatever its case), or whose code that is."""
    for network, operator in program.site.operators.items():
        if name.casefold() in (network.casefold(), operator.name.casefold()):
            return network
    return None
