"""From a folder of files to a program, everything that is wrong reported at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.menu import checks, site
from gateway.menu.codes import Code
from gateway.menu.dialling import segments
from gateway.menu.findings import Finding, Findings
from gateway.menu.folder import Files, read_files
from gateway.menu.labels import labels
from gateway.menu.preview import (
    Preview,
    pin_types,
    preview,
    reaches,
    received_pins,
    shared_pins,
)
from gateway.menu.program import Place, Program, Service, Site, Step, Table
from gateway.menu.service import read_service
from gateway.menu.shapes import read_keys
from gateway.menu.sheet import Outlook, Sheet
from gateway.menu.site import EARLY_KEYS, read_site
from gateway.menu.source import Map, Node, Scalar, Seq, parse
from gateway.menu.steps import Ids
from gateway.menu.tables import read_table
from gateway.menu.texts import Wording
from gateway.menu.words import DOMAIN, WORDS
from gateway.text.catalogue import Catalogues
from gateway.text.language import State, language

_MEANINGS = {"stop": "a stop word", "again": "a start-again word", "help": "a help word"}
_WORDS_PLACE = Place("gateway/menu/words.py", 1, 1)


@dataclass(frozen=True, slots=True)
class Loaded:
    """`program` is None where a finding is an error. `hash` names the content either way.

    `compiled` is what could be made of the files, errors or not: to look for more to say, never
    to be served.
    """

    program: Program | None
    findings: tuple[Finding, ...]
    hash: str
    compiled: Program | None = None


def load(folder: Path, locales: Sequence[Path] = (), *, drafts: bool) -> Loaded:
    """Read, check and compile the menus of `folder`, translated by `locales`.

    Our own catalogues are read first, so that `locales` may override them. With `drafts`, draft
    languages are offered and their fuzzy entries served. Never raises for what files hold.
    """
    findings = Findings()
    return compile_files(read_files(folder, locales, drafts, findings), drafts, findings)


def compile_files(files: Files, drafts: bool, findings: Findings) -> Loaded:
    """As `load`, for files that were read already."""
    program = _Compilation(files, drafts, findings).run()
    if program is not None and not findings.fatal:
        findings.add(checks.run(program, warnings=False))
    sound = None if findings.fatal else program
    return Loaded(sound, findings.in_order(), files.hash, program)


class _Compilation:
    def __init__(self, files: Files, drafts: bool, findings: Findings) -> None:
        self.files, self.drafts, self.findings = files, drafts, findings

    def run(self) -> Program | None:
        site_root = self._parse("site:site", self.files.site)
        roots = {
            name: self._parse(f"service:{name}", text) for name, text in self.files.services.items()
        }
        tables = self._tables()
        types = pin_types(site_root)
        previews = {
            name: preview(name, root, types) for name, root in roots.items() if root is not None
        }
        outlook = Outlook(
            services={name: previews[name].parts if name in previews else None for name in roots},
            tables=tables,
            broken_tables=frozenset(self.files.tables) - tables.keys(),
            declared=None if site_root is None else site.declared(site_root),
        )
        wording, read = self._site(site_root, outlook)
        services, steps = self._services(roots, previews, outlook, wording, read)
        words = {key: wording.plain(DOMAIN, _WORDS_PLACE, source) for key, source in WORDS.items()}
        if read is None:
            return None
        self._words_of_sms(site_root, roots)
        reached = reaches(previews)
        services = {
            name: replace(
                service,
                labels=labels(
                    services[there]
                    for there in (name, *sorted(reached[name] - {name}))
                    if there in services
                ),
            )
            for name, service in services.items()
        }
        return Program(
            hash=self.files.hash,
            site=read,
            services=services,
            steps=steps,
            words=words,
            tables=tables,
            codes={segments(code): service for code, service in read.codes.items()},
        )

    def _parse(self, key: str, text: str | None) -> Map | None:
        if text is None:
            return None
        file = self.files.paths[key]
        before = len(self.findings)
        root = parse(file, text, self.findings)
        if isinstance(root, Map):
            return root
        if len(self.findings) == before:
            place = Place(file, 1, 1) if root is None else root.place
            if isinstance(root, Seq | Scalar) and (isinstance(root, Seq) or root.text):
                self.findings.error(
                    place, Code.BAD_VALUE, "a file begins with keys, such as title:"
                )
            else:
                self.findings.error(place, Code.FILE_EMPTY, "this file says nothing")
        return None

    def _tables(self) -> dict[str, Table]:
        found = {}
        for name, text in self.files.tables.items():
            if text is not None:
                file = self.files.paths[f"table:{name}"]
                table = read_table(name, file, text, self.findings)
                if table is not None:
                    found[name] = table
        return found

    # ---- the site --------------------------------------------------------------------

    def _site(self, root: Map | None, outlook: Outlook) -> tuple[Wording, Site | None]:
        if root is None:
            return self._without_site(), None
        # Only what is there twice over is read twice: `languages` decides what a text is.
        early_node = Map(
            root.source,
            root.start,
            root.end,
            root.flow,
            [
                (key, value)
                for key, value in root.entries
                if key.text in {known.name for known in EARLY_KEYS}
            ],
        )
        early_sheet = Sheet(
            "site", self.findings, self._without_site(), outlook, mended=root.source.mended
        )
        early = read_keys(early_node, EARLY_KEYS, early_sheet, "a site")
        source, languages, offered = site.languages(early, self.drafts)
        draft_languages = [code for code, known in languages.items() if known.state is State.DRAFT]
        catalogues = Catalogues(self.files.locales, self.drafts, draft_languages)
        for error in catalogues.errors:
            self.findings.error(Place(error.file, error.line, 1), Code.BAD_CATALOGUE, error.reason)
        wording = Wording(source, languages, offered, catalogues, self.findings)
        sheet = Sheet("site", self.findings, wording, outlook, mended=root.source.mended)
        return wording, read_site(root, early, sheet, self.drafts)

    def _without_site(self) -> Wording:
        known = language(site.SOURCE)
        catalogues = Catalogues((), False)
        return Wording(site.SOURCE, {site.SOURCE: known}, (site.SOURCE,), catalogues, self.findings)

    # ---- services --------------------------------------------------------------------

    def _services(
        self,
        roots: Mapping[str, Map | None],
        previews: Mapping[str, Preview],
        outlook: Outlook,
        wording: Wording,
        read: Site | None,
    ) -> tuple[dict[str, Service], dict[str, Step]]:
        shared, received = shared_pins(previews), received_pins(previews)
        ids = Ids()
        services = {}
        for name, root in roots.items():
            if root is None:
                continue
            sheet = Sheet(
                domain=name.replace("/", "."),
                findings=self.findings,
                wording=wording,
                outlook=outlook,
                site=read,
                service=name,
                pins=received[name],
                mended=root.source.mended,
            )
            service = read_service(root, sheet, shared[name], ids)
            if service is not None:
                services[name] = service
        steps = {
            step.id: step
            for service in services.values()
            for part in service.parts.values()
            for step in part
        }
        return services, steps

    def _words_of_sms(self, site_root: Map | None, roots: Mapping[str, Map | None]) -> None:
        """A word that could be taken two ways would be taken one way by surprise."""
        sms = site_root.get("sms") if site_root is not None else None
        groups: list[tuple[str, Node | None]] = []
        if isinstance(sms, Map):
            groups += [(meaning, sms.get(name)) for name, meaning in _MEANINGS.items()]
        groups += [
            (f"a keyword of {name}", root.get("keywords"))
            for name, root in roots.items()
            if root is not None
        ]
        taken: dict[str, str] = {}
        for meaning, node in groups:
            for word in node.items if isinstance(node, Seq) else ():
                if not isinstance(word, Scalar):
                    continue
                before = taken.setdefault(_bare(word.text), meaning)
                if before != meaning:
                    self.findings.error(
                        word.place,
                        Code.REPEATED_WORD,
                        f"« {word.text} » is {meaning}, and already {before}",
                        "a word of SMS has one meaning; take another",
                    )


def _bare(word: str) -> str:
    """Without accents and case, as words of SMS are compared."""
    letters = unicodedata.normalize("NFD", word.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
