"""One file while it is compiled: what it may refer to, and where its findings go."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from gateway.menu.codes import Code
from gateway.menu.expressions import Refused, expression
from gateway.menu.findings import Findings, nearest, offer
from gateway.menu.program import Expression, Message, Place, Site, Table, Target, Text, Way
from gateway.menu.shapes import COUNTED, comment_cuts, is_counted, refuse
from gateway.menu.source import Map, Node, Scalar, Seq
from gateway.menu.texts import Locate, Wording
from gateway.menu.unseen import INVISIBLE, unseen

PLACES = {"home": Way.HOME, "language": Way.LANGUAGE}
FAILS = {"again": Way.AGAIN, "continue": Way.CONTINUE}


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the whole folder defines, known before any step is compiled.

    `services` maps each to its parts; None where its flow can't be read, so that what refers
    to it isn't blamed. `declared` are the names of each section of the site, faulty ones too;
    None for a section of another shape, and where `site.yaml` can't be read at all.
    """

    services: Mapping[str, frozenset[str] | None]
    tables: Mapping[str, Table]
    broken_tables: frozenset[str]
    declared: Mapping[str, frozenset[str] | None] | None

    def holds_messages_only(self, service: str) -> bool:
        parts = self.services.get(service)
        return parts is not None and not parts


@dataclass(slots=True)
class Sheet:
    """`pins` are the variables that may hold a secret here, whoever set them.

    `mended` are lines that were told to be broken already: names there may be halves of names.
    """

    domain: str
    findings: Findings
    wording: Wording
    outlook: Outlook
    site: Site | None = None
    service: str = ""
    messages: Mapping[str, Message] = field(default_factory=dict)
    declared_messages: frozenset[str] = frozenset()
    agency: str | None = None
    pins: frozenset[str] = frozenset()
    mended: Collection[int] = ()

    def error(self, place: Place, code: str, message: str, hint: str = "") -> None:
        self.findings.error(place, code, message, hint)

    def unknown(self, place: Place, code: str, what: str, name: str, known: Iterable[str]) -> None:
        if place.line not in self.mended and not self.invisible(place, name):
            self.error(place, code, f"there is no {what} « {name} »", offer(name, known))

    def invisible(self, place: Place, name: str) -> bool:
        """Whether `name`, which stands at `place`, holds what nobody sees; it is told then."""
        found = INVISIBLE.search(name)
        if found is None:
            return False
        at = Place(place.file, place.line, place.column + found.start())
        self.error(at, Code.BAD_CHARACTER, *unseen(found[0]))
        return True

    def opens(self, node: Scalar) -> bool:
        """Whether `node` names a service that can be opened; one at fault was told elsewhere."""
        services = self.outlook.services
        if node.text not in services:
            self.unknown(node.place, Code.UNKNOWN_SERVICE, "service", node.text, services)
            return False
        if self.outlook.holds_messages_only(node.text):
            message = f"« {node.text} » has messages only: there is no flow to open"
            self.error(node.place, Code.UNKNOWN_SERVICE, message)
            return False
        return True

    # ---- texts and expressions -------------------------------------------------------

    def text(self, node: Node) -> Text | None:
        """A text for citizens: a scalar, or `{one, other, count}`."""
        if isinstance(node, Map) and is_counted(node):
            return self._counted(node)
        form = self._form(node)
        if form is None:
            return None
        scalar, text = form
        return self.wording.text(self.domain, scalar.place, [(text, _locate(scalar))])

    def _counted(self, node: Map) -> Text | None:
        forms = []
        count = None
        sound = True
        for key, _ in node.entries:
            if key.text not in COUNTED:
                hint = nearest(key.text, COUNTED) or "a counted text has one, other and count"
                self.error(key.place, Code.UNKNOWN_KEY, f"a text has no key « {key.text} »", hint)
                sound = False
        for name in COUNTED:
            value_node = node.get(name)
            if value_node is None:
                self.error(node.place, Code.MISSING_KEY, f"a counted text needs « {name}: »")
                sound = False
            elif name == "count":
                count = self.expression(value_node)
            else:
                forms.append(self._form(value_node))
        if not sound or count is None:
            return None
        said = [form for form in forms if form is not None]
        if len(said) < 2:
            return None
        return self.wording.text(
            self.domain,
            node.place,
            [(text, _locate(scalar)) for scalar, text in said],
            count,
        )

    def _form(self, node: Node) -> tuple[Scalar, str] | None:
        if isinstance(node, Scalar) and not node.told:
            cut = node.cut()
            if cut is not None:
                comment_cuts(cut, self)
            if not node.text.strip():
                if cut is None:
                    self.error(node.place, Code.EMPTY_VALUE, "a text is missing here")
                return None
            return node, node.text.strip()
        if isinstance(node, Map) and not node.flow and node.entries:
            key = node.entries[0][0]
            self.error(
                key.source.place(key.source.text.find(":", key.end)),
                Code.YAML_COLON,
                "« : » and a space in a text cuts it in two",
                'put the text into quotes "…"',
            )
        elif isinstance(node, Map | Seq) and node.flow:
            first = "{" if isinstance(node, Map) else "["
            self.error(
                node.place,
                Code.YAML_BRACE if first == "{" else Code.YAML_BRACKET,
                f"a text can't begin with « {first} » unless it is quoted",
                'put the text into quotes "…"',
            )
        else:
            refuse(node, self, "a text")
        return None

    def expression(self, node: Node) -> Expression | None:
        if isinstance(node, Map) and node.flow:
            self.error(
                node.place,
                Code.BAD_EXPRESSION,
                "braces stand around an expression in a text only",
                "write it here without braces",
            )
            return None
        if not isinstance(node, Scalar) or not node.text.strip() or node.told:
            refuse(node, self, "an expression")
            return None
        try:
            return expression(node.text.strip(), node.at(_lead(node)))
        except Refused as refused:
            self.error(
                node.at(refused.offset + _lead(node)),
                refused.code,
                refused.message,
                refused.hint,
            )
            return None

    # ---- where to go -----------------------------------------------------------------

    def target(self, node: Node, *, fails: bool = False) -> Target | None:
        """A place to go. One that isn't there becomes `Way.UNKNOWN`, its finding noted."""
        if not isinstance(node, Scalar) or not node.text or node.told:
            refuse(node, self, "a place to go")
            return None
        place, name = node.place, node.text
        found = self._known_target(name, place, fails=fails)
        if found is not None:
            return found
        if self.outlook.holds_messages_only(name.partition("#")[0]):
            message = f"« {name.partition('#')[0]} » has messages only: there is no flow to go to"
            self.error(place, Code.UNKNOWN_TARGET, message)
        elif name in FAILS:
            message = f"« {name} » is a place to go only for a call that fails"
            self.error(place, Code.UNKNOWN_TARGET, message)
        else:  # `unknown` says nothing of a name that was told to be broken
            self.unknown(place, Code.UNKNOWN_TARGET, "part or service", name, self._places(fails))
        return Target(Way.UNKNOWN, place, name)

    def leads_somewhere(self, node: Scalar) -> bool:
        """Whether a text that may also be a place is one."""
        return self.goes(node.text, node.place)

    def goes(self, name: str, place: Place) -> bool:
        return self._known_target(name, place, fails=False) is not None

    def near(self, name: str) -> bool:
        """Whether `name` is a place that hardly means anything else: ours, or a part here."""
        parts = self.outlook.services.get(self.service) or frozenset()
        return name in PLACES or (name in parts and name not in self.outlook.services)

    def _known_target(self, name: str, place: Place, *, fails: bool) -> Target | None:
        if name in PLACES:
            return Target(PLACES[name], place)
        if fails and name in FAILS:
            return Target(FAILS[name], place)
        parts = self.outlook.services.get(self.service) or frozenset()
        if name in parts:
            return Target(Way.PART, place, self.service, name)
        service, _, part = name.partition("#")
        if service not in self.outlook.services:
            return None
        there = self.outlook.services[service]
        if there is None:
            return Target(Way.UNKNOWN, place, service, part)
        part = part or "start"
        if part in there:
            return Target(Way.PART, place, service, part)
        # A flow without its start was told where it stands.
        return Target(Way.UNKNOWN, place, service, part) if there and part == "start" else None

    def _places(self, fails: bool) -> list[str]:
        places = [*PLACES, *(FAILS if fails else ())]
        for service, parts in self.outlook.services.items():
            if parts is None or "start" in parts:
                places.append(service)
            own = service == self.service
            places += [part if own else f"{service}#{part}" for part in parts or ()]
        return places

    # ---- names of the site -----------------------------------------------------------

    def declares(self, section: str, name: str) -> bool:
        """Whether the site names it, though perhaps with a fault; True where it can't be read."""
        declared = self.outlook.declared
        if declared is None:
            return True
        names = declared.get(section, frozenset())
        return names is None or name in names

    def declared(self, section: str) -> frozenset[str]:
        return (self.outlook.declared or {}).get(section) or frozenset()


def _lead(scalar: Scalar) -> int:
    return len(scalar.text) - len(scalar.text.lstrip())


def _locate(scalar: Scalar) -> Locate:
    """Offsets of the text without its white space at the beginning, in the file."""
    lead = _lead(scalar)
    return lambda offset: scalar.at(offset + lead)
