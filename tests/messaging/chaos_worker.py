"""A worker to be killed: `python -m tests.messaging.chaos_worker REDIS PROVIDER BASE`."""

from __future__ import annotations

import asyncio
import signal
import sys

from gateway.errors import StoreUnavailable
from gateway.menu.library import Library
from gateway.messaging.dispatch import Dispatch
from gateway.messaging.hooks import Hooks
from gateway.messaging.pace import Pace
from gateway.messaging.relay import Relay
from gateway.messaging.senders import Route, Senders, new_client
from gateway.messaging.window import Window
from gateway.messaging.worker import Worker
from gateway.metrics import Metrics
from gateway.providers import dialects
from gateway.store import Store, open_store
from tests.conftest import NAME_KEY, SECRET_KEY
from tests.messaging.town import ENVIRON, MENUS

PACE = Pace(hands=8, lease=1.5, first_pause=0.05, busy=0.01, idle=0.05, away=0.1, upkeep=5)


async def work(redis: str, provider: str, base: str) -> None:
    library = Library(MENUS, drafts=False)
    library.reload()
    sending = dialects[provider].sending
    assert sending is not None
    environ = {
        "AT_USERNAME": "chaos",
        "AT_API_KEY": "key",
        "AT_BASE_URL": base,
        "INFOBIP_BASE_URL": base,
        "INFOBIP_API_KEY": "key",
    }
    metrics = Metrics()
    async with new_client() as client, new_client() as hooks_client:
        route = Route(provider, sending.open(environ, client), 1e6, sending.names_messages)
        window = Window(None, "Africa/Porto-Novo")
        dispatch = Dispatch(Senders((route,), route.sender), lambda: window, metrics, PACE)
        hooks = Hooks(ENVIRON, hooks_client, metrics, PACE)
        worker = Worker(Relay(library, metrics, {}), dispatch, hooks, {}, {}, metrics, PACE)
        store = await opened(redis)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
        await worker.run(store)
        await store.close()


async def opened(redis: str) -> Store:
    while True:
        try:
            return await open_store(redis_url=redis, secret_keys=[SECRET_KEY], name_key=NAME_KEY)
        except StoreUnavailable:
            await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
