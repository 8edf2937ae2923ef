"""`gateway export` on a real store: what is in the rows, which rows, and what a file is."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import stat
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from gateway.centre import callbacks
from gateway.centre.callbacks import Actor, Body, sealed
from gateway.centre.export import PAGE, cell
from gateway.cli import main
from gateway.store import Asked, Rating, Store
from tests.conftest import NAME_KEY, SECRET_KEY, Server

pytestmark = pytest.mark.anyio

MENUS = Path(__file__).parents[1] / "messaging" / "data" / "private"
HER, OTHER = "+2290197000001", "+2290197000002"
ZONE = ZoneInfo("Africa/Porto-Novo")
ANNE = Actor("staff:anne")


async def run(redis: Server, *arguments: str) -> Result:
    variables = {
        "REDIS_URL": redis.url,
        "GATEWAY_SECRET_KEYS": SECRET_KEY.hex(),
        "GATEWAY_NAME_KEY": NAME_KEY.hex(),
        "GATEWAY_MENUS": str(MENUS),
    }
    return await asyncio.to_thread(CliRunner().invoke, main, ["export", *arguments], env=variables)


def table(told: bytes) -> list[dict[str, str]]:
    assert told.endswith(b"\r\n")
    return list(csv.DictReader(io.StringIO(told.decode(), newline=""), strict=True))


def at(day: int, hour: int = 12) -> int:
    return int(datetime(2026, 11, day, hour, tzinfo=ZONE).timestamp())


async def ask(store: Store, number: str, queue: str, day: int, **more: str) -> str:
    names, citizen = store.names, store.names.citizen(number)
    asked = Asked(
        id=names.message_id(citizen.shard, "callback", number, queue, str(day)),
        citizen=citizen,
        queue=queue,
        agency=more.pop("agency", "mairie"),
        service="guichet",
        language="fr",
        at=at(day),
        due=at(day, 14),
        test=True,
        body=sealed(Body(number, list(more.items()))),
    )
    _, callback_id = await store.callbacks.put(asked)
    return callback_id


async def rate(store: Store, number: int, day: int, comment: str = "", hour: int = 12) -> None:
    shard = number % store.names.shards
    await store.feedback.put(
        Rating(
            id=store.names.message_id(shard, "rating", str(number)),
            agency="mairie",
            service="guichet" if number % 2 else "etat-civil",
            step="start Votre avis ?",
            score=4,
            language="fr",
            channel="ussd",
            operator="MTN",
            at=at(day, hour) * 1000,
            comment=comment,
        )
    )


@pytest.fixture
async def asked(store: Store) -> Store:
    """Three requests: one waits, one has ended, one is another agency's."""
    await ask(store, HER, "help", 20, motif="=1+1", tel=OTHER)
    ended = await ask(store, OTHER, "help", 21, motif="Passeport « perdu », oui")
    await callbacks.take(store, ended, ANNE)
    await callbacks.done(store, ended, ANNE, "Rappelé ; tout va bien")
    await ask(store, OTHER, "late", 22, agency="anip")
    return store


async def test_call_backs_are_rows_without_numbers(asked: Store, redis: Server) -> None:
    told = await run(redis, "callbacks")
    assert told.exit_code == 0, told.output
    assert told.stderr == "3 rows\n"
    first, second, third = table(told.stdout_bytes)
    assert (first["state"], second["state"], third["state"]) == ("waiting", "waiting", "done")
    assert first["asked"] == "2026-11-20T12:00:00+01:00"
    assert first["due"] == "2026-11-20T14:00:00+01:00"
    assert first["details"] == "motif: =1+1\ntel: 01 ** ** ** 02"
    assert third["details"] == "motif: Passeport « perdu », oui"
    assert third["notes"].endswith("staff:anne done : Rappelé ; tout va bien")
    assert first["test"] == "yes"
    assert "phone" not in first
    for number in (HER, OTHER):
        assert number[4:] not in told.output
    assert [deed.what for deed in await asked.audit.read()] == ["done", "taken"]


async def test_numbers_are_told_if_asked_for_and_that_is_written_down(
    asked: Store, redis: Server
) -> None:
    told = await run(redis, "callbacks", "--numbers", "--queue", "help", "--format", "jsonl")
    first, second = map(json.loads, told.stdout.splitlines())
    assert (first["phone"], second["phone"]) == (HER, OTHER)
    assert first["details"] == {"motif": "=1+1", "tel": OTHER}
    assert isinstance(second["notes"], list)
    newest = (await asked.audit.read())[0]
    assert (newest.who, newest.what) == ("terminal", "numbers-exported")
    (row, _) = table((await run(redis, "callbacks", "--numbers", "--queue", "help")).stdout_bytes)
    assert row["phone"] == f"'{HER}"


@pytest.mark.parametrize(
    ("arguments", "days"),
    [
        (("--since", "2026-11-21"), {21, 22}),
        (("--until", "2026-11-21"), {20, 21}),
        (("--since", "2026-11-21", "--until", "2026-11-21"), {21}),
        (("--agency", "anip"), {22}),
        (("--queue", "help", "--agency", "anip"), set()),
    ],
)
async def test_rows_are_chosen(
    asked: Store, redis: Server, arguments: tuple[str, ...], days: set[int]
) -> None:
    told = await run(redis, "callbacks", *arguments)
    assert {int(row["asked"][8:10]) for row in table(told.stdout_bytes)} == days


async def test_ratings_come_newest_first_through_all_pages(store: Store, redis: Server) -> None:
    for number in range(PAGE + 5):
        await rate(store, number, 1 + number % 20)
    await rate(store, PAGE + 6, 28, "Trop de monde le lundi, à l'état civil")
    told = await run(redis, "feedback")
    rows = table(told.stdout_bytes)
    assert len(rows) == len({row["id"] for row in rows}) == PAGE + 6
    assert rows[0]["comment"] == "Trop de monde le lundi, à l'état civil"
    assert rows[0]["at"] == "2026-11-28T12:00:00+01:00"
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)
    some = table((await run(redis, "feedback", "--service", "guichet")).stdout_bytes)
    assert {row["service"] for row in some} == {"guichet"}


async def test_a_day_is_the_sites_own(store: Store, redis: Server) -> None:
    """Midnight of Porto-Novo, not of Greenwich; the day that ends it is in it."""
    for number, (day, hour) in enumerate([(19, 23), (20, 0), (20, 23), (21, 0)]):
        await rate(store, number, day, hour=hour)
    told = await run(redis, "feedback", "--since", "2026-11-20", "--until", "2026-11-20")
    assert [row["at"][8:13] for row in table(told.stdout_bytes)] == ["20T23", "20T00"]


async def test_a_file_is_its_owners_and_whole(asked: Store, redis: Server, tmp_path: Path) -> None:
    path = tmp_path / "rappels.csv"
    path.write_text("before")
    path.chmod(0o644)
    told = await run(redis, "callbacks", "--output", str(path))
    assert (told.stdout, told.stderr) == ("", "3 rows\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(table(path.read_bytes())) == 3
    assert os.listdir(tmp_path) == [path.name]


async def test_what_fails_midway_leaves_the_file_as_it_was(
    asked: Store, redis: Server, tmp_path: Path
) -> None:
    path = tmp_path / "rappels.csv"
    path.write_text("before")
    shard = asked.names.citizen(HER).shard
    redis.admin.set(f"{asked.names.tag(shard)}cb:taken", "not a list", ex=60)
    told = await run(redis, "callbacks", "--output", str(path))
    assert told.exit_code == 1
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("callbacks", "--since", "30.11.2026"), "does not match the format"),
        (("feedback", "--since", "2026-11-21", "--until", "2026-11-20"), "later than --until"),
        (("callbacks", "--output", "/nowhere/rappels.csv"), "cannot be written"),
    ],
)
async def test_what_is_wrong_is_named(redis: Server, arguments: tuple[str, ...], why: str) -> None:
    refused = await run(redis, *arguments)
    assert refused.exit_code != 0
    assert why in refused.output


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(begins: str) -> None:
    """A comment is whatever a citizen writes, and a spreadsheet reckons what begins so."""
    assert cell(f"{begins}1+1") == f"'{begins}1+1"
    assert cell([f"{begins}1"]) == f"'{begins}1"
    assert cell(f"a{begins}") == f"a{begins}"
    assert cell(-1) == "-1"
