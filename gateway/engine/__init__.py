"""The pure core: a session and an event in, a page and effects out. It does no I/O."""

from __future__ import annotations

from gateway.engine.message import goes_on
from gateway.engine.resume import LASTS, resumes
from gateway.engine.session import Open, Session, decode, encode
from gateway.engine.turn import Event, Trace, Turned, drive, turn

__all__ = [
    "LASTS",
    "Event",
    "Open",
    "Session",
    "Trace",
    "Turned",
    "decode",
    "drive",
    "encode",
    "goes_on",
    "resumes",
    "turn",
]
