"""The functions of `functions.lua`, on the server.

A function library survives a failover and a restart, which scripts called by their hash do not.
Where it is missing all the same (a new or emptied server, another node of a cluster), the first
call that finds so loads it and goes on.
"""

from __future__ import annotations

from hashlib import blake2b
from importlib.resources import files

from gateway.errors import CommandRefused
from gateway.store.connection import Connection

_WRITTEN = files("gateway.store").joinpath("functions.lua").read_text("utf-8")
VERSION = blake2b(_WRITTEN.encode(), digest_size=4).hexdigest()
SOURCE = _WRITTEN.replace("VERSION", VERSION)

LOAD = f"gateway_load_{VERSION}"
SAVE = f"gateway_save_{VERSION}"
RELEASE = f"gateway_release_{VERSION}"


async def install(connection: Connection) -> None:
    """Loads the library. Loading it again, or twice at the same moment, changes nothing."""
    await connection.execute("FUNCTION", "LOAD", "REPLACE", SOURCE)


def missing(refused: CommandRefused) -> bool:
    return "Function not found" in str(refused)
