"""`gateway send` on a real store: what it says before, what it does, and what it refuses."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.messaging.batches import Batches
from gateway.store import open_store
from tests.api.office import ADA, MENUS, library
from tests.conftest import NAME_KEY, SECRET_KEY, Server


@pytest.fixture
def run(redis: Server) -> Runner:
    return Runner(redis)


class Runner:
    """The command in the environment of a gateway."""

    def __init__(self, redis: Server) -> None:
        self.redis = redis
        self.environ = {
            "REDIS_URL": redis.url,
            "GATEWAY_SECRET_KEYS": SECRET_KEY.hex(),
            "GATEWAY_NAME_KEY": NAME_KEY.hex(),
            "GATEWAY_MENUS": str(MENUS),
        }

    def __call__(self, *arguments: str, says: str | None = None) -> Result:
        return CliRunner().invoke(main, ["send", *arguments], input=says, env=self.environ)

    def messages(self) -> int:
        return len([name for name in self.redis.everything() if b":m:" in name])


ONE = ("guichet/pret", "--data", "numero=EC-1042", "--to")


def test_a_message_is_shown_and_sent(run: Runner) -> None:
    told = run(*ONE, "97 00 00 01", says="y\n")
    assert told.exit_code == 0, told.output
    assert f"To {ADA}: digits were added" in told.output
    assert "Mairie : Dossier EC-1042 pret." in told.output
    assert "1 segment, in fr" in told.output
    assert told.output.rstrip().endswith("queued")
    assert run.messages() == 1


def test_who_says_no_sends_nothing(run: Runner) -> None:
    assert run(*ONE, ADA, says="n\n").exit_code == 0
    assert run.messages() == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((*ONE, "bonjour"), "to: this is not a phone number (not-a-number)"),
        (("guichet/pret", "--to", ADA), "data.numero: this field must be given (missing)"),
        (("guichet/rien", "--to", ADA), "template: the agency has no such message"),
        (("rien/pret", "--to", ADA), "there is no message « rien/pret »; there are classe/pret"),
        (("guichet/pret",), "give either --to or --file"),
        (("guichet/pret", "--to", ADA, "--data", "numero"), "write it as FIELD=VALUE"),
    ],
)
def test_what_is_wrong_is_named(run: Runner, arguments: tuple[str, ...], told: str) -> None:
    refused = run(*arguments, "--yes")
    assert refused.exit_code != 0
    assert told in refused.output
    assert run.messages() == 0


def test_a_list_is_measured_asked_for_and_followed(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "liste.csv"
    path.write_text("to,numero\n0197000001,EC-1\n97000002,EC-2\nbonjour,EC-3\n")
    refused = run("guichet/pret", "--file", str(path))
    assert refused.exit_code == 1
    assert f"{path}:4: to this is not a phone number (not-a-number)" in refused.output
    assert "2 of 3 rows are ready (fr 2): 2 segments, the longest 1." in refused.output
    monkeypatch.setattr("gateway.cli.send._PATIENCE", 0.1)
    begun = run("guichet/pret", "--file", str(path), "--skip-faulty", says="y\n")
    assert begun.exit_code == 0, begun.output
    assert "is `gateway worker` running?" in begun.output
    batch = begun.output.splitlines()[-1].partition(":")[0]
    asyncio.run(_go_on(run.redis, batch))
    again = run("guichet/pret", "--file", str(path), "--skip-faulty", "--yes")
    assert "This list was sent before" in again.output
    assert again.output.rstrip().endswith("2 accepted, 0 suppressed, 0 refused")
    assert run.messages() == 2


async def _go_on(redis: Server, batch: str) -> None:
    store = await open_store(redis_url=redis.url, secret_keys=[SECRET_KEY], name_key=NAME_KEY)
    await Batches(library()).go_on(store, batch)
    await store.close()
