"""Scenario files as they are on disk: read with their faults told, written all or nothing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from gateway.menu.codes import Code
from gateway.menu.findings import Findings
from gateway.menu.folder import LARGEST
from gateway.menu.program import Place

_BOM = "\ufeff"


def read_text(path: Path, findings: Findings) -> str | None:
    """What the file says, its line breaks as they are; None where a finding tells why not."""
    start = Place(path.as_posix(), 1, 1)
    try:
        if path.stat().st_size > LARGEST:
            findings.error(start, Code.FILE_TOO_LARGE, "larger than any file of scenarios needs")
            return None
        content = path.read_bytes()
    except OSError as error:
        findings.error(start, Code.FILE_UNREADABLE, f"it can't be read: {error.strerror}")
        return None
    try:
        return content.decode("utf-8").removeprefix(_BOM)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message, hint = "not UTF-8", "save the file as UTF-8 in your editor"
        findings.error(Place(path.as_posix(), line, 1), Code.FILE_ENCODING, message, hint)
        return None


def replace_text(path: Path, text: str) -> None:
    """Put `text` in the place of what `path` held, so that at no time half of it stands there.

    A byte-order mark and the kind of line break stay what they were. Raises OSError.
    """
    path = path.resolve()
    mark, mode = "", 0o644
    if path.exists():
        old = path.read_bytes()
        mark = _BOM if old.startswith(_BOM.encode()) else ""
        mode = path.stat().st_mode
        if b"\r\n" in old:
            text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(f"{mark}{text}".encode())
        os.chmod(name, mode & 0o777)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
