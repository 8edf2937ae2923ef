"""Operations of back ends as steps name them, and what steps send along."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gateway.menu.backends import placeholders
from gateway.menu.codes import Code
from gateway.menu.names import Known, field_name
from gateway.menu.program import Expression, Operation, Place
from gateway.menu.shapes import SCALAR, Fields, JsonSchema, refuse
from gateway.menu.sheet import Sheet
from gateway.menu.source import Map, Node, Scalar, Seq

OPERATION = Known("operations", Code.UNKNOWN_OPERATION, "operation")

Arguments = tuple[tuple[str, Expression], ...]


class _Arguments:
    """A list of variables (`commune.code` goes as `code`), or a map `name: expression`."""

    def read(self, node: Node, sheet: Sheet) -> Arguments | None:
        if isinstance(node, Map):
            pairs = [(key, sheet.expression(value)) for key, value in node.entries]
            named = [(field_name(key, sheet), sent) for key, sent in pairs]
            sound = [(name, sent) for name, sent in named if name is not None and sent is not None]
            return tuple(sound) if len(sound) == len(pairs) else None
        if not isinstance(node, Seq):
            refuse(node, sheet, "a list of variables, or a map of expressions")
            return None
        found: dict[str, Expression] = {}
        for item in node.items:
            sent = self._variable(item, sheet)
            if sent is None:
                return None
            name = next(iter(sent.reads))[-1]
            if name in found:
                sheet.error(
                    item.place,
                    Code.DUPLICATE_KEY,
                    f"« {name} » is sent twice",
                    "write a map to give each its name: code_mairie: mairie.code",
                )
                return None
            found[name] = sent
        return tuple(found.items())

    def _variable(self, node: Node, sheet: Sheet) -> Expression | None:
        if not isinstance(node, Scalar):
            refuse(node, sheet, "the name of a variable")
            return None
        sent = sheet.expression(node)
        if sent is None:
            return None
        if len(sent.reads) == 1 and ".".join(next(iter(sent.reads))) == sent.source:
            return sent
        sheet.error(
            node.place,
            Code.BAD_VALUE,
            f"« {node.text} » is not a variable",
            "write a map to send an expression: name: expression",
        )
        return None

    def schema(self) -> JsonSchema:
        return {
            "anyOf": [
                {"type": "array", "items": {"type": "string"}},
                {"type": "object", "additionalProperties": dict(SCALAR)},
            ]
        }


ARGUMENTS = _Arguments()


def operation(fields: Fields, key: str, sheet: Sheet) -> Operation | None:
    """The operation that `key` names, where it could be compiled."""
    name = fields.get(key)
    if name is None or sheet.site is None:
        return None
    backend, _, own = name.partition(".")
    found = sheet.site.backends.get(backend)
    return None if found is None else found.operations.get(own)


def reaches(asked: Operation, sent: Collection[str], place: Place, sheet: Sheet) -> bool:
    """Whether the operation's path finds its variables in what is `sent`."""
    wanted = placeholders(asked.path)
    missing = [name for name in wanted if name not in sent]
    for name in missing:
        sheet.error(
            place,
            Code.MISSING_ARGUMENT,
            f"{asked.name} needs « {name} » in its path {asked.path}",
            f"a call names it in with: [{', '.join(wanted)}]; a check sends answer",
        )
    return not missing


def secret_travels_openly(
    asked: Operation, secrets: Sequence[str], place: Place, sheet: Sheet
) -> None:
    """The finding that one of the arguments `secrets` would stand in an address."""
    in_path = set(placeholders(asked.path))
    for name in secrets:
        if asked.method in ("GET", "DELETE") or name in in_path:
            sheet.error(
                place,
                Code.SECRET_IN_ADDRESS,
                f"« {name} » carries a secret, and {asked.name} would put it into its address",
                "send it with post, in the body (safe: yes if nothing changes)",
            )
