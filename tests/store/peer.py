"""Another process of the same deployment: opens the store of a folder and does as it is told.

Told by lines on standard input: `save WORD`, `load`, `close`. It answers each with a line.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from gateway.errors import GatewayError
from gateway.store import Store, open_store

PHONE = "+2290197000001"


async def save(store: Store, word: str) -> str:
    """One step of the citizen's conversation, whose body is the word."""
    citizen, request = store.names.citizen(PHONE), os.urandom(16)
    loaded = await store.sessions.load(citizen, request, lease=8.0)
    if loaded.claim is None:
        return loaded.state
    await store.sessions.save(citizen, loaded.claim, request=request, body=word.encode(), ttl=600.0)
    return "saved"


async def load(store: Store) -> str:
    """What the conversation holds. The claim is given back."""
    citizen = store.names.citizen(PHONE)
    loaded = await store.sessions.load(citizen, os.urandom(16), lease=8.0)
    if loaded.claim is not None:
        await store.sessions.release(citizen, loaded.claim)
    return f"{loaded.state} {(loaded.body or b'').decode()}".strip()


async def main(data: Path) -> None:
    try:
        store = await open_store(data=data)
    except GatewayError as error:
        print(f"{error.code} {error}", flush=True)  # noqa: T201
        return
    print("open", flush=True)  # noqa: T201
    while told := (await asyncio.to_thread(sys.stdin.readline)).split():
        if told[0] == "close":
            break
        try:
            answer = await (save(store, told[1]) if told[0] == "save" else load(store))
        except GatewayError as error:
            answer = error.code
        print(answer, flush=True)  # noqa: T201
    await store.close()
    print("closed", flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
