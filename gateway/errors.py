"""Every error the gateway raises on purpose.

    GatewayError
    ├── SettingsError        an environment setting is missing or wrong
    ├── MenuError            a menu folder cannot be served (carries its findings)
    ├── CatalogueError       a PO file cannot be read
    ├── NumberError          a text is not a phone number
    ├── StoreError
    │   ├── StoreUnavailable Redis cannot be reached, or did not answer in time
    │   ├── StoreUnfit       Redis is there, but its version or settings would lose data
    │   ├── CommandRefused   Redis answered a command with an error (`kind` is its first word)
    │   ├── ClaimLost        another worker took this conversation's step over
    │   ├── StepBusy         another step of this conversation takes too long
    │   └── SealBroken       a sealed value cannot be opened
    ├── EngineError
    │   ├── SessionUnreadable a session of another format
    │   └── Astray           a menu that leads nowhere, or round and round without a screen
    ├── MessageRefused       an agency's message that is not accepted (names its fields)
    ├── ListRefused          a list of messages that cannot be read
    ├── RequestRefused       a request that cannot be a provider's (4xx)
    └── RequestMalformed     a provider's request that lacks what it needs (a polite END)

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
    """Its text is `file:line: reason`; the three stand apart too. `line` counts from 1."""

    code = "catalogue"

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(f"{file}:{line}: {reason}")
        self.file = file
        self.line = line
        self.reason = reason


class NumberError(GatewayError):
    code = "number"


class StoreError(GatewayError):
    code = "store"


class StoreUnavailable(StoreError):
    code = "store-unavailable"


class StoreUnfit(StoreError):
    code = "store-unfit"


class CommandRefused(StoreError):
    code = "command-refused"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.kind = message.partition(" ")[0]


class ClaimLost(StoreError):
    code = "claim-lost"


class StepBusy(StoreError):
    code = "step-busy"


class SealBroken(StoreError):
    code = "seal-broken"


class MessageRefused(GatewayError):
    """`faults` are (field, stable code, sentence); none repeats what was given."""

    code = "message-refused"

    def __init__(self, faults: tuple[tuple[str, str, str], ...]) -> None:
        super().__init__("; ".join(f"{field}: {detail}" for field, _, detail in faults))
        self.faults = faults


class ListRefused(GatewayError):
    """`reason` is a stable code; neither it nor the text repeats what stands in the list."""

    code = "list-refused"

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class RequestRefused(GatewayError):
    """`status` is the HTTP status to answer with: 400, 408, 413 or 415."""

    code = "request-refused"

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class RequestMalformed(GatewayError):
    code = "request-malformed"


class EngineError(GatewayError):
    code = "engine"


class SessionUnreadable(EngineError):
    code = "session-unreadable"


class Astray(EngineError):
    code = "astray"
