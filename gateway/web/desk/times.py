"""Times as staff read them: how long until, how late, and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

_MINUTE = 60


def lasting(seconds: float, words: Mapping[str, str]) -> str:
    """The two largest units: « 3 h 20 min », « 2 j 4 h »."""
    minutes = int(abs(seconds)) // _MINUTE
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [("days", days), ("hours", hours), ("minutes", rest)]
    while len(parts) > 1 and not parts[0][1]:
        parts.pop(0)
    shown = [words[unit].format(n=n) for unit, n in parts[:2] if n or unit == parts[0][0]]
    return " ".join(shown)


def until(due: float, now: float, words: Mapping[str, str]) -> str:
    key = "late" if due < now else "in"
    return words[key].format(time=lasting(due - now, words))


def moment(seconds: float, timezone: str) -> str:
    """`2026-03-15 14:05`, in the site's time zone."""
    return datetime.fromtimestamp(seconds, ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M")
