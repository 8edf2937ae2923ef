"""What each file defines, seen before anything is compiled: parts, secrets, shared services."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.menu.source import Map, Node, Scalar, Seq
from gateway.menu.unseen import visible


@dataclass(frozen=True, slots=True)
class Preview:
    """`pins` are the variables its own questions keep secrets in; `does` what it may `do`.

    `parts` is None where its flow is missing or isn't a map, which is told in its own file; of a
    file that holds messages only it is empty.
    """

    parts: frozenset[str] | None
    pins: frozenset[str]
    does: frozenset[str]


def preview(name: str, root: Map, pin_types: frozenset[str]) -> Preview:
    flow = root.get("flow")
    parts = frozenset[str]() if flow is None and root.get("messages") is not None else None
    if isinstance(flow, Map) and flow.entries:
        parts = frozenset(visible(key.text) for key, _ in flow.entries)
    pins, does = set(), set()
    for step in _steps(flow):
        if _text(step, "type") in pin_types and step.get("ask") is not None:
            pins.add(_text(step, "save"))
        target = _text(step, "do")
        if target and target not in (parts or ()):
            does.add(target.partition("#")[0])
    return Preview(parts, frozenset(pins - {""}), frozenset(does - {"", name}))


def pin_types(site: Node | None) -> frozenset[str]:
    """`pin`, and the site's own types made of it."""
    types = site.get("types") if isinstance(site, Map) else None
    entries = types.entries if isinstance(types, Map) else []
    own = (
        key.text for key, said in entries if isinstance(said, Map) and _text(said, "type") == "pin"
    )
    return frozenset(("pin", *own))


def shared_pins(previews: Mapping[str, Preview]) -> dict[str, frozenset[str]]:
    """For each service the variables that hold a secret in it or in what it `do`es."""
    reached = reaches(previews)
    return {
        name: frozenset(pin for there in reached[name] for pin in previews[there].pins)
        for name in previews
    }


def received_pins(previews: Mapping[str, Preview]) -> dict[str, frozenset[str]]:
    """For each service the variables that may hold a secret in it, whoever came by `do`."""
    reached, shared = reaches(previews), shared_pins(previews)
    return {
        name: frozenset(
            pin for caller in previews if name in reached[caller] for pin in shared[caller]
        )
        for name in previews
    }


def reaches(previews: Mapping[str, Preview]) -> dict[str, frozenset[str]]:
    """For each service itself and all that it may `do`, directly or not."""
    found: dict[str, frozenset[str]] = {}
    for name in previews:
        seen = {name}
        waiting = [name]
        while waiting:
            for there in previews[waiting.pop()].does:
                if there in previews and there not in seen:
                    seen.add(there)
                    waiting.append(there)
        found[name] = frozenset(seen)
    return found


def _steps(flow: Node | None) -> Iterator[Map]:
    for _, steps in flow.entries if isinstance(flow, Map) else ():
        for step in steps.items if isinstance(steps, Seq) else ():
            if isinstance(step, Map):
                yield step


def _text(node: Map, key: str) -> str:
    value = node.get(key)
    return value.text if isinstance(value, Scalar) else ""
