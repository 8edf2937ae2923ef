"""One timer for the deadlines of all tasks."""

from __future__ import annotations

import asyncio

import pytest

from gateway.deadlines import Deadlines

pytestmark = pytest.mark.anyio


async def _waits(deadlines: Deadlines, forever: asyncio.Event) -> str:
    try:
        with deadlines:
            await forever.wait()
    except TimeoutError:
        return "late"
    return "in time"


async def test_whoever_is_late_is_told_and_nobody_else() -> None:
    deadlines, never, soon = Deadlines(0.02), asyncio.Event(), asyncio.Event()
    soon.set()
    async with asyncio.timeout(5):
        told = await asyncio.gather(
            *(_waits(deadlines, event) for event in (never, soon, never, soon))
        )
    assert told == ["late", "in time", "late", "in time"]


async def test_a_later_deadline_is_kept_by_the_same_timer() -> None:
    deadlines, never = Deadlines(0.02), asyncio.Event()
    async with asyncio.timeout(5):
        first = asyncio.ensure_future(_waits(deadlines, never))
        await asyncio.wait([first], timeout=0.01)
        second = asyncio.ensure_future(_waits(deadlines, never))
        assert await first == "late"
        assert await second == "late"
        # The timer has ended with them: it is set anew for who comes now.
        assert await _waits(deadlines, never) == "late"


async def test_a_task_can_be_late_twice_and_is_no_longer_cancelled() -> None:
    deadlines, never = Deadlines(0.01), asyncio.Event()
    async with asyncio.timeout(5):
        assert [await _waits(deadlines, never) for _ in range(2)] == ["late", "late"]
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_cancellation_by_somebody_else_stays_one() -> None:
    deadlines, never = Deadlines(60.0), asyncio.Event()
    task = asyncio.ensure_future(_waits(deadlines, never))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_in_the_block_passes() -> None:
    with pytest.raises(KeyError), Deadlines(60.0):
        raise KeyError
