"""How fast a provider may be given messages, and whether at all: shared by all workers.

A token bucket counts segments, which is what providers charge and operators throttle by. A
provider that can send nothing (its account is empty, its key wrong) is paused, and so is one that
failed several times in a row.
"""

from __future__ import annotations

from gateway.store.keys import Names
from gateway.store.library import JUDGE, SPEND
from gateway.store.nodes import Nodes

IN_A_ROW = 5  # failures that pause a provider
BREAK = 30.0  # seconds of that pause


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

    async def worked(self, provider: str) -> None:
        """A message was taken: failures are no longer in a row."""
        shard, key = self._names.gate(provider)
        await self._nodes.call(shard, JUDGE, (key,), (1, 0, 0, 0))

    async def failed(self, provider: str, *, pause: float = 0.0) -> bool:
        """One was not, and it was the provider's fault; `pause` is how many seconds it can send
        nothing, if that is known. Whether the provider is paused by this."""
        shard, key = self._names.gate(provider)
        arguments = (0, round(pause * 1000), IN_A_ROW, round(BREAK * 1000))
        paused: int = await self._nodes.call(shard, JUDGE, (key,), arguments)
        return bool(paused)

    async def paused(self, provider: str) -> float:
        """Seconds until it may send again, 0.0 if it may now."""
        return await self.spend(provider, 0, rate=1.0, burst=1.0)

    async def resume(self, provider: str) -> None:
        """It may send again at once: an engineer has put right what was wrong."""
        shard, key = self._names.gate(provider)
        await self._nodes.execute(shard, "HDEL", key, "paused", "failures")
