"""docs/api.md: every command on the page is run, as it stands there."""

from __future__ import annotations

import asyncio
import json
import os
import re
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from gateway.api import keys
from gateway.app import Gateway
from gateway.messaging.acceptance import KeyKind
from tests.centre.town import asked
from tests.conftest import Server
from tests.turns.serving import environ, gateway, listening

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
MENUS = ROOT / "menus"


@pytest.fixture
async def shell(redis: Server, tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """The environment of somebody who reads the page beside the gateway of the shipped menus."""
    backends = re.findall(r"env:([A-Z_]+)", (MENUS / "site.yaml").read_text(encoding="utf-8"))
    named = dict.fromkeys(backends, "http://127.0.0.1:9")
    app: Gateway = gateway(
        environ(redis.url, "http://127.0.0.1:9", **{**named, "GATEWAY_MENUS": str(MENUS)})
    )
    async with listening(app) as base:
        assert app.store is not None
        _, token = await keys.create(app.store, "anip", KeyKind.TEST)
        waits = asked(app.store, agency="anip")
        await app.store.callbacks.put(waits)
        own = {"GATEWAY": base, "KEY": token, "CALLBACK": waits.id, "PWD": str(tmp_path)}
        yield {**os.environ, **own}


async def run(script: str, shell: dict[str, str]) -> str:
    process = await asyncio.create_subprocess_exec(
        "sh", "-ec", script, stdout=PIPE, env=shell, cwd=shell["PWD"]
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode()


async def test_every_command_of_the_page_works(shell: dict[str, str]) -> None:
    scripts = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    assert len(scripts) == 6
    for script in scripts:
        for said in filter(None, re.split(r"(?<=\})(?=\{)", await run(script, shell))):
            told = json.loads(said)
            assert "code" not in told, told
            if "language" in told and "segments" in told:
                shell["ID"] = told["id"]
    async with httpx2.AsyncClient(base_url=shell["GATEWAY"], trust_env=False) as http:
        headers = {"Authorization": f"Bearer {shell['KEY']}"}
        shown = (await http.get(f"/v1/messages/{shell['ID']}", headers=headers)).json()
        assert shown["status"] == "cancelled"
        path = f"/v1/callbacks/{shell['CALLBACK']}"
        assert (await http.get(path, headers=headers)).json()["status"] == "done"
