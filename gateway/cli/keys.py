"""`gateway keys`: the keys that agencies call the API with."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import click

from gateway.api import keys
from gateway.api.keys import DAY, Right
from gateway.errors import SettingsError
from gateway.menu.library import Library
from gateway.menu.program import Site
from gateway.messaging.acceptance import KeyKind
from gateway.settings import Settings, read, store_of
from gateway.store import Store
from gateway.text.msisdn import canonical

_Given = TypeVar("_Given")


@click.group()
def command() -> None:
    """Make, list and revoke the keys of agencies. Works while the gateway runs."""


@command.command()
@click.argument("agency")
@click.option("--kind", type=click.Choice([k.value for k in KeyKind]), default="test")
@click.option("--label", default="", help="Who has it, so that it can be told from others.")
@click.option("--scope", "scopes", multiple=True, type=click.Choice([r.value for r in Right]))
@click.option("--expires", default="365d", metavar="DAYS", help="As in 365d.")
@click.option("--to", "team", multiple=True, help="A number that a team key may send to.")
def create(
    agency: str, kind: str, label: str, scopes: tuple[str, ...], expires: str, team: tuple[str, ...]
) -> None:
    """Make a key for AGENCY. It is shown once."""
    settings = read(os.environ)
    site = _site(settings)
    if agency not in site.agencies:
        raise SettingsError(f"the site has no agency « {agency} »: {', '.join(site.agencies)}")
    days = expires.removesuffix("d")
    if not days.isdecimal() or not 1 <= int(days) <= 3650:
        raise SettingsError("--expires: give 1d to 3650d")
    if (kind == KeyKind.TEAM) != bool(team):
        raise SettingsError("--to belongs to --kind team, which needs at least one")
    numbers = [canonical(number, site.country) for number in team]
    rights = tuple(map(Right, scopes)) or tuple(Right)

    async def made(store: Store) -> str:
        _, token = await keys.create(
            store,
            agency,
            KeyKind(kind),
            label=label,
            rights=rights,
            seconds=int(days) * DAY,
            team=numbers,
        )
        return token

    token = _with_store(settings, made)
    click.echo("Keep it now, it is not shown again:", err=True)
    click.echo(token)


@command.command("list")
def listed() -> None:
    """Every key, without its secret."""

    async def both(store: Store) -> tuple[list[keys.Key], dict[str, int]]:
        return await keys.every(store), await store.agency_keys.used()

    every, used = _with_store(read(os.environ), both)
    for key in every:
        ends = "revoked" if key.revoked is not None else f"until {_day(key.expires)}"
        last = f"used {_day(used[key.id])}" if key.id in used else "never used"
        rights = ",".join(key.rights)
        click.echo(
            "  ".join((key.id, key.agency, key.kind, rights, ends, last, key.label)).rstrip()
        )


@command.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """Close a key for ever, by its id."""
    if _with_store(read(os.environ), lambda store: keys.revoke(store, key_id)) is None:
        raise SettingsError("there is no such key: see gateway keys list")
    click.echo("Revoked.")


def _site(settings: Settings) -> Site:
    library = Library(settings.menus, (settings.locales,), drafts=settings.drafts)
    library.reload()
    return library.current.site


def _with_store(settings: Settings, do: Callable[[Store], Awaitable[_Given]]) -> _Given:
    async def run() -> _Given:
        store = await store_of(settings)
        try:
            return await do(store)
        finally:
            await store.close()

    return asyncio.run(run())


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
