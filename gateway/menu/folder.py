"""A deployment's files as they are on disk: read once, hashed, each fault a finding."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.menu.codes import Code
from gateway.menu.findings import Findings
from gateway.menu.names import is_service
from gateway.menu.program import Place

LARGEST = 8 * 1024 * 1024
PACKAGE_LOCALES = Path(__file__).resolve().parent.parent / "locales"
_NAMES = "use small letters without accents, digits, « - » and « _ »"
_RESERVED = frozenset(("site", "gateway", "home", "language", "again", "continue"))


@dataclass(frozen=True, slots=True)
class Files:
    """`site` and `services` are YAML texts, `tables` CSV texts; None for one that can't be read.

    Keys are names; `paths` tells the file of each for findings. `hash` is of every byte that a
    program is made of, catalogues included.
    """

    hash: str
    folder: str
    site: str | None
    services: dict[str, str | None]
    tables: dict[str, str | None]
    paths: dict[str, str]
    locales: tuple[Path, ...]


def read_files(folder: Path, locales: Sequence[Path], drafts: bool, findings: Findings) -> Files:
    """Everything a program is made of. What can't be read is a finding, never an exception."""
    catalogues = (PACKAGE_LOCALES, *locales)
    digest = hashlib.blake2b(f"drafts={drafts}".encode(), digest_size=16)
    reader = _Reader(folder, findings, digest)
    files = Files("", folder.as_posix(), None, {}, {}, {}, catalogues)
    if not folder.is_dir():
        findings.error(Place(files.folder, 1, 1), Code.FILE_MISSING, "there is no such folder")
        return files
    site = None
    for path in reader.walk():
        name, kind = _kind(path.relative_to(folder), findings, folder)
        if kind == "":
            continue
        text = reader.read(path)
        files.paths[f"{kind}:{name}"] = shown(path)
        if kind == "site":
            site = text
        elif kind == "table":
            files.tables[name] = text
        else:
            files.services[name] = text
    if "site:site" not in files.paths:
        place = Place((folder / "site.yaml").as_posix(), 1, 1)
        findings.error(place, Code.FILE_MISSING, "a deployment needs its site.yaml")
    for catalogue in catalogues:
        for path in sorted(catalogue.glob("*/LC_MESSAGES/*.po")):
            reader.add(path, catalogue)
    return Files(
        digest.hexdigest(),
        files.folder,
        site,
        files.services,
        files.tables,
        files.paths,
        catalogues,
    )


def shown(path: Path) -> str:
    """The path for people; a name that isn't UTF-8 could not even be printed."""
    return path.as_posix().encode("utf-8", "replace").decode("utf-8")


class _Reader:
    def __init__(self, folder: Path, findings: Findings, digest: hashlib.blake2b) -> None:
        self._folder, self._findings, self._digest = folder, findings, digest

    def walk(self) -> Iterator[Path]:
        """All files that may concern us, in the order of their paths."""
        for root, folders, names in os.walk(self._folder, onerror=self._closed):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                path = Path(root, name)
                if name.startswith("."):
                    continue
                # A pipe would keep us waiting; a link that leads nowhere is told as unreadable.
                if path.is_file() or path.is_symlink():
                    yield path

    def _closed(self, error: OSError) -> None:
        place = Place(shown(Path(error.filename)), 1, 1)
        self._findings.error(place, Code.FILE_UNREADABLE, "this folder may not be read")

    def add(self, path: Path, base: Path) -> bytes | None:
        """The file's bytes, noted in the hash by its path below `base`."""
        try:
            content = path.read_bytes()
        except OSError as error:
            self._digest.update(f"\0{shown(path)}\0{error.strerror}".encode())
            return None
        name = path.relative_to(base).as_posix().encode("utf-8", "surrogateescape")
        self._digest.update(b"\0%b\0%d\0" % (name, len(content)))
        self._digest.update(content)
        return content

    def read(self, path: Path) -> str | None:
        place = Place(shown(path), 1, 1)
        try:
            size = path.stat().st_size
        except OSError:
            size = 0
        if size > LARGEST:
            self._digest.update(f"\0{shown(path)}\0{size}".encode())
            message = f"larger than {LARGEST // 2**20} MB, which no menu or table needs"
            self._findings.error(place, Code.FILE_TOO_LARGE, message)
            return None
        content = self.add(path, self._folder)
        if content is None:
            self._findings.error(place, Code.FILE_UNREADABLE, "this file may not be read")
            return None
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            before = content[: error.start]
            line_start = before.rfind(b"\n") + 1
            column = len(before[line_start:].decode("utf-8", "replace")) + 1
            self._findings.error(
                Place(place.file, before.count(b"\n") + 1, column),
                Code.FILE_ENCODING,
                "not UTF-8",
                "save the file as UTF-8 in your editor",
            )
            return None
        if not text.strip():
            self._findings.error(place, Code.FILE_EMPTY, "this file says nothing")
            return None
        return text


def _kind(path: Path, findings: Findings, folder: Path) -> tuple[str, str]:
    """The name and kind (site, service, table) of a file, or an empty kind for others."""
    posix = path.as_posix()
    place = Place(shown(folder / path), 1, 1)
    suffix = path.suffix.lower()
    if posix.startswith("tables/") and suffix == ".csv":
        name = posix.removeprefix("tables/")[: -len(suffix)]
        if is_service(name):
            return name, "table"
        findings.error(place, Code.FILE_NAME, "this can't be the name of a table", _NAMES)
        return "", ""
    if suffix not in (".yaml", ".yml") or posix.endswith((".test.yaml", ".test.yml")):
        return "", ""
    name = posix[: -len(suffix)]
    if path.suffix != ".yaml":
        message = "this file would not be read"
        findings.error(place, Code.FILE_NAME, message, "a menu's name ends in .yaml")
        return "", ""
    if name == "site":
        return "site", "site"
    if name in _RESERVED:
        findings.error(place, Code.RESERVED_NAME, f"a service can't be called « {name} »")
        return "", ""
    if not is_service(name):
        findings.error(
            place,
            Code.FILE_NAME,
            "this can't be the name of a service",
            _NAMES,
        )
        return "", ""
    return name, "service"
