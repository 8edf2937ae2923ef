"""Calls to agencies' back ends: one deadline, one idempotency key, five outcomes.

Whatever a back end does, the turn gets an `Answered`; no exception of a library leaves here.
"""

from gateway.backends.calling import Backends

__all__ = ["Backends"]
