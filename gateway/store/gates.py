"""How fast a provider may be given messages, and whether at all: shared by all workers.

A token bucket counts segments, which is what providers charge and operators throttle by. A
provider that can send nothing (its account is empty, its key wrong, it fails all the time) rests.
"""

from __future__ import annotations

from gateway.store.keys import Names
from gateway.store.library import PAUSE, REST, SPEND
from gateway.store.nodes import Nodes


class Gates:
    def __init__(self, nodes: Nodes, names: Names) -> None:
        self._nodes = nodes
        self._names = names

    async def spend(
        self, provider: str, segments: int, *, rate: float, burst: float, reserve: float = 0.0
    ) -> float:
        """Takes `segments` out of the provider's bucket, which fills at `rate` a second up to
        `burst`, where `reserve` is left for more urgent ones. Gives 0.0, or the seconds to wait
        before asking again; nothing is taken then."""
        shard, key = self._names.gate(provider)
        wait: int = await self._nodes.call(shard, SPEND, (key,), (rate, burst, segments, reserve))
        return wait / 1000

    async def pause(self, provider: str, seconds: float) -> None:
        """It is given nothing for so long, by no worker."""
        shard, key = self._names.gate(provider)
        await self._nodes.call(shard, PAUSE, (key,), (round(seconds * 1000),))

    async def paused(self, provider: str) -> float:
        """Seconds until it may send again, 0.0 if it may now."""
        shard, key = self._names.gate(provider)
        rest: int = await self._nodes.call(shard, REST, (key,), ())
        return rest / 1000

    async def resume(self, provider: str) -> None:
        """It may send again at once: an engineer has put right what was wrong."""
        shard, key = self._names.gate(provider)
        await self._nodes.execute(shard, "HDEL", key, "paused")
