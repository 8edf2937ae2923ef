"""What is kept in Redis, and nothing else talks to Redis. See `open_store`."""

from gateway.store.audit import Deed
from gateway.store.effects import Effects, Kept
from gateway.store.fitness import Fitness
from gateway.store.followers import Follower
from gateway.store.keys import Citizen, Names
from gateway.store.lifetimes import Lifetimes
from gateway.store.opening import Readiness, Store, open_store
from gateway.store.outbox import STATES, Begun, Draft, Entered, Limits, Line, Record, read_line
from gateway.store.queues import Queue, Taken
from gateway.store.requests import Claimed
from gateway.store.seal import Seal, new_key, read_key, read_keys
from gateway.store.sessions import Loaded, Sessions, State
from gateway.store.traces import Trace, bound_to

__all__ = [
    "STATES",
    "Begun",
    "Citizen",
    "Claimed",
    "Deed",
    "Draft",
    "Effects",
    "Entered",
    "Fitness",
    "Follower",
    "Kept",
    "Lifetimes",
    "Limits",
    "Line",
    "Loaded",
    "Names",
    "Queue",
    "Readiness",
    "Record",
    "Seal",
    "Sessions",
    "State",
    "Store",
    "Taken",
    "Trace",
    "bound_to",
    "new_key",
    "open_store",
    "read_key",
    "read_keys",
    "read_line",
]
