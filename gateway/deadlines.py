"""Deadlines of many tasks by one timer.

`asyncio.timeout` sets up a timer for each use and takes it down again, which was a twentieth of a
whole USSD step. Deadlines that are all equally far away end in the order in which they began: a
timer for the oldest one is enough.
"""

from __future__ import annotations

import asyncio
from asyncio import AbstractEventLoop, Task
from types import TracebackType
from typing import Any, cast


class Deadlines:
    """`with deadlines:` raises TimeoutError in the block after `seconds`, once for each task.

    One object serves one event loop. A task is in one block of it at a time.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends: dict[Task[Any], float] = {}  # of tasks within theirs, the oldest first
        self._armed = False
        self._loop: AbstractEventLoop | None = None  # asked for once: each time costs a system call

    def __enter__(self) -> None:
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("a deadline is a task's")
        self._ends[task] = loop.time() + self._seconds
        if not self._armed:
            self._armed = True
            loop.call_later(self._seconds, self._expire)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        task = cast(Task[Any], asyncio.current_task(self._loop))
        if self._ends.pop(task, None) is not None:
            return
        # `_expire` cancelled it. If somebody else did too, that is for them to handle.
        if task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _expire(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._ends:
            task, ends = next(iter(self._ends.items()))
            if ends > now:
                loop.call_at(ends, self._expire)
                return
            del self._ends[task]
            task.cancel()
        self._armed = False
