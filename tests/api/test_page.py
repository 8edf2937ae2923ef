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
from gateway.centre import callbacks
from gateway.messaging.acceptance import KeyKind
from gateway.store import Asked, Store
from tests.api.office import ADA
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
        waiting = await _waiting(app.store)
        own = {"GATEWAY": base, "KEY": token, "CALLBACK": waiting, "PWD": str(tmp_path)}
        yield {**os.environ, **own}


async def _waiting(store: Store) -> str:
    """A citizen who asked the agency to call back."""
    citizen = store.names.citizen(ADA)
    asked = Asked(
        id=store.names.message_id(citizen.shard, "callback", "1"),
        citizen=citizen,
        queue="accueil",
        agency="anip",
        service="etat-civil",
        language="fr",
        at=1_700_000_000,
        due=1_700_172_800,
        test=True,
        body=callbacks.sealed(callbacks.Body(ADA, [("sujet", "Actes")])),
    )
    await store.callbacks.put(asked)
    return asked.id


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
