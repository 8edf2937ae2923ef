"""The composition root: what serves citizens is put together here, and nowhere else."""

from __future__ import annotations

import asyncio
import gc
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpx2
import structlog
from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from gateway import operations
from gateway.api import serving as api
from gateway.backends import Backends
from gateway.callbacks import PREFIX, Callbacks
from gateway.errors import GatewayError, MenuError, SettingsError, StoreUnavailable
from gateway.logs import access, failure, new_correlation
from gateway.menu.findings import Finding
from gateway.menu.library import Library
from gateway.menu.loading import Loaded
from gateway.menu.program import Program
from gateway.messaging.receipts import OptOuts, Receipts
from gateway.metrics import Metrics
from gateway.settings import Settings, store_of
from gateway.store import Store
from gateway.turns.calls import Calls
from gateway.turns.sms import SmsTurns
from gateway.turns.ussd import UssdTurns
from gateway.web.desk import Desk

COLLECTED = 20_000  # objects that are made before the collector looks at them
REDIS_PAUSE = 1.0  # seconds between two attempts to open a Redis that is away at the start

_log = structlog.get_logger("gateway.app")


class Gateway:
    """The ASGI application. Callbacks go straight to `Callbacks`; Starlette has the rest.

    `library`, `backends`, `metrics`, `turns` and `texts` are there from the start, `store` once the
    application runs and Redis answered.
    """

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        *,
        watch: bool,
        extra_routes: Sequence[BaseRoute],
        http: httpx2.AsyncBaseTransport | None,
        tell: Callable[[Loaded], None] | None,
    ) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.library = Library(settings.menus, (settings.locales,), drafts=settings.drafts)
        loaded = self.library.reload()
        if loaded.program is None:
            raise MenuError(_told(settings, loaded.findings))
        self.backends = Backends(loaded.program.site, environ, self.metrics, http=http)
        self.calls = Calls(self.backends, self.metrics)
        self.turns = UssdTurns(self.library, self.calls, self.metrics)
        self.texts = SmsTurns(self.library, self.calls, self.metrics)
        self._receipts = Receipts(self.metrics)
        self._opt_outs = OptOuts(self.metrics)
        self.callbacks = Callbacks(
            settings.callback_tokens,
            self.metrics,
            lambda: self.library.current.site.country,
            turns=self.turns,
            texts=self.texts,
            receipts=self._receipts,
            opt_outs=self._opt_outs,
        )
        self._watch = watch
        self._tell = tell
        self._heard: str | None = loaded.hash  # of the menus that `tell` heard of last
        self._translated = settings.locales.is_dir()
        self._away = "not reached yet"  # why there is no store
        self._tasks: set[asyncio.Task[None]] = set()
        self._reloading = asyncio.Lock()
        self._pages = Starlette(
            routes=[
                *operations.routes(self._state, self.metrics, settings.metrics_tokens),
                *api.routes(self.library, lambda: self.store),
                *Desk(self.library, lambda: self.store).routes(),
                *extra_routes,
            ],
        )

    @property
    def store(self) -> Store | None:
        return self.turns.store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._life(receive, send)
        elif scope["type"] != "http":
            raise RuntimeError("only HTTP is served")
        elif scope["path"].startswith(PREFIX):
            await self.callbacks(scope, receive, send)
        else:
            await self._page(scope, receive, send)

    async def reload(self) -> bool:
        """Reads the menus anew, all or nothing. False if the last good ones were kept."""
        async with self._reloading:
            before = self.library.current.hash
            try:
                loaded = await asyncio.to_thread(self.library.reload, self._accept)
            except SettingsError as error:
                self._heard = None
                # Names a variable of the environment, and never what is in it.
                self._reloaded("refused", reason=str(error))
                return False
            if self._tell is not None and loaded.hash != self._heard:
                self._tell(loaded)
            self._heard = loaded.hash
            if loaded.program is None:
                self._reloaded("refused", findings=len(loaded.findings))
                return False
            now = self.library.current.hash
            self._reloaded("unchanged" if now == before else "taken", menus=now)
            return True

    def _accept(self, program: Program) -> None:
        """A site whose back ends lack a variable of the environment is not taken up, nor are
        menus whose translations have gone as a whole."""
        translated = self.settings.locales.is_dir()
        if self._translated and not translated:
            raise SettingsError("GATEWAY_LOCALES: the folder of translations is gone")
        self.backends.adopt(program.site)
        self._translated = translated

    def _reloaded(self, result: str, **fields: Any) -> None:
        self.metrics.reloads.labels(result).inc()
        log = _log.info if result in ("taken", "unchanged") else _log.error
        log("menus-read", result=result, **fields)

    # ---- pages ---------------------------------------------------------------------------

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Starlette's part, logged by the route's template."""
        started = time.perf_counter()
        new_correlation()
        status = 500

        async def sending(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._pages(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", "unknown")
            access(route, scope["method"], status, time.perf_counter() - started)

    async def _state(self) -> tuple[bool, Mapping[str, object]]:
        menus = self.library.current.hash
        if self.store is None:
            return False, {"menus": menus, "redis": self._away}
        readiness = await self.store.ready()
        return readiness.ok, {"menus": menus, **readiness.detail}

    # ---- from start to stop --------------------------------------------------------------

    async def _life(self, receive: Receive, send: Send) -> None:
        """ASGI's lifespan protocol. What is wrong is told in one line, not by a traceback."""
        await receive()
        try:
            await self._start()
        except GatewayError as error:
            await self._stop()
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_unhandled)
        with suppress(NotImplementedError, RuntimeError, ValueError):  # not in the main thread
            loop.add_signal_handler(signal.SIGHUP, lambda: self._begin(self._asked()))
        try:
            await self._open()
        except StoreUnavailable as error:
            self._missed(error)
            self._begin(self._keep_opening())
        if self._watch:
            self._begin(self._watched())
        # What was built up to here stays: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        # A step leaves next to nothing in cycles: looking for them every 700 objects, as Python
        # does, is looking through requests that are still worked on.
        gc.set_threshold(COLLECTED)
        _log.info("serving", menus=self.library.current.hash)

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(NotImplementedError, RuntimeError, ValueError):
            asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
        store = self.store
        await self.calls.close()
        self._have(None)
        if store is not None:
            await store.close()
        await self.backends.close()

    async def _open(self) -> None:
        store = await store_of(self.settings)
        self._have(store)
        _log.info("store-open", server=store.fitness.server, faults=list(store.fitness.faults))

    def _have(self, store: Store | None) -> None:
        """Everything that answers providers works on this store from now on."""
        self.turns.store = self.texts.store = store
        self._receipts.store = self._opt_outs.store = store

    async def _keep_opening(self) -> None:
        """A Redis that is away at the start is waited for; callers get a polite page meanwhile.

        One that turns out unfit ends the process: nothing would be kept.
        """
        while self.store is None:
            await asyncio.sleep(REDIS_PAUSE)
            try:
                await self._open()
            except StoreUnavailable as error:
                self._missed(error)
            except GatewayError as error:
                _log.error("store-unfit", reason=str(error), **failure(error))
                signal.raise_signal(signal.SIGTERM)
                return

    def _missed(self, error: StoreUnavailable) -> None:
        """Told once for each reason: it is tried every second."""
        if str(error) != self._away:
            self._away = str(error)
            _log.error("store-away", reason=self._away, **failure(error))

    async def _asked(self) -> None:
        await self.reload()

    async def _watched(self) -> None:
        """Under `gateway demo`, menus and translations are taken up on saving."""
        # Only a demo needs it.
        from watchfiles import awatch

        folders = [f for f in (self.settings.menus, self.settings.locales) if f.is_dir()]
        async for _ in awatch(*folders, debounce=200, step=50):
            await self.reload()

    def _begin(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def create_app(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    watch: bool = False,
    extra_routes: Sequence[BaseRoute] = (),
    http: httpx2.AsyncBaseTransport | None = None,
    tell: Callable[[Loaded], None] | None = None,
) -> Gateway:
    """The whole application; nothing is opened before it runs.

    `environ` is where the site's `env:NAME` are looked up; `watch` takes menus up when they are
    saved; `extra_routes` come after the operator's pages; `http` replaces what back ends are
    called through; `tell` hears of menus that were changed, taken up or not. Raises MenuError
    with the findings, or SettingsError.
    """
    return Gateway(settings, environ, watch=watch, extra_routes=extra_routes, http=http, tell=tell)


def _told(settings: Settings, findings: Sequence[Finding]) -> str:
    lines = [
        f"{finding.place}: {finding.severity} {finding.code}: {finding.message}"
        for finding in findings
    ]
    return "\n".join((f"the menus in {settings.menus} (GATEWAY_MENUS) cannot be served:", *lines))


def _unhandled(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What nobody waited for, told without its message, which may quote a citizen."""
    error = context.get("exception")
    fields = failure(error) if isinstance(error, BaseException) else {}
    _log.error("unhandled", what=context.get("message"), **fields)
