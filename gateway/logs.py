"""Logs: one JSON line an event on standard error, with a correlation id and no personal data.

What keeps personal data out, in this order: callers log codes, counts and names of routes, never
what a citizen sent; an exception is logged as its type and the frames it passed, since messages
of exceptions quote values; and every line passes `redact`, for what slips through.
"""

from __future__ import annotations

import itertools
import logging
import os
import re
import sys
import time
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache
from types import TracebackType
from typing import Any

import msgspec
import structlog

from gateway.errors import GatewayError

correlation: ContextVar[str | None] = ContextVar("correlation", default=None)
"""The id that joins the lines of one request; made here, of no meaning elsewhere."""

REDACTED = "[redacted]"

_MOST_FRAMES = 12
_OURS = frozenset({"event", "level", "at", "correlation", "route", "menus", "error", "where"})
_FORBIDDEN = frozenset(
    {
        "phone", "number", "msisdn", "text", "transcript", "input", "answer", "page", "screen",
        "body", "token", "secret", "pin", "path", "url", "query", "session_id", "session", "name",
        "arguments", "data", "vars", "key", "headers",
    }
)  # fmt: skip
_DIGITS = re.compile(r"\+?\d(?:[ .-]?\d){6,}")  # seven and more: longer than a port or a year

_encode = msgspec.json.Encoder(enc_hook=str, order=None).encode

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_METHODS = frozenset({"GET", "HEAD", "POST"})  # others are the caller's own words
_Line = MutableMapping[str, Any]

# Of one process, and of one request of it.
_process = os.urandom(4).hex()
_requests = itertools.count()

_accesses = False  # until logging is configured


class _Access(msgspec.Struct, tag_field="event", tag="access", omit_defaults=True, gc=False):
    route: str
    method: str
    status: int
    ms: float
    level: str
    at: str
    correlation: str | None = None


def new_correlation() -> str:
    """A fresh id for this request, set for all that it does."""
    made = f"{_process}{next(_requests):08x}"
    correlation.set(made)
    return made


def access(route: str, method: str, status: int, seconds: float) -> None:
    """One line an HTTP request: by the route's template, never by its path.

    It is written for every request, and holds nothing to mask, so it takes the short way.
    """
    if _accesses:
        line = _Access(
            route,
            method if method in _METHODS else "other",
            status,
            round(seconds * 1000, 1),
            "info",
            _now(),
            correlation.get(),
        )
        _lines.msg(_encode(line) + b"\n")


def configure(level: str = "info") -> None:
    """Sends our lines and those of the libraries the same way. `level` is one of Settings'.

    Libraries are heard from warnings on: an HTTP client tells every address at `info`, and
    addresses hold what citizens typed.
    """
    structlog.configure(
        processors=_PROCESSORS,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=_Lines,
        cache_logger_on_first_use=True,
    )
    global _accesses
    _accesses = _LEVELS[level] <= logging.INFO
    handler = logging.StreamHandler(_Stderr())
    handler.setFormatter(_LibraryFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(_LEVELS[level], logging.WARNING))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.getLogger("uvicorn").setLevel(_LEVELS[level])
    logging.getLogger("uvicorn.access").disabled = True


def frames(trace: TracebackType | None) -> list[str]:
    """`file:line function` of each frame, innermost last, without any value."""
    found: list[str] = []
    while trace is not None:
        code = trace.tb_frame.f_code
        place = "/".join(code.co_filename.split(os.sep)[-3:])
        found.append(f"{place}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return found[-_MOST_FRAMES:]


def failure(error: BaseException) -> dict[str, Any]:
    """What a log line may say of an exception: its code or type, and where it came from."""
    return {
        "error": error.code if isinstance(error, GatewayError) else type(error).__qualname__,
        "where": frames(error.__traceback__),
    }


def redact(_logger: object, _method: str, line: _Line) -> _Line:
    """Masks forbidden fields whole, and anything like a phone number in the other ones."""
    for name, value in line.items():
        if name in _FORBIDDEN:
            line[name] = REDACTED
        elif name not in _OURS:
            line[name] = _masked(value)
    event = line.get("event")
    if isinstance(event, str) and _DIGITS.search(event):
        line["event"] = _DIGITS.sub(REDACTED, event)
    return line


def _masked(value: object) -> object:
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 10**7 else REDACTED
    if isinstance(value, str):
        return _DIGITS.sub(REDACTED, value)
    if isinstance(value, Mapping):
        return {
            str(name): REDACTED if name in _FORBIDDEN else _masked(item)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(item) for item in value]
    return _DIGITS.sub(REDACTED, str(value))


def _stamped(_logger: object, method: str, line: _Line) -> _Line:
    line["level"] = method
    line["at"] = _now()
    current = correlation.get()
    if current is not None:
        line["correlation"] = current
    return line


def _now() -> str:
    """ISO 8601, UTC, to the millisecond."""
    now = time.time()
    return f"{_to_the_second(int(now))}.{int(now % 1 * 1000):03}+00:00"


@lru_cache(1)
def _to_the_second(now: int) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _without_exception_text(_logger: object, _method: str, line: _Line) -> _Line:
    error = line.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        line.update(failure(error))
    return line


def _rendered(_logger: object, _method: str, line: _Line) -> bytes:
    return _encode(line) + b"\n"


# One list for good: loggers that were made before keep to it when logging is set up again.
_PROCESSORS: list[Any] = [_stamped, _without_exception_text, redact, _rendered]


class _Lines:
    """Writes each line whole: two processes on one pipe do not mix theirs."""

    def __init__(self, *_names: object) -> None:
        pass

    def msg(self, line: bytes) -> None:
        stream = getattr(sys.stderr, "buffer", None)
        if stream is None:  # replaced by something that takes text alone
            sys.stderr.write(line.decode())
            return
        stream.write(line)
        stream.flush()

    log = debug = info = warn = warning = error = critical = fatal = msg


_lines = _Lines()


class _Stderr:
    """Standard error as it is now, not as it was when logging was configured."""

    def write(self, text: str) -> None:
        sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


class _LibraryFormatter(logging.Formatter):
    """What a library logs, as one of our lines."""

    def format(self, record: logging.LogRecord) -> str:
        # Only the server's own lines are filled in; another library's arguments are not ours to
        # judge, and its template says what happened.
        server = record.name.startswith("uvicorn")
        event = record.getMessage() if server else str(record.msg)
        line: _Line = {"event": event.strip(), "library": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            line["exc_info"] = record.exc_info
        line = _without_exception_text(None, "", _stamped(None, record.levelname.lower(), line))
        return _encode(redact(None, "", line)).decode()
