"""`/openapi.json` is true: schemathesis asks the running gateway all that it describes."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest

from gateway.messaging.acceptance import KeyKind
from tests.api.office import ADA, Office
from tests.centre.town import asked, rating

pytestmark = pytest.mark.anyio

# A body that fits its schema may still name a message that there is not: 422 says so.
CONFIGURED = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 404, 409, 415, 422]

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 409, 413, 415, 422]
"""


async def _requests(office: Office) -> None:
    """Something to be found: citizens who wait for a call, and what another one thinks."""
    for number in range(60):
        hers = asked(office.store, f"{ADA}{number}", str(number))
        await office.store.callbacks.put(hers)
    await office.store.feedback.put(rating(office.store, comment="Bien"))


@pytest.mark.timeout(300)
async def test_what_is_described_is_what_happens(office: Office, tmp_path: Path) -> None:
    tester = await office.other("mairie", KeyKind.TEST)
    await _requests(office)
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIGURED)
    url = str(office.http.base_url).rstrip("/")
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
        *("run", f"{url}/openapi.json", "--header", f"Authorization:Bearer {tester.token}"),
        *("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "12", "--seed", "1"),
        *("--rate-limit", "45/s", "--no-color", "--generation-database", "none"),
    ]
    run = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=STDOUT, cwd=tmp_path)
    told, _ = await run.communicate()
    said = told.decode()
    assert run.returncode == 0, said
    assert "Tested: 12" in said, said
