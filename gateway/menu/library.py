"""The programs of a running process: the newest, and those that conversations still run on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from gateway.errors import MenuError
from gateway.menu.findings import Findings
from gateway.menu.folder import read_files
from gateway.menu.loading import Loaded, compile_files
from gateway.menu.program import Program

_KEPT = 3


class Library:
    """Menus of `folder`, taken up anew by `reload`: all or nothing, the last good ones kept."""

    def __init__(self, folder: Path, locales: Sequence[Path] = (), *, drafts: bool) -> None:
        """Loads nothing yet; `reload` does."""
        self.folder, self.locales, self.drafts = folder, tuple(locales), drafts
        self._kept: dict[str, Program] = {}  # oldest first
        self._last: Loaded | None = None

    @property
    def current(self) -> Program:
        """The newest good program. Raises MenuError where none was ever loaded."""
        for program in reversed(self._kept.values()):
            return program
        raise MenuError(f"no menus could be loaded from {self.folder}")

    def get(self, hash: str) -> Program | None:
        """One of the last three good programs by its hash."""
        return self._kept.get(hash)

    def reload(self, accept: Callable[[Program], None] | None = None) -> Loaded:
        """Reads the files; compiles them only where their content changed since the last time.

        A content that is wrong leaves `current` as it is; so does one that `accept` raises for,
        which sees each new program before it is served.
        """
        findings = Findings()
        files = read_files(self.folder, self.locales, self.drafts, findings)
        if self._last is not None and self._last.hash == files.hash:
            return self._last
        kept = self._kept.get(files.hash)
        loaded = (
            compile_files(files, self.drafts, findings)
            if kept is None
            else Loaded(kept, (), files.hash)
        )
        if loaded.program is not None and accept is not None:
            accept(loaded.program)
        self._last = loaded
        if loaded.program is not None:
            self._kept.pop(files.hash, None)
            self._kept[files.hash] = loaded.program
            while len(self._kept) > _KEPT:
                del self._kept[next(iter(self._kept))]
        return loaded
