"""Files are replaced whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.menu.findings import Findings
from gateway.scenarios.files import read_text, replace_text


def test_a_new_file_is_written(tmp_path: Path) -> None:
    path = tmp_path / "acte.test.yaml"
    replace_text(path, "é\n")
    assert path.read_bytes() == b"\xc3\xa9\n"
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    replace_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_what_cannot_be_put_in_place_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "acte.test.yaml"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        replace_text(path, "new")
    assert [found.name for found in tmp_path.iterdir()] == ["acte.test.yaml"]
    assert path.read_text() == "old"


def test_a_file_larger_than_any_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "acte.test.yaml"
    with path.open("wb") as file:
        file.truncate(9 * 2**20)
    findings = Findings()
    assert read_text(path, findings) is None
    assert [found.code for found in findings.in_order()] == ["file-too-large"]
