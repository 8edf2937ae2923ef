"""Our functions, on the server: a library a file, of conversations, the outbox, the
centre, back ends.

A function library survives a failover and a restart, which scripts called by their hash do not.
Where one is missing all the same (a new or emptied server, another node of a cluster), the first
call that finds so loads it and goes on.
"""

from __future__ import annotations

from hashlib import blake2b
from importlib.resources import files

from gateway.errors import CommandRefused
from gateway.store.connection import Connection


def _read(name: str) -> tuple[str, str]:
    """A file's version, and its text with it."""
    written = files("gateway.store").joinpath(name).read_text("utf-8")
    version = blake2b(written.encode(), digest_size=4).hexdigest()
    return version, written.replace("VERSION", version)


VERSION, _SESSIONS = _read("functions.lua")
OUTBOX_VERSION, _OUTBOX = _read("outbox.lua")
CENTRE_VERSION, _CENTRE = _read("centre.lua")
BACKENDS_VERSION, _BACKENDS = _read("backends.lua")
SOURCES = (_SESSIONS, _OUTBOX, _CENTRE, _BACKENDS)

LOAD = f"gateway_load_{VERSION}"
SAVE = f"gateway_save_{VERSION}"
RELEASE = f"gateway_release_{VERSION}"

ACCEPT = f"gateway_accept_{OUTBOX_VERSION}"
TAKE = f"gateway_take_{OUTBOX_VERSION}"
RENEW = f"gateway_renew_{OUTBOX_VERSION}"
DONE = f"gateway_done_{OUTBOX_VERSION}"
MOVE = f"gateway_move_{OUTBOX_VERSION}"
BEGIN = f"gateway_begin_{OUTBOX_VERSION}"
SETTLE = f"gateway_settle_{OUTBOX_VERSION}"
REPORT = f"gateway_report_{OUTBOX_VERSION}"
CANCEL = f"gateway_cancel_{OUTBOX_VERSION}"
ERASE = f"gateway_erase_{OUTBOX_VERSION}"
DROP_ENTRY = f"gateway_drop_{OUTBOX_VERSION}"
AGE = f"gateway_age_{OUTBOX_VERSION}"
ATTACH = f"gateway_attach_{OUTBOX_VERSION}"
TRACE = f"gateway_trace_{OUTBOX_VERSION}"
SPEND = f"gateway_spend_{OUTBOX_VERSION}"
REST = f"gateway_rest_{OUTBOX_VERSION}"
PAUSE = f"gateway_pause_{OUTBOX_VERSION}"

ASK = f"gateway_ask_{CENTRE_VERSION}"
CHANGE = f"gateway_change_{CENTRE_VERSION}"
DROP = f"gateway_drop_{CENTRE_VERSION}"
RATE = f"gateway_rate_{CENTRE_VERSION}"

ADMIT = f"gateway_admit_{BACKENDS_VERSION}"
KEEP = f"gateway_keep_{BACKENDS_VERSION}"
SETTLED = f"gateway_settled_{BACKENDS_VERSION}"


async def install(connection: Connection) -> None:
    """Loads the libraries. Loading them again, or twice at the same moment, changes nothing."""
    for source in SOURCES:
        await connection.execute("FUNCTION", "LOAD", "REPLACE", source)


def missing(refused: CommandRefused) -> bool:
    return "Function not found" in str(refused)
