"""The pure core: a session and an event in, a page and effects out. It does no I/O."""

from __future__ import annotations

from gateway.engine.resume import resumes
from gateway.engine.session import Open, Session, decode, encode
from gateway.engine.turn import Trace, Turned, drive, turn

__all__ = ["Open", "Session", "Trace", "Turned", "decode", "drive", "encode", "resumes", "turn"]
