"""Logs: JSON lines, a correlation id, and nothing of a citizen."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from gateway.errors import NumberError
from gateway.logs import REDACTED, configure, correlation, failure, new_correlation

NUMBER = "+2290197000001"


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    configure("info")
    token = correlation.set(None)
    yield
    correlation.reset(token)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_json_with_its_correlation(capsys: pytest.CaptureFixture[str]) -> None:
    made = new_correlation()
    structlog.get_logger("x").warning("store-away", seconds=1.5)
    (line,) = _lines(capsys)
    assert line["event"] == "store-away"
    assert line["level"] == "warning"
    assert line["correlation"] == made
    assert line["seconds"] == 1.5
    assert line["at"].endswith("+00:00")


def test_below_the_level_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure("warning")
    structlog.get_logger("quiet").info("access")
    assert _lines(capsys) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"phone": NUMBER},
        {"note": f"from {NUMBER}"},
        {"note": "01 97 00 00 01"},
        {"note": 2290197000001},
        {"notes": [NUMBER, {"text": "Kossi"}]},
        {"inside": {"transcript": "1*2*Kossi", "other": NUMBER}},
        {"text": "Kossi"},
        {"arguments": {"npi": "1234567890", "nom": "Kossi"}},
        {"token": "Kossi"},
        {"note": Exception(NUMBER)},
    ],
)
def test_what_slips_into_a_field_is_masked(
    fields: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    structlog.get_logger("y").error("anything", **fields)
    written = capsys.readouterr().err
    assert REDACTED in written
    for secret in ("97000001", "97 00 00 01", "Kossi", "1234567890"):
        assert secret not in written


def test_a_number_in_the_event_itself_is_masked(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("z").error(f"cannot serve {NUMBER}")
    (line,) = _lines(capsys)
    assert line["event"] == f"cannot serve {REDACTED}"


def test_an_exception_is_its_type_and_frames(capsys: pytest.CaptureFixture[str]) -> None:
    """Messages of exceptions quote what they choked on: `invalid literal for int(): 'Kossi'`."""
    try:
        int("Kossi")
    except ValueError:
        structlog.get_logger("e").exception("failed")
    (line,) = _lines(capsys)
    assert line["error"] == "ValueError"
    assert any("test_logs.py" in frame for frame in line["where"])
    assert "Kossi" not in json.dumps(line)


def test_our_own_errors_are_told_by_code() -> None:
    try:
        raise NumberError(NUMBER)
    except NumberError as error:
        told = failure(error)
    assert told["error"] == "number"
    assert NUMBER not in json.dumps(told)


def test_a_library_that_logs_what_it_was_given_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("some.http").warning("request to %s failed", f"/x/Kossi/{NUMBER}")
    logging.getLogger("some.http").info("not heard")
    try:
        int("Kossi")
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
    logging.getLogger("uvicorn.access").info('"POST /callbacks/x/token/ussd" 200')
    lines = _lines(capsys)
    assert [line["event"] for line in lines] == [
        "request to %s failed",
        "Exception in ASGI application",
    ]
    assert lines[1]["error"] == "ValueError"
    assert "Kossi" not in json.dumps(lines)
