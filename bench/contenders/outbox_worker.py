"""The gateway's worker, with one provider and no bound but the number of its hands."""

from __future__ import annotations

import asyncio
import signal
import sys

import uvloop

from gateway.messaging.dispatch import Dispatch
from gateway.messaging.pace import Pace
from gateway.messaging.senders import Route, Senders, new_client
from gateway.messaging.window import Window
from gateway.metrics import Metrics
from gateway.providers import dialects
from gateway.store import open_store

SECRET_KEY, NAME_KEY = bytes(range(32)), bytes(range(32, 64))


async def work(redis: str, base: str, hands: int) -> None:
    sending = dialects["infobip"].sending
    if sending is None:
        raise RuntimeError("there is no Infobip to send through")
    environ = {"INFOBIP_BASE_URL": base, "INFOBIP_API_KEY": "key"}
    pace = Pace(hands=hands * 4 // 3)  # a mass sending has three quarters of them
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with new_client() as client:
        route = Route("infobip", sending.open(environ, client), 1e6, sending.names_messages)
        window = Window(None, "UTC")
        dispatch = Dispatch(Senders((route,), route.sender), lambda: window, Metrics(), pace)
        store = await open_store(redis_url=redis, secret_keys=[SECRET_KEY], name_key=NAME_KEY)
        while not stop.is_set():
            moved = await dispatch.run(store)
            await dispatch.freed(pace.busy if moved else pace.idle)
        await dispatch.finish(5)
        await store.close()


if __name__ == "__main__":
    uvloop.run(work(sys.argv[1], sys.argv[2], int(sys.argv[3])))
