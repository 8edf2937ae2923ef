"""Every dialect reads and writes as its file in `cases/` says; one without a file fails."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import RequestMalformed, RequestRefused
from gateway.events import (
    IncomingSms,
    MessageState,
    OptedOut,
    Receipt,
    UssdReply,
    UssdRequest,
)
from gateway.providers import Dialect, Ending, Present, SessionEnded, dialects

CASES = Path(__file__).parent / "cases"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def _cases(kind: str) -> list[Any]:
    found = []
    for name in dialects:
        told = yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
        found += [
            pytest.param(dialects[name], case, id=f"{name}: {case['case']}")
            for case in told.get(kind, ())
        ]
    return found


def _body(case: dict[str, Any]) -> bytes:
    return case["bytes"].encode("latin-1") if "bytes" in case else str(case["body"]).encode()


def _type(case: dict[str, Any]) -> str:
    """What goes with a body that does not say: one that looks like JSON is meant as such."""
    return str(case.get("type", JSON if str(case.get("body", "")).startswith("{") else FORM))


@pytest.mark.parametrize("name", sorted(dialects))
def test_a_dialect_has_cases_and_bears_its_files_name(name: str) -> None:
    """A new dialect without cases fails here."""
    told = yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
    dialect = dialects[name]
    assert dialect.name == name
    read = {
        "ussd": dialect.read_ussd,
        "replies": dialect.write_ussd,
        "visits": dialect.find_ussd,
        "events": dialect.read_event,
        "sms": dialect.read_sms,
        "receipts": dialect.read_receipts,
        "opt_outs": dialect.read_opt_outs,
    }
    assert told.keys() == {kind for kind, reader in read.items() if reader is not None}
    assert all(told.values())


def _ussd(dialect: Dialect, case: dict[str, Any]) -> object:
    """What a request is read as: by its body, or by its address and its body."""
    content_type = case.get("type", FORM if "address" not in case else JSON)
    if "address" not in case:
        assert dialect.read_ussd is not None
        return dialect.read_ussd(_body(case), content_type, "BJ")
    assert dialect.find_ussd is not None
    visit = dialect.find_ussd(case.get("method", "POST"), case["address"].split("/"))
    assert visit is not None
    assert visit.route == case["route"]
    assert visit.method == case.get("method", "POST")
    return visit.read(_body(case), content_type, "BJ")


def _read(dialect: Dialect, case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(RequestRefused) as refused:
            _ussd(dialect, case)
        assert refused.value.status == case["refused"]
    elif "malformed" in case:
        with pytest.raises(RequestMalformed, match=case["malformed"]):
            _ussd(dialect, case)
    elif "ending" in case:
        assert _ussd(dialect, case) == SessionEnded(Ending(case["ending"]))
    elif "present" in case:
        assert _ussd(dialect, case) == Present()
    else:
        expected = {"network": None, **case["gives"]}
        if dialect.read_ussd is not None:
            expected.setdefault("transcript", "")
        assert _ussd(dialect, case) == UssdRequest(provider=dialect.name, **expected)


@pytest.mark.parametrize(("dialect", "case"), _cases("ussd"))
def test_a_request_is_read(dialect: Dialect, case: dict[str, Any]) -> None:
    _read(dialect, case)


@pytest.mark.parametrize(("dialect", "case"), _cases("visits"))
def test_an_address_of_a_session_is_found_and_read(dialect: Dialect, case: dict[str, Any]) -> None:
    if case.get("nothing"):
        assert dialect.find_ussd is not None
        assert dialect.find_ussd(case.get("method", "POST"), case["address"].split("/")) is None
        return
    _read(dialect, case)


@pytest.mark.parametrize(("dialect", "case"), _cases("events"))
def test_an_ended_session_is_read(dialect: Dialect, case: dict[str, Any]) -> None:
    assert dialect.read_event is not None
    content_type = case.get("type", FORM)
    if "refused" in case:
        with pytest.raises(RequestRefused) as refused:
            dialect.read_event(_body(case), content_type)
        assert refused.value.status == case["refused"]
    else:
        assert dialect.read_event(_body(case), content_type).ending is Ending(case["ending"])


def _refused(case: dict[str, Any], read: Callable[[], object]) -> bool:
    if "refused" not in case:
        return False
    with pytest.raises(RequestRefused) as refused:
        read()
    assert refused.value.status == case["refused"]
    return True


@pytest.mark.parametrize(("dialect", "case"), _cases("sms"))
def test_a_message_that_came_is_read(dialect: Dialect, case: dict[str, Any]) -> None:
    reader = dialect.read_sms
    assert reader is not None

    def read() -> list[IncomingSms]:
        return list(reader(_body(case), _type(case), "BJ"))

    if not _refused(case, read):
        assert read() == [IncomingSms(provider=dialect.name, **one) for one in case["gives"]]


@pytest.mark.parametrize(("dialect", "case"), _cases("receipts"))
def test_a_receipt_is_read(dialect: Dialect, case: dict[str, Any]) -> None:
    reader = dialect.read_receipts
    assert reader is not None

    def read() -> list[Receipt]:
        return list(reader(_body(case), _type(case)))

    if not _refused(case, read):
        expected = [
            Receipt(dialect.name, **{**one, "state": one["state"] and MessageState(one["state"])})
            for one in case["gives"]
        ]
        assert read() == expected


@pytest.mark.parametrize(("dialect", "case"), _cases("opt_outs"))
def test_an_opt_out_is_read(dialect: Dialect, case: dict[str, Any]) -> None:
    reader = dialect.read_opt_outs
    assert reader is not None

    def read() -> list[OptedOut]:
        return list(reader(_body(case), case.get("type", FORM), "BJ"))

    if not _refused(case, read):
        assert read() == [OptedOut(dialect.name, **one) for one in case["gives"]]


@pytest.mark.parametrize(("dialect", "case"), _cases("replies"))
def test_a_reply_is_written(dialect: Dialect, case: dict[str, Any]) -> None:
    assert dialect.write_ussd is not None
    wire = dialect.write_ussd(UssdReply(case["text"], case["ends"]))
    assert wire.status == 200
    assert wire.body == case["body"].encode()
    headers = dict(wire.headers)
    assert headers[b"content-type"].decode() == case.get("type", "text/plain; charset=utf-8")
    assert headers[b"content-length"] == str(len(wire.body)).encode()


@pytest.mark.parametrize(("dialect", "case"), [*_cases("ussd"), *_cases("visits")])
def test_what_is_wrong_is_told_without_what_was_sent(
    dialect: Dialect, case: dict[str, Any]
) -> None:
    """Errors go to the log: neither number nor text nor session may stand in one."""
    if case.keys().isdisjoint({"refused", "malformed"}):
        return
    with pytest.raises((RequestRefused, RequestMalformed)) as error:
        _ussd(dialect, case)
    assert not any(character.isdigit() for character in str(error.value))


@given(st.binary(max_size=400), st.sampled_from([FORM, JSON, "", "text/xml"]))
def test_no_bytes_are_too_strange(body: bytes, content_type: str) -> None:
    """Whatever comes is read, refused or called malformed; nothing else leaves a dialect."""
    for dialect in dialects.values():
        simple = (dialect.read_event, dialect.read_receipts)
        local = (dialect.read_ussd, dialect.read_sms, dialect.read_opt_outs)
        readers: list[Callable[[], object]] = [
            *(partial(read, body, content_type) for read in simple if read is not None),
            *(partial(read, body, content_type, "BJ") for read in local if read is not None),
        ]
        if dialect.find_ussd is not None:
            for last in ("start", "response", "end"):
                visit = dialect.find_ussd("POST", ["session", "1", last])
                if visit is not None:
                    readers.append(partial(visit.read, body, content_type, "BJ"))
        for read in readers:
            with suppress(RequestRefused, RequestMalformed):
                read()
