"""Accounts of the service centre's staff, and who is signed in. What is in them is sealed."""

from __future__ import annotations

from gateway.errors import SealBroken
from gateway.store.keys import Names, text
from gateway.store.nodes import Nodes
from gateway.store.seal import Seal


class Staff:
    """All in shard 0: there are dozens of them, not millions. Raises StoreUnavailable."""

    def __init__(self, nodes: Nodes, names: Names, seal: Seal) -> None:
        self._nodes = nodes
        self._names = names
        self._seal = seal

    # ---- accounts --------------------------------------------------------------------

    async def put(self, name: str, account: bytes, *, new: bool = False) -> bool:
        """With `new`, False where there is one of this name already."""
        key = self._names.staff()
        sealed = self._seal.seal(account, f"{key}:{name}".encode())
        command = "HSETNX" if new else "HSET"
        added: int = await self._nodes.execute(0, command, key, name, sealed)
        return bool(added) or not new

    async def get(self, name: str) -> bytes | None:
        found = await self._nodes.execute(0, "HGET", self._names.staff(), name)
        return self._opened(name, found)

    async def all(self) -> dict[str, bytes]:
        found = await self._nodes.execute(0, "HGETALL", self._names.staff())
        opened = {}
        for name, sealed in zip(found[::2], found[1::2], strict=True):
            account = self._opened(name.decode(), sealed)
            if account is not None:
                opened[name.decode()] = account
        return opened

    def _opened(self, name: str, sealed: bytes | None) -> bytes | None:
        try:
            aad = f"{self._names.staff()}:{name}".encode()
            return None if sealed is None else self._seal.open(sealed, aad)
        except SealBroken:
            return None

    # ---- who is signed in ------------------------------------------------------------

    async def sign_in(self, token: str, session: bytes, *, seconds: float) -> None:
        """Only a keyed hash of `token` is kept."""
        key = self._session(token)
        sealed = self._seal.seal(session, key.encode())
        await self._nodes.execute(0, "SET", key, sealed, "PX", round(seconds * 1000))

    async def signed_in(self, token: str, *, seconds: float) -> bytes | None:
        """The session of a token, which lasts for `seconds` more from now on."""
        key = self._session(token)
        sealed = await self._nodes.execute(0, "GETEX", key, "PX", round(seconds * 1000))
        try:
            return None if sealed is None else self._seal.open(sealed, key.encode())
        except SealBroken:
            return None

    async def sign_out(self, token: str) -> None:
        await self._nodes.execute(0, "DEL", self._session(token))

    def _session(self, token: str) -> str:
        return self._names.staff_session(text(self._names.digest("desk", token)))
