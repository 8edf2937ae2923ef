"""The worker put together, as `app.py` does for what answers providers: for a process of its
own, and for a demo."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

import httpx2

from gateway.backends import Backends
from gateway.callbacks import PREFIX, Callbacks
from gateway.centre.intake import Intake
from gateway.centre.missed import Missed
from gateway.menu.library import Library
from gateway.menu.program import Site
from gateway.messaging import batches, cases
from gateway.messaging.batches import Batches
from gateway.messaging.cases import CaseUpdates
from gateway.messaging.dispatch import Dispatch
from gateway.messaging.errands import Doer
from gateway.messaging.hooks import Hooks
from gateway.messaging.pace import Pace
from gateway.messaging.receipts import Receipts
from gateway.messaging.relay import Relay
from gateway.messaging.senders import Route, Senders, new_client, open_routes
from gateway.messaging.window import Window
from gateway.messaging.worker import Worker
from gateway.metrics import Metrics
from gateway.providers.simulated import NAME as SIMULATED
from gateway.providers.simulated import Handset, Simulated
from gateway.store import Store
from gateway.turns.calls import Calls
from gateway.turns.late import LateTurns

DEMO_RATE = 500.0  # segments a second, through the simulated provider


class Workshop:
    """A worker, and what it works with. `library` has menus; `worker` runs on an open store.

    With `demo` everything goes through the simulated provider, whoever the site names. What
    reaches a phone there is handed to `handset`.
    """

    def __init__(
        self,
        library: Library,
        environ: Mapping[str, str],
        metrics: Metrics,
        *,
        pace: Pace = Pace(),  # noqa: B008 - a frozen value
        demo: bool = False,
        handset: Handset | None = None,
    ) -> None:
        """Raises SettingsError for a provider or a webhook that lacks something."""
        self._library = library
        self._clients: list[httpx2.AsyncClient] = []
        site = library.current.site
        self.receipts = Receipts(metrics)
        self._simulated = Simulated(*self._own_route(metrics), handset)
        live = (
            (Route(SIMULATED, self._simulated, DEMO_RATE),)
            if demo
            else open_routes(site, environ, self._client)
        )
        self._hooks = Hooks(environ, self._client(), metrics, pace)
        self._hooks.adopt(site)
        dispatch = Dispatch(Senders(live, self._simulated), self._window, metrics, pace)
        doers: dict[str, Doer] = {
            batches.KIND: Batches(library),
            cases.KIND: CaseUpdates(library),
        }
        self._backends = Backends(site, environ, metrics)
        self._calls = Calls(self._backends, metrics)
        late = LateTurns(library, self._calls)
        intake = Intake(library)
        relay = Relay(
            library,
            metrics,
            {
                "callback": intake.callback,
                "rate": intake.rating,
                "late": late.ordered,
            },
        )
        chores = {"missed": Missed(library).run, "late": late.run}
        self.worker = Worker(relay, dispatch, self._hooks, doers, chores, metrics, pace)

    def adopt(self, site: Site) -> None:
        """Menus were read anew. Raises SettingsError; providers stay those of the start."""
        self._backends.adopt(site)
        self._hooks.adopt(site)

    async def run(self, store: Store, *, drain: bool = False) -> None:
        """Works until the worker is stopped."""
        self.receipts.store = store
        try:
            await self.worker.run(store, drain=drain)
            await self._simulated.close()
        finally:
            await self._calls.close()
            self.receipts.store = None
            await self._backends.close()
            for client in self._clients:
                await client.aclose()

    def _window(self) -> Window:
        site = self._library.current.site
        return Window(site.sms.quiet, site.timezone)

    def _client(self) -> httpx2.AsyncClient:
        client = new_client()
        self._clients.append(client)
        return client

    def _own_route(self, metrics: Metrics) -> tuple[httpx2.AsyncClient, str]:
        """The route of real receipts, for what the simulated provider reports: the same code
        under a token that nobody else knows."""
        token = secrets.token_hex(16)
        country: Callable[[], str] = lambda: self._library.current.site.country  # noqa: E731
        callbacks = Callbacks((token,), metrics, country, receipts=self.receipts)
        client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=callbacks), trust_env=False)
        self._clients.append(client)
        return client, f"http://worker{PREFIX}{SIMULATED}/{token}/delivery-reports"
