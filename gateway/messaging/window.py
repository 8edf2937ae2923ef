"""The hours in which messages may be sent, in the country's own time."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


class Window:
    """`quiet` is from when until when nothing is sent, ("21:00", "07:00"); None: at any hour."""

    def __init__(self, quiet: tuple[str, str] | None, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._quiet = None if quiet is None else tuple(map(time.fromisoformat, quiet))

    def opens(self, now: int) -> int:
        """The moment from `now` on at which a message may be sent: `now` itself, or the end of
        the quiet hours that it falls in. Both in milliseconds since the epoch."""
        if self._quiet is None:
            return now
        begins, ends = self._quiet
        here = datetime.fromtimestamp(now / 1000, self._zone)
        clock = here.time()
        over_night = begins > ends
        inside = clock >= begins or clock < ends if over_night else begins <= clock < ends
        if not inside:
            return now
        day = here.date() + timedelta(days=1 if over_night and clock >= begins else 0)
        end = datetime.combine(day, ends, self._zone)
        return max(now, round(end.timestamp() * 1000))
