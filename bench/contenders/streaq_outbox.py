"""The same work through a generic queue: `python streaq_outbox.py accept|work REDIS BASE N`."""

from __future__ import annotations

import asyncio
import sys

import httpx2
from streaq import Worker  # type: ignore[import-not-found]  # in a folder of its own

TEXT = "ANIP : Acte EC-1042 pret a Cotonou. Apportez votre piece d'identite."
AT_ONCE = 50

what, url, base, number = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
worker = Worker(redis_url=url, concurrency=number)
http: list[httpx2.AsyncClient] = []


@worker.task()  # type: ignore[untyped-decorator]
async def send(message: str, to: str, text: str) -> None:
    if not http:
        limits = httpx2.Limits(max_connections=256, max_keepalive_connections=256)
        http.append(httpx2.AsyncClient(limits=limits, trust_env=False))
    body = {
        "messages": [
            {
                "sender": "8585",
                "destinations": [{"to": to, "messageId": message}],
                "content": {"text": text},
            }
        ]
    }
    answer = await http[0].post(f"{base}/sms/3/messages", json=body)
    answer.raise_for_status()


async def accept(messages: int) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with gate:
            await send.enqueue(f"m{number}", f"22901{number:08}", TEXT)

    async with worker:
        await asyncio.gather(*(one(number) for number in range(messages)))


if what == "accept":
    asyncio.run(accept(number))
else:
    worker.run_sync()
