"""`gateway staff`: accounts for the service centre's desk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import click

from gateway.centre import passwords, staff
from gateway.centre.staff import Account, AccountRefused, Role
from gateway.cli.worker import menus
from gateway.errors import SettingsError
from gateway.settings import read, store_of
from gateway.store import Store

_Given = TypeVar("_Given")

WHY = {
    "bad-name": "a name has 2 to 32 small letters, digits, dots or dashes",
    "taken": "there is an account of this name",
    "unknown": "there is no such account: see gateway staff list",
    "last-supervisor": "the last supervisor stays: add another one first",
    "too-short": f"a password has at least {passwords.LEAST} characters",
    "too-long": f"a password has at most {passwords.MOST} characters",
    "too-common": "this is one of the passwords that everybody tries",
}
_GENERATE = click.option("--generate", is_flag=True, help="Print one, to be changed at once.")
_QUEUE = click.option("--queue", "queues", multiple=True, help="Only these; all if not said.")


@click.group()
def command() -> None:
    """Accounts for /desk. Works while the gateway runs."""


@command.command()
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), default="agent")
@click.option("--shown", default="", help="How colleagues know them.")
@_QUEUE
@_GENERATE
def add(name: str, role: str, shown: str, queues: tuple[str, ...], generate: bool) -> None:
    """Make an account. Its password is asked for, or with --generate printed once."""
    _known(queues)
    password = _password(generate)
    _run(
        lambda store: staff.add(
            store,
            name,
            password,
            shown=shown,
            role=Role(role),
            queues=queues,
            temporary=generate,
        )
    )
    _told(password, generate)


@command.command("list")
def listed() -> None:
    """Every account."""
    for account in _run(staff.every):
        state = "disabled" if account.disabled else "enabled"
        queues = ",".join(account.queues) or "all queues"
        click.echo("  ".join((account.name, account.role, state, queues, account.shown)))


@command.command()
@click.argument("name")
@_GENERATE
def password(name: str, generate: bool) -> None:
    """Give an account another password; whoever is signed in by it no longer is."""
    chosen = _password(generate)
    _run(lambda store: staff.set_password(store, name, chosen, temporary=generate))
    _told(chosen, generate)


@command.command()
@click.argument("name")
@_QUEUE
def queues(name: str, queues: tuple[str, ...]) -> None:
    """Say which queues an account works on; all where none is said."""
    _known(queues)
    _done(_run(lambda store: staff.set_queues(store, name, queues)))


@command.command()
@click.argument("name")
def disable(name: str) -> None:
    """Close an account, at once."""
    _done(_run(lambda store: staff.disable(store, name)))


@command.command()
@click.argument("name")
def enable(name: str) -> None:
    """Open it again."""
    _done(_run(lambda store: staff.enable(store, name)))


def _known(queues: Sequence[str]) -> None:
    """Raises SettingsError for a queue that the site does not name."""
    site = menus(read(os.environ)).current.site
    for queue in queues:
        if queue not in site.callbacks:
            there = ", ".join(site.callbacks) or "none"
            raise SettingsError(f"the site has no queue « {queue} »: {there}")


def _done(account: Account) -> None:
    click.echo(f"{account.name}: {'disabled' if account.disabled else 'enabled'}.")


def _password(generate: bool) -> str:
    if generate:
        return passwords.generated()
    given: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return given


def _told(password: str, generate: bool) -> None:
    if generate:
        click.echo("Tell them now, it is not shown again; they choose their own:", err=True)
        click.echo(password)
    else:
        click.echo("Done.")


def _run(do: Callable[[Store], Awaitable[_Given]]) -> _Given:
    settings = read(os.environ)

    async def run() -> _Given:
        store = await store_of(settings)
        try:
            return await do(store)
        finally:
            await store.close()

    try:
        return asyncio.run(run())
    except AccountRefused as refused:
        raise SettingsError(WHY[refused.code]) from None
