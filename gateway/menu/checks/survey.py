"""What rules look at: the program, and what was worked out about it once for all of them."""

from __future__ import annotations

from functools import cached_property

from gateway.menu.checks.flow import Flow
from gateway.menu.checks.reading import Use, uses
from gateway.menu.checks.screens import Screens
from gateway.menu.checks.spots import Spot, spots
from gateway.menu.program import Program


class Survey:
    """Each part is worked out when the first rule asks for it."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @cached_property
    def flow(self) -> Flow:
        return Flow(self.program)

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        return tuple(uses(self.flow))

    @cached_property
    def screens(self) -> Screens:
        return Screens(self.program, self.flow)

    @cached_property
    def spots(self) -> tuple[Spot, ...]:
        return tuple(spots(self.program))
