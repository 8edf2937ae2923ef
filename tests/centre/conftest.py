from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.centre.town import Town, town
from tests.conftest import Server


@pytest.fixture
async def place(redis: Server) -> AsyncIterator[Town]:
    async with town(redis) as opened:
        yield opened
