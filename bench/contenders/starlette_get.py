"""The yardstick: Starlette's form parser and one GET through redis-py's pool, constant answer."""

from __future__ import annotations

import os

import redis.asyncio as redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

store = redis.Redis.from_url(os.environ["REDIS_URL"], max_connections=1000)


async def answer(request: Request) -> PlainTextResponse:
    form = await request.form()
    await store.get(f"session:{form['sessionId']}")
    return PlainTextResponse("CON Actes d'état civil\n1. Demander un acte\n2. Suivre une demande")


app = Starlette(routes=[Route("/{path:path}", answer, methods=["POST"])])
