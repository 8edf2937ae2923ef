"""Lists of messages: measured, accepted piece by piece, and never twice."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from gateway.messaging import batches
from gateway.messaging.acceptance import KeyKind
from gateway.messaging.batches import Batches
from tests.api.office import Office, library
from tests.conftest import Server

pytestmark = pytest.mark.anyio

CSV = "to,reference,numero\n0197000001,R1,EC-1\n97000002,R2,EC-2\n"


async def post(
    office: Office, body: str | bytes, query: str = "", kind: str = "text/csv", **headers: str
) -> httpx2.Response:
    content = body.encode() if isinstance(body, str) else body
    return await office.http.post(
        f"/v1/messages/batches?template=guichet/pret{query}",
        content=content,
        headers=office.bears({"Content_Type": kind, **headers}),
    )


async def go_on(office: Office, batch: str) -> None:
    await Batches(library()).go_on(office.store, batch)


def accepted(redis: Server) -> int:
    return len([name for name in redis.everything() if b":m:" in name])


async def test_a_list_is_measured_and_nothing_is_kept(office: Office, redis: Server) -> None:
    before = set(redis.everything())
    body = (
        "to;langue;numero\n"
        "0197000001;;EC-1\n"
        "97000002;;EC-2\n"
        "2,29E+11;;EC-3\n"
        "0197000004;;\n"
        "\n"
        "0197000001;;EC-1\n"
    ).replace("langue", "language")
    told = (await post(office, "\ufeff" + body, "&dry_run=1")).json()
    assert (told["rows"], told["ready"], told["faulty"]) == (5, 3, 2)
    assert [(f["row"], f["column"], f["code"]) for f in told["faults"]] == [
        (4, "to", "damaged-number"),
        (5, "numero", "missing"),
    ]
    assert told["rewritten"] == [{"row": 3, "to": "+2290197000002"}]
    assert told["duplicates"] == [7]
    assert (told["segments"], told["longest"], told["languages"]) == (3, 1, {"fr": 3})
    assert {name for name in redis.everything() if b":g:" not in name} <= before | {b"{00}:keys"}


async def test_a_list_is_accepted_once(office: Office, redis: Server) -> None:
    begun = await post(office, CSV)
    assert begun.status_code == 202, begun.text
    batch = begun.json()
    assert (batch["status"], batch["total"], batch["repeated"]) == ("working", 2, False)
    again = (await post(office, CSV)).json()
    assert (again["id"], again["repeated"]) == (batch["id"], True)
    await go_on(office, batch["id"])
    await go_on(office, batch["id"])
    assert accepted(redis) == 2
    shown = (await office.get(f"/v1/messages/batches/{batch['id']}")).json()
    assert (shown["status"], shown["accepted"], shown["refused"]) == ("done", 2, 0)
    (message,) = (await office.get("/v1/messages?reference=R2")).json()["messages"]
    assert message["text"] == "Mairie : Dossier EC-2 pret."


async def test_a_worker_that_is_killed_accepts_nothing_twice(
    office: Office, redis: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "PIECE", 2)
    body = "to,numero\n" + "".join(f"019700{n:04},EC-{n}\n" for n in range(7))
    batch = (await post(office, body)).json()["id"]
    for seconds in (0.001, 0.005, 0.01, 0.02):
        working = asyncio.create_task(go_on(office, batch))
        await asyncio.sleep(seconds)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    await go_on(office, batch)
    assert accepted(redis) == 7
    shown = (await office.get(f"/v1/messages/batches/{batch}")).json()
    assert (shown["status"], shown["accepted"]) == ("done", 7)


async def test_rows_that_waited_too_long_for_a_worker_are_not_called_done(
    office: Office, redis: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "PIECE", 2)
    body = "to,numero\n" + "".join(f"019700{n:04},EC-{n}\n" for n in range(5))
    batch = (await post(office, body)).json()["id"]
    gone = [name for name in redis.everything() if name.endswith((b":0", b":2")) and b":j:" in name]
    assert redis.admin.delete(*gone) == 2  # as Redis itself does in the end
    await go_on(office, batch)
    shown = (await office.get(f"/v1/messages/batches/{batch}")).json()
    assert (shown["accepted"], shown["refused"]) == (2, 3)


async def test_two_teams_of_an_agency_send_the_same_list_each_to_its_own(office: Office) -> None:
    ours = await office.other("mairie", KeyKind.TEAM, team=["+2290197000001"])
    theirs = await office.other("mairie", KeyKind.TEAM, team=["+2290197000002"])
    mine, yours = await post(ours, CSV, "&skip_faulty=1"), await post(theirs, CSV, "&skip_faulty=1")
    assert mine.json()["id"] != yours.json()["id"]


async def test_a_faulty_list_is_refused_as_a_whole_or_without_its_faults(
    office: Office, redis: Server
) -> None:
    body = CSV + "bonjour,R3,EC-3\n"
    refused = await post(office, body)
    assert refused.status_code == 422
    assert [(e["field"], e["code"]) for e in refused.json()["errors"]] == [
        ("row 4, to", "not-a-number")
    ]
    assert not [name for name in redis.everything() if b":j:" in name]
    assert (await post(office, body, "&skip_faulty=1")).json()["total"] == 2


async def test_the_same_key_for_another_list_is_refused(office: Office) -> None:
    first = await post(office, CSV, Idempotency_Key="liste")
    same = await post(office, CSV, Idempotency_Key="liste")
    assert (first.json()["id"], same.json()["repeated"]) == (same.json()["id"], True)
    bare = await post(office, CSV)  # the client forgot its key
    assert (bare.json()["id"], bare.json()["repeated"]) == (first.json()["id"], True)
    other = await post(office, CSV.replace("EC-1", "EC-9"), Idempotency_Key="liste")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")


async def test_json_lines(office: Office) -> None:
    body = (
        '{"to": "0197000001", "data": {"numero": "EC-1"}}\n'
        '{"to": "0197000002", "data": {"numero": 7}}\n'
        '{"numero": 7}\n'
    )
    told = (await post(office, body, "&dry_run=1", "application/x-ndjson")).json()
    assert [(f["row"], f["code"]) for f in told["faults"]] == [(2, "not-a-text"), (3, "bad-line")]


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        ("", "text/csv", 422, "no-header"),
        ("to,numero\n", "text/csv", 422, "empty"),
        ("numero\n1\n", "text/csv", 422, "no-header"),
        ("to,to\n1,2\n", "text/csv", 422, "double-column"),
        ('to,numero\n"1,2\n', "text/csv", 422, "bad-csv"),
        ("to,numero\n" + "1,2\n" * 20_001, "text/csv", 422, "too-many-rows"),
        ("{}", "application/json", 415, "unsupported-media-type"),
        (b"\x00\xff", "application/x-ndjson", 422, "faulty-rows"),
        ("to,numero\n1,2,3\n", "text/csv", 422, "faulty-rows"),
    ],
)
async def test_what_is_no_list(
    office: Office, body: Any, kind: str, status: int, code: str
) -> None:
    refused = await post(office, body, kind=kind)
    assert (refused.status_code, refused.json()["code"]) == (status, code)


async def test_a_spreadsheet_of_an_old_windows_is_read(office: Office) -> None:
    body = "to;numero\n0197000001;Né-1\n".encode("cp1252")
    assert (await post(office, body, "&dry_run=1")).json()["ready"] == 1


async def test_agencies_and_tests_see_their_own_batches(office: Office) -> None:
    path = f"/v1/messages/batches/{(await post(office, CSV)).json()['id']}"
    for other in (await office.other("ecole"), await office.other("mairie", KeyKind.TEST)):
        assert (await other.get(path)).status_code == 404
    assert (await office.get("/v1/messages/batches/rien")).status_code == 404


async def test_one_number_written_in_several_ways_is_a_duplicate(office: Office) -> None:
    body = "to,numero\n0197000001,EC-1\n+229 01 97 00 00 01,EC-1\n97000001,EC-1\n0197000001,EC-2\n"
    assert (await post(office, body, "&dry_run=1")).json()["duplicates"] == [3, 4]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("to\tnumero\r\n0197000001\tÉC-1\r\n".encode("utf-16"), "text/csv"),
        (
            b"\xef\xbb\xbf" + b'{"to": "0197000001", "data": {"numero": "EC-1"}}\n',
            "application/x-ndjson",
        ),
    ],
)
async def test_a_list_with_a_byte_order_mark_is_read(
    office: Office, body: bytes, kind: str
) -> None:
    told = (await post(office, body, "&dry_run=1", kind)).json()
    assert (told["ready"], told["faults"]) == (1, [])


async def test_of_two_lists_at_once_under_one_key_one_is_refused(
    office: Office, redis: Server
) -> None:
    head = "to,numero\n"
    lists = [head + "".join(f"01970{row:05},{name}\n" for row in range(300)) for name in ("A", "B")]
    for number in range(3):
        key = f"k{number}"
        answers = await asyncio.gather(*(post(office, body, Idempotency_Key=key) for body in lists))
        assert sorted(answer.status_code for answer in answers) == [202, 409]
        again = await asyncio.gather(*(post(office, body, Idempotency_Key=key) for body in lists))
        assert [a.status_code for a in again] == [a.status_code for a in answers]


async def test_the_same_list_twice_at_once_is_one_batch(office: Office) -> None:
    answers = await asyncio.gather(*(post(office, CSV, Idempotency_Key="a") for _ in range(6)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_a_reference_of_a_list_is_as_long_as_that_of_a_message(office: Office) -> None:
    body = f"to,reference,numero\n0197000001,{'R' * 101},EC-1\n"
    (fault,) = (await post(office, body, "&dry_run=1")).json()["faults"]
    assert (fault["column"], fault["code"]) == ("reference", "too-long")
