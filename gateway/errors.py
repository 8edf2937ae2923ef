"""Every error the gateway raises on purpose.

    GatewayError
    ├── SettingsError        an environment setting is missing or wrong
    ├── MenuError            a menu folder cannot be served (carries its findings)
    ├── CatalogueError       a PO file cannot be read
    ├── NumberError          a text is not a phone number
    ├── StoreError
    │   ├── StoreUnavailable Redis cannot be reached, or did not answer in time
    │   ├── StoreUnfit       Redis is there, but its version or settings would lose data
    │   ├── ClaimLost        another worker took this conversation's step over
    │   └── SealBroken       a sealed value cannot be opened
    └── RequestRefused       a provider's request that cannot be one (4xx)

Exceptions of libraries never leave the room that uses the library.
"""

from __future__ import annotations


class GatewayError(Exception):
    """Root of all errors raised on purpose. `code` is stable; the words may change."""

    code = "gateway"


class SettingsError(GatewayError):
    code = "settings"


class MenuError(GatewayError):
    code = "menu"


class CatalogueError(GatewayError):
    code = "catalogue"


class NumberError(GatewayError):
    code = "number"


class StoreError(GatewayError):
    code = "store"


class StoreUnavailable(StoreError):
    code = "store-unavailable"


class StoreUnfit(StoreError):
    code = "store-unfit"


class ClaimLost(StoreError):
    code = "claim-lost"


class SealBroken(StoreError):
    code = "seal-broken"


class RequestRefused(GatewayError):
    code = "request-refused"
