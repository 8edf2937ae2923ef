"""Through whom messages go: the providers of the site in their order, those that rest left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import httpx2

from gateway.errors import SettingsError
from gateway.menu.program import Site
from gateway.providers import Sender, dialects
from gateway.providers.simulated import NAME as SIMULATED
from gateway.store import Store

RESERVE = 0.2  # of a provider's bucket, kept for answers while a campaign is under way
TEST_RATE = 500.0  # segments a second through the simulated provider

# Kept for less than providers keep theirs: a message that meets a closing connection is unsure.
_CONNECTIONS = httpx2.Limits(max_connections=64, max_keepalive_connections=32, keepalive_expiry=4.0)


@dataclass(frozen=True, slots=True)
class Route:
    """`rate` in segments a second. `names_messages`: the provider takes our id for its own."""

    name: str
    sender: Sender
    rate: float
    names_messages: bool = False

    @property
    def burst(self) -> float:
        return max(self.rate, 1.0)


class Senders:
    """`live` in the order in which they are asked; `simulated` is for test keys, and for all of
    a demo."""

    def __init__(self, live: Sequence[Route], simulated: Sender) -> None:
        self.live = tuple(live)
        self._test = (Route(SIMULATED, simulated, TEST_RATE),)

    async def choose(
        self, store: Store, segments: int, *, test: bool, urgent: bool
    ) -> tuple[Route | None, float]:
        """Who may be given so many segments now, or None and the seconds until somebody may.

        The first that does not rest; one that is only busy is waited for, since a second
        provider costs more and has another name on the phone. Raises StoreUnavailable.
        """
        rests = []
        for route in self._test if test else self.live:
            reserve = 0.0 if urgent else route.burst * RESERVE
            wait = await store.gates.spend(
                route.name, segments, rate=route.rate, burst=route.burst, reserve=reserve
            )
            if wait == 0.0:
                return route, 0.0
            rest = await store.gates.paused(route.name)
            if rest == 0.0:
                return None, wait
            rests.append(rest)
        return None, min(rests, default=60.0)


def open_routes(
    site: Site, environ: Mapping[str, str], client: Callable[[], httpx2.AsyncClient]
) -> tuple[Route, ...]:
    """The providers that the site names, opened with what the environment holds; each has a
    client of its own. Raises SettingsError for one that there is not, or that lacks a setting."""
    if not site.sms.providers:
        raise SettingsError(
            f"{site.place.file}: nobody to send through; name one under sms, as in"
            " providers: [africastalking]"
        )
    routes = []
    for said in site.sms.providers:
        dialect = dialects.get(said.name)
        if dialect is None or dialect.sending is None:
            known = ", ".join(name for name, one in dialects.items() if one.sending is not None)
            raise SettingsError(
                f"{site.place.file}: there is no provider « {said.name} » to send through; there"
                f" are {known}"
            )
        sending = dialect.sending
        sender = sending.open(environ, client())
        routes.append(Route(said.name, sender, float(said.rate), sending.names_messages))
    return tuple(routes)


def new_client() -> httpx2.AsyncClient:
    """Pooled, for one provider. It follows no redirects, and reads no proxy's settings."""
    return httpx2.AsyncClient(limits=_CONNECTIONS, follow_redirects=False, trust_env=False)
