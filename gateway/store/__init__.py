"""What is kept in Redis, and nothing else talks to Redis. See `open_store`."""

from gateway.store.effects import Effects, Kept
from gateway.store.fitness import Fitness
from gateway.store.keys import Citizen, Names
from gateway.store.opening import Readiness, Store, open_store
from gateway.store.seal import Seal, new_key, read_key, read_keys
from gateway.store.sessions import Lifetimes, Loaded, Sessions, State

__all__ = [
    "Citizen",
    "Effects",
    "Fitness",
    "Kept",
    "Lifetimes",
    "Loaded",
    "Names",
    "Readiness",
    "Seal",
    "Sessions",
    "State",
    "Store",
    "new_key",
    "open_store",
    "read_key",
    "read_keys",
]
