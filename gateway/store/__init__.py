"""What is kept in Redis, and nothing else talks to Redis. See `open_store`."""

from gateway.store.audit import Deed
from gateway.store.breakers import Admission, Change, Entry, Verdict
from gateway.store.callbacks import Asked, CallbackRecord, Wanted
from gateway.store.effects import Effects, Kept
from gateway.store.feedback import Narrowed, Rating
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
    "Admission",
    "Asked",
    "Begun",
    "CallbackRecord",
    "Change",
    "Citizen",
    "Claimed",
    "Deed",
    "Draft",
    "Effects",
    "Entered",
    "Entry",
    "Fitness",
    "Follower",
    "Kept",
    "Lifetimes",
    "Limits",
    "Line",
    "Loaded",
    "Names",
    "Narrowed",
    "Queue",
    "Rating",
    "Readiness",
    "Record",
    "Seal",
    "Sessions",
    "State",
    "Store",
    "Taken",
    "Trace",
    "Verdict",
    "Wanted",
    "bound_to",
    "new_key",
    "open_store",
    "read_key",
    "read_keys",
    "read_line",
]
