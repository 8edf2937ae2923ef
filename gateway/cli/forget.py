"""`gateway forget`: all that is kept of one citizen is removed, and told in counts."""

from __future__ import annotations

import asyncio
import os

import click
import msgspec

from gateway import logs
from gateway.centre.forgetting import Forgotten, forget
from gateway.cli.worker import menus
from gateway.menu.program import Site
from gateway.settings import Settings, read, store_of
from gateway.text.msisdn import canonical, mask

_WORDS = {
    "conversations": "conversation",
    "pins": "pins",
    "languages": "language",
    "counters": "counts of her messages",
    "received": "box of a simulated phone",
    "sessions": "providers' sessions",
    "orders": "orders of hers that were still to be done",
    "messages": "messages",
    "cancelled": "of them still to be sent: cancelled",
    "batch_rows": "rows of batches that were still to be accepted",
    "answers": "answers to agencies that told her number",
    "cases": "cases that she followed",
    "callbacks": "requests to be called back",
    "mentions": "times her number stood in others' requests: taken out",
    "readings": "back ends' answers kept for her",
    "stop_words": "stop words",
    "other": "other records",
}

_RATINGS = "Ratings and comments hold no number: nothing in them is known to be hers."
_STOPPED = "Her stop word is gone: she may get messages again (--keep-stop leaves it)."


@click.command()
@click.argument("phone")
@click.option("--keep-stop", is_flag=True, help="Leave her stop words: she gets no messages.")
@click.option("--json", "as_json", is_flag=True, help="Say what was removed as JSON.")
@click.option("--yes", is_flag=True, help="Forget without asking.")
def command(phone: str, keep_stop: bool, as_json: bool, yes: bool) -> None:
    """Remove all that is kept of the citizen with the number PHONE.

    Works while the gateway runs, and can be called again. What is removed cannot be brought back.
    """
    settings = read(os.environ)
    logs.configure("error")
    site = menus(settings).current.site
    number = canonical(phone, site.country)
    if not yes:
        click.confirm(f"Forget {mask(number)} for good?", abort=True, err=True)
    gone = asyncio.run(_forget(settings, site, number, keep_stop=keep_stop))
    if as_json:
        click.echo(msgspec.json.encode(gone))
    else:
        click.echo("\n".join(_told(gone, keep_stop=keep_stop)))


async def _forget(settings: Settings, site: Site, number: str, *, keep_stop: bool) -> Forgotten:
    store = await store_of(settings)
    senders = [] if site.sms.sender is None else [site.sms.sender]
    try:
        return await forget(
            store,
            number,
            country=site.country,
            by="terminal",
            senders=senders,
            keep_stop=keep_stop,
        )
    finally:
        await store.close()


def _told(gone: Forgotten, *, keep_stop: bool) -> list[str]:
    lines = [
        f"{count:6} {words}" for name, words in _WORDS.items() if (count := getattr(gone, name))
    ]
    lines = ["Removed:", *lines] if lines else ["Nothing was kept of this number."]
    if gone.stop_words and not keep_stop:
        lines.append(_STOPPED)
    if gone.sealed:
        lines.append(
            f"{gone.sealed} orders beside hers cannot be opened with these keys, so nobody knows"
            " whose they are: they end by GATEWAY_KEEP_ORDERS."
        )
    return [*lines, _RATINGS]
