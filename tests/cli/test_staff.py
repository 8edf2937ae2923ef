"""`gateway staff`, on the store that a gateway may be running on."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from gateway.cli.staff import command
from tests.centre.town import HOOKS, MENUS
from tests.conftest import Server
from tests.turns.serving import environ

PASSWORD = "cheval agrafe correct"


def run(redis: Server, *words: str, typed: str = "") -> Result:
    variables = environ(redis.url, "http://127.0.0.1:9", GATEWAY_MENUS=str(MENUS), **HOOKS)
    return CliRunner(env=variables).invoke(command, words, input=typed)


def test_the_first_account_is_a_supervisor_and_stays(redis: Server) -> None:
    added = run(redis, "add", "rose", "--role", "supervisor", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert added.exit_code == 0, added.output
    assert PASSWORD not in added.output
    refused = run(redis, "disable", "rose")
    assert "the last supervisor stays" in str(refused.exception)
    assert not any(PASSWORD.encode() in v for vs in redis.everything().values() for v in vs)


def test_a_generated_password_is_shown_once(redis: Server) -> None:
    added = run(redis, "add", "jean", "--generate", "--shown", "Jean A.", "--queue", "ecole")
    password = added.stdout.strip()
    assert len(password) == 19
    listed = run(redis, "list").stdout
    assert listed.split() == ["jean", "agent", "enabled", "ecole", "Jean", "A."]
    assert password not in listed
    assert run(redis, "password", "jean", "--generate").stdout.strip() != password
    assert run(redis, "queues", "jean").exit_code == 0
    assert "all queues" in run(redis, "list").stdout
    assert "disabled" in run(redis, "disable", "jean").stdout
    assert "enabled" in run(redis, "enable", "jean").stdout


@pytest.mark.parametrize(
    ("words", "typed", "told"),
    [
        (("add", "Rose!", "--generate"), "", "a name has 2 to 32"),
        (("add", "rose"), "court\ncourt\n", "at least 12 characters"),
        (("add", "rose"), "motdepasse12\nmotdepasse12\n", "everybody tries"),
        (("add", "rose", "--generate", "--queue", "nulle"), "", "« nulle »: accueil, ecole"),
        (("queues", "rose", "--queue", "nulle"), "", "« nulle »: accueil, ecole"),
        (("disable", "personne"), "", "there is no such account"),
        (("password", "personne", "--generate"), "", "there is no such account"),
    ],
)
def test_what_cannot_be_is_said(
    redis: Server, words: tuple[str, ...], typed: str, told: str
) -> None:
    assert told in str(run(redis, *words, typed=typed).exception)


def test_there_is_one_account_of_a_name(redis: Server) -> None:
    assert run(redis, "add", "rose", "--generate").exit_code == 0
    assert "there is an account" in str(run(redis, "add", "rose", "--generate").exception)
