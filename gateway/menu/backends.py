"""Back ends of `site.yaml`: where they are, what may be asked of them and what they answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.events import Outcome
from gateway.menu.codes import Code
from gateway.menu.contracts import CONTRACT
from gateway.menu.names import field_name, plain
from gateway.menu.program import Backend, Late, Operation, Place
from gateway.menu.shapes import (
    Fields,
    JsonSchema,
    Key,
    Named,
    OneOf,
    YesNo,
    outline,
    read_keys,
    refuse,
)
from gateway.menu.sheet import Sheet
from gateway.menu.source import Map, Node, Scalar
from gateway.menu.values import ADDRESS, DURATION, HEADER, SECRET, STRING, is_private, whole

METHODS = ("get", "post", "put", "patch", "delete")
_TIMEOUT = timedelta(seconds=3)
_PATH = re.compile(r"/(?:[A-Za-z0-9._~!$&'()*+,;=:@%/-]|\{[^\W\d_]\w*\})*")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_OURS = frozenset(("citizen-phone", "idempotency-key", "correlation-id", "content-type", "host"))
_SECRET_HEADER = re.compile(r"auth|token|secret|password|cookie|(?:^|-)key$|apikey", re.IGNORECASE)
_LONGEST = timedelta(seconds=60)  # that a citizen can be kept waiting
_MOST_AT_ONCE = 10_000
_HEADER = re.compile(r"[A-Za-z0-9-]{1,60}")


def placeholders(path: str) -> tuple[str, ...]:
    """`/tarifs/{acte}` → `("acte",)`."""
    return tuple(_PLACEHOLDER.findall(path))


class _Outcomes:
    """By HTTP status, and by the values of one field of the answer."""

    _word = OneOf(*Outcome)
    _words = Named(_word, lambda scalar, sheet: scalar.text, "a map from values to outcomes")

    def read(self, node: Node, sheet: Sheet) -> _Told | None:
        if not isinstance(node, Map):
            refuse(node, sheet, "a map from HTTP statuses to outcomes")
            return None
        told = _Told()
        for key, value in node.entries:
            if isinstance(value, Map):
                self._field(told, key, value, sheet)
            elif re.fullmatch(r"[1-5]\d\d", key.text):
                word = self._word.read(value, sheet)
                if word is not None:
                    told.by_status[int(key.text)] = Outcome(word)
            else:
                hint = "a field of the answer has a map of its values below it"
                what = f"« {key.text} » is not an HTTP status such as 404"
                sheet.error(key.place, Code.BAD_VALUE, what, hint)
        return told

    def _field(self, told: _Told, key: Scalar, values: Map, sheet: Sheet) -> None:
        name = field_name(key, sheet)
        words = self._words.read(values, sheet)
        if told.name:
            what = f"the outcome is told by « {told.name} » already: one field can tell it"
            sheet.error(key.place, Code.MISPLACED_KEY, what)
        elif name is not None and words is not None:
            told.name = name
            told.by_value = {value: Outcome(word) for value, word in words.items()}

    def schema(self) -> JsonSchema:
        either = {"anyOf": [self._word.schema(), self._words.schema()]}
        return {"type": "object", "additionalProperties": either}


@dataclass(slots=True)
class _Told:
    """What `outcomes` says."""

    by_status: dict[int, Outcome] = field(default_factory=dict)
    name: str = ""
    by_value: dict[str, Outcome] = field(default_factory=dict)


def _header(scalar: Scalar, sheet: Sheet) -> str | None:
    if scalar.text.lower() in _OURS:
        sheet.error(
            scalar.place,
            Code.RESERVED_NAME,
            f"the header « {scalar.text} » is set for each call",
            "leave it out",
        )
        return None
    if _HEADER.fullmatch(scalar.text):
        return scalar.text
    sheet.error(scalar.place, Code.BAD_NAME, f"« {scalar.text} » is not the name of a header")
    return None


_OPERATION_KEYS = (
    *(
        Key(method, STRING, f"Chemin appelé par {method.upper()} : /demandes.")
        for method in METHODS
    ),
    Key("gives", CONTRACT, "Les champs de la réponse : longueur, valeurs, ou number, date, money."),
    Key("gives_list", CONTRACT, "Les champs de chaque élément, si la réponse est une liste."),
    Key(
        "outcomes",
        _Outcomes(),
        "Ce que signifie chaque statut HTTP (404: not_found), ou chaque valeur d'un champ.",
    ),
    Key("safe", YesNo(), "yes : ne change rien, bien que ce ne soit pas un get."),
    Key("timeout", DURATION, "Délai de cette opération, à la place de celui du système."),
    Key("cache", DURATION, "Durée de garde d'une réponse, pour la même personne ; get seulement."),
    Key("late", OneOf(*Late), "sms : un résultat tardif est envoyé par SMS."),
)


class _OperationShape:
    def read(self, node: Node, sheet: Sheet) -> Fields | None:
        if not isinstance(node, Map):
            refuse(node, sheet, "an operation")
            return None
        return read_keys(node, _OPERATION_KEYS, sheet, "an operation")

    def schema(self) -> JsonSchema:
        one_method = {"oneOf": [{"required": [method]} for method in METHODS]}
        return outline(_OPERATION_KEYS) | one_method


BACKEND_KEYS = (
    Key("url", ADDRESS, "Adresse de base : https://… ou env:NOM.", required=True),
    Key("token", SECRET, "Jeton d'accès, toujours env:NOM."),
    Key("timeout", DURATION, "Délai d'une réponse ; 3 s si rien n'est dit, 60 s au plus."),
    Key(
        "at_once",
        whole("a number of calls", 1, _MOST_AT_ONCE),
        "Appels en même temps ; 64 si rien n'est dit.",
    ),
    Key("insecure", YesNo(), "yes : permet http hors de cette machine."),
    Key("headers", Named(HEADER, _header, "a map of headers"), "En-têtes ajoutés à chaque appel."),
    Key(
        "operations",
        Named(_OperationShape(), plain, "a map of operations"),
        "Ce que les menus peuvent demander.",
        required=True,
    ),
)


def backends(read: Mapping[str, Fields], sheet: Sheet) -> dict[str, Backend]:
    found = {name: _backend(name, fields, sheet) for name, fields in read.items()}
    return {name: backend for name, backend in found.items() if backend is not None}


def _backend(name: str, fields: Fields, sheet: Sheet) -> Backend | None:
    insecure = fields.get("insecure", False)
    url = fields.get("url")
    if isinstance(url, str) and not insecure and not is_private(url):
        sheet.error(
            fields.place("url"),
            Code.BAD_ADDRESS,
            "an address is https, unless it is this very machine",
            "write https://…, or insecure: yes if nothing can listen on the way",
        )
        return None
    for header, value in fields.get("headers", {}).items():
        if isinstance(value, str) and _SECRET_HEADER.search(header):
            sheet.error(
                _header_place(fields, header),
                Code.SECRET_IN_FILE,
                f"the header « {header} » says a secret, which never stands in a file",
                "write env:NAME, and put it into the environment under that name",
            )
    _bounded(fields, sheet)
    operations = {}
    for operation_name, said in fields.get("operations", {}).items():
        operation = _operation(f"{name}.{operation_name}", name, said, sheet)
        if operation is not None:
            operations[operation_name] = operation
    if url is None:
        return None
    return Backend(
        name=name,
        url=url,
        token=fields.get("token"),
        timeout=fields.get("timeout", _TIMEOUT),
        insecure=insecure,
        headers=fields.get("headers", {}),
        operations=operations,
        place=fields.node.place,
        at_once=fields.get("at_once", 64),
    )


def _bounded(fields: Fields, sheet: Sheet) -> None:
    """The finding that a `timeout` is longer than anybody waits."""
    if fields.get("timeout", _TIMEOUT) > _LONGEST:
        sheet.error(
            fields.place("timeout"),
            Code.LONG_TIMEOUT,
            "nobody waits for an answer for more than a minute",
            "say 60 s or less; beyond 5 s she is asked to wait",
        )


def _header_place(fields: Fields, header: str) -> Place:
    node = fields.node.get("headers")
    value = node.get(header) if isinstance(node, Map) else None
    return fields.place("headers") if value is None else value.place


def _operation(name: str, backend: str, fields: Fields, sheet: Sheet) -> Operation | None:
    said = [method for method in METHODS if method in fields]
    if len(said) != 1:
        if fields.complete:
            place = fields.node.place if not said else fields.key_place(said[1])
            code = Code.MISSING_KEY if not said else Code.MISPLACED_KEY
            sheet.error(place, code, f"an operation has one of {', '.join(METHODS)}")
        return None
    method, path = said[0], fields[said[0]]
    if not _path_is_sound(path, fields.place(method), sheet) or not fields.complete:
        return None
    if "gives" in fields and "gives_list" in fields:
        sheet.error(
            fields.key_place("gives_list"),
            Code.MISPLACED_KEY,
            "an operation gives one record or a list of them, not both",
        )
        return None
    if "cache" in fields and method != "get":
        what = "only what a get brings is kept"
        sheet.error(fields.key_place("cache"), Code.MISPLACED_KEY, what)
        return None
    _bounded(fields, sheet)
    outcomes: _Told = fields.get("outcomes", _Told())
    late = fields.get("late")
    return Operation(
        name=name,
        backend=backend,
        method=method.upper(),
        path=path,
        gives=fields.get("gives", fields.get("gives_list", {})),
        many="gives_list" in fields,
        outcomes=outcomes.by_status,
        safe=method == "get" or fields.get("safe", False),
        place=fields.node.place,
        told_by=outcomes.name,
        told=outcomes.by_value,
        timeout=fields.get("timeout"),
        cache=fields.get("cache"),
        late=None if late is None else Late(late),
    )


def _path_is_sound(path: str, place: Place, sheet: Sheet) -> bool:
    if not _PATH.fullmatch(path) or ".." in path.split("/"):
        hint = "a path begins with /, has no query, and its variables stand between braces"
        sheet.error(place, Code.BAD_PATH, f"« {path} » is not a path", hint)
        return False
    if "phone" in placeholders(path):
        sheet.error(
            place,
            Code.PHONE_IN_ADDRESS,
            "the citizen's number never travels in an address",
            "name phone in `with`: it goes in the header Citizen-Phone",
        )
        return False
    return True
