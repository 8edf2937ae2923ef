"""`gateway keys`, on the store that a gateway may be running on."""

from __future__ import annotations

from click.testing import CliRunner, Result

from gateway.cli.keys import command
from tests.api.office import MENUS
from tests.conftest import Server
from tests.turns.serving import environ


def run(redis: Server, *words: str) -> Result:
    variables = environ(redis.url, "http://127.0.0.1:9", GATEWAY_MENUS=str(MENUS))
    return CliRunner(env=variables).invoke(command, words)


def test_a_key_is_shown_once_listed_and_revoked(redis: Server) -> None:
    made = run(redis, "create", "mairie", "--kind", "live", "--label", "Bureau 3")
    assert made.exit_code == 0, made.output
    token = made.stdout.strip()
    _, kind, key_id, _ = token.split("_", 3)
    listed = run(redis, "list").stdout
    assert kind == "live"
    assert key_id in listed
    assert "Bureau 3" in listed
    assert token not in listed
    assert run(redis, "revoke", key_id).exit_code == 0
    assert "revoked" in run(redis, "list").stdout


def test_what_is_no_key_is_refused(redis: Server) -> None:
    for words in (
        ("create", "personne"),
        ("create", "mairie", "--kind", "team"),
        ("create", "mairie", "--to", "0197000000"),
        ("create", "mairie", "--expires", "demain"),
        ("revoke", "rien"),
    ):
        assert run(redis, *words).exception is not None
