"""The catalogues of a deployment: `<locales>/<language>/LC_MESSAGES/<domain>.po`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.errors import CatalogueError
from gateway.menu.folder import PACKAGE_LOCALES
from gateway.menu.program import Place, Program
from gateway.menu.translation.merge import fresh, merge
from gateway.menu.translation.po import Catalogue, Entry, Key, read, write
from gateway.menu.translation.template import Message, Template, template
from gateway.menu.words import DOMAIN
from gateway.text.language import Language


@dataclass(frozen=True, slots=True)
class Change:
    """One file that `extract` has written anew, and how many entries it has gained."""

    path: Path
    new: int


@dataclass(frozen=True, slots=True)
class Count:
    """One catalogue. A fuzzy entry has a text that no native speaker has read yet."""

    language: str
    domain: str
    translated: int
    fuzzy: int
    missing: int

    @property
    def total(self) -> int:
        return self.translated + self.fuzzy + self.missing

    @property
    def read(self) -> int:
        """Per cent of the entries that a native speaker has read; the rest is rounded off."""
        return 100 * self.translated // self.total if self.total else 100


def extract(program: Program, folder: Path, locales: Path, own: Path | None = None) -> list[Change]:
    """Write the templates and bring every declared language's catalogues up to date.

    `folder` is where the menus are; places are written from where it stands. The gateway's own
    words are written only for a language that the package has not, or whose words the deployment
    overrides already; to `own`, if it is given, all of them.
    Returns the files that have changed. Raises CatalogueError, before anything is written, if
    one of the catalogues can't be read.
    """
    wanted = _from(folder, template(program))
    files: dict[Path, tuple[Catalogue, int]] = {}
    for language in _languages(program):
        elsewhere = _orphans(language, locales, wanted)
        for domain, messages in wanted.items():
            path = catalogue_path(locales, language.code, domain)
            old = _read(path)
            if domain == DOMAIN:
                if not path.exists() and _package(language).exists():
                    continue  # what the package has drafted in part is for those who ship it
                messages = _lacking(messages, language, old)
            new = merge(domain, messages, old, language, elsewhere)
            if new.entries or old.entries:
                files[path] = new, _gained(old, new)
        if own is not None:
            path = catalogue_path(own, language.code, DOMAIN)
            old = _read(path)
            new = merge(DOMAIN, wanted[DOMAIN], old, language)
            files[path] = new, _gained(old, new)
    for domain, messages in wanted.items():
        files[locales / f"{domain}.pot"] = fresh(domain, messages), 0
    return [
        Change(path, gained)
        for path, (catalogue, gained) in sorted(files.items())
        if _write(path, catalogue)
    ]


def status(program: Program, locales: Path) -> list[Count]:
    """How far each language has come in each domain. Raises CatalogueError."""
    wanted = template(program)
    counts = []
    for language in _languages(program):
        for domain, messages in wanted.items():
            found = _served(language.code, domain, locales)
            texts = [message for message in messages if not message.wordless]
            entries = [found.get((None, message.msgid)) for message in texts]
            translated = sum(_done(entry) and not _fuzzy(entry) for entry in entries)
            fuzzy = sum(_done(entry) and _fuzzy(entry) for entry in entries)
            missing = len(texts) - translated - fuzzy
            counts.append(Count(language.code, domain, translated, fuzzy, missing))
    return counts


def orphans(program: Program, locales: Path) -> Iterator[Path]:
    """Catalogues of services that there are no more."""
    domains = template(program).keys()
    for language in _languages(program):
        yield from _orphan_paths(language, locales, domains)


def catalogue_path(locales: Path, language: str, domain: str) -> Path:
    return locales / language / "LC_MESSAGES" / f"{domain}.po"


def _languages(program: Program) -> list[Language]:
    site = program.site
    return [language for code, language in site.languages.items() if code != site.source]


def _from(folder: Path, wanted: Template) -> Template:
    """Places as everybody sees them who has the deployment's folder, wherever it lies."""
    root = folder.resolve().parent

    def seen(place: Place) -> Place:
        path = Path(place.file).resolve()
        file = path.relative_to(root).as_posix() if path.is_relative_to(root) else place.file
        return replace(place, file=file.replace(" ", "%20"))

    return {
        domain: tuple(
            replace(message, places=[seen(place) for place in message.places])
            for message in messages
        )
        for domain, messages in wanted.items()
    }


def _read(path: Path) -> Catalogue:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Catalogue()
    except UnicodeDecodeError:
        raise CatalogueError(str(path), 1, "not UTF-8: save the file as UTF-8") from None
    except OSError as error:
        raise CatalogueError(str(path), 1, f"cannot be read: {error.strerror}") from None
    return read(text, str(path))


def _write(path: Path, catalogue: Catalogue) -> bool:
    """Whether the file has changed; one that says the same already is left alone."""
    text = write(catalogue)
    if path.is_file() and path.read_bytes() == text.encode():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8", newline="\n")
    beside.replace(path)  # a crash leaves the old file or the new one, never half of it
    return True


def _gained(old: Catalogue, new: Catalogue) -> int:
    before = old.by_key(obsolete=False)
    return sum(key not in before for key in new.by_key(obsolete=False))


def _package(language: Language) -> Path:
    return catalogue_path(PACKAGE_LOCALES, language.code, DOMAIN)


def _lacking(
    messages: Sequence[Message], language: Language, old: Catalogue
) -> tuple[Message, ...]:
    """Our words that the package has not in `language`, and those that `old` has overridden."""
    shipped = _read(_package(language)).by_key(obsolete=False)
    here = old.by_key(obsolete=False)
    return tuple(
        message
        for message in messages
        if (None, message.msgid) in here or not _done(shipped.get((None, message.msgid)))
    )


def _orphan_paths(language: Language, locales: Path, domains: Iterable[str]) -> Iterator[Path]:
    folder = locales / language.code / "LC_MESSAGES"
    known = set(domains)
    for path in sorted(folder.glob("*.po")):
        if path.stem not in known:
            yield path


def _orphans(language: Language, locales: Path, wanted: Template) -> dict[Key, Entry]:
    found: dict[Key, Entry] = {}
    for path in _orphan_paths(language, locales, wanted):
        for entry in _read(path).entries:
            if not entry.obsolete and entry.translated:
                found.setdefault(entry.key, entry)
    return found


def _served(language: str, domain: str, locales: Path) -> dict[Key, Entry]:
    """What is found for a domain: the package's own first, the deployment's over it."""
    found: dict[Key, Entry] = {}
    for folder in (PACKAGE_LOCALES, locales):
        live = _read(catalogue_path(folder, language, domain)).by_key(obsolete=False)
        found |= {key: entry for key, entry in live.items() if _done(entry)}
    return found


def _done(entry: Entry | None) -> bool:
    return entry is not None and entry.translated


def _fuzzy(entry: Entry | None) -> bool:
    return entry is not None and entry.fuzzy
