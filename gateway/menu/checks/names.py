"""The variables that steps set, by conversation."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.menu.checks.flow import Flow
from gateway.menu.checks.reading import saved_by
from gateway.menu.program import Step


def setters(flow: Flow) -> Mapping[str, Mapping[str, list[Step]]]:
    """Conversation's service → variable → the steps that set it, in order of place."""
    found: dict[str, dict[str, dict[str, Step]]] = {}
    for visits in flow.visits.values():
        for visit in visits:
            for name in saved_by(visit.step):
                steps = found.setdefault(visit.position.root, {}).setdefault(name, {})
                steps[visit.step.id] = visit.step
    return {
        root: {
            name: sorted(steps.values(), key=lambda step: step.place)
            for name, steps in by_name.items()
        }
        for root, by_name in found.items()
    }


def known_names(flow: Flow) -> Mapping[str, frozenset[str]]:
    """Step → the variables that some step of a conversation through it sets."""
    by_root = setters(flow)
    return {
        step: frozenset(name for visit in visits for name in by_root.get(visit.position.root, {}))
        for step, visits in flow.visits.items()
    }
