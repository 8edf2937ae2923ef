"""Texts: cut at their braces, and found in every offered language's catalogue at load."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.menu.codes import Code
from gateway.menu.expressions import Refused, expression
from gateway.menu.findings import Findings
from gateway.menu.program import Expression, Place, Template, Text, Variant
from gateway.text.catalogue import GSM_CONTEXT, Catalogues, Entry
from gateway.text.language import Language

_BRACE = re.compile(r"[{}]")
_DOUBLED_NAME = re.compile(r"\{\{([^\W\d][\w.]*(?: *\| *\w+)?)\}\}")
_TO_CLOSE = re.compile(r"""'[^']*'|"[^"]*"|[{}]""")

Locate = Callable[[int], Place]
"""Where the character at an offset of a text stands in its file."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The languages on offer and their catalogues."""

    source: str
    languages: Mapping[str, Language]  # those offered, and the source
    offered: tuple[str, ...]
    catalogues: Catalogues
    findings: Findings

    def text(
        self,
        domain: str,
        place: Place,
        forms: Sequence[tuple[str, Locate]],
        count: Expression | None = None,
    ) -> Text | None:
        """One form, or `one` and `other`, of a text and their translations.

        None where a form can't be cut.
        """
        cut = [self._cut(form, locate) for form, locate in forms]
        templates = [template for template in cut if template is not None]
        if len(templates) < len(forms):
            return None
        sources = [form for form, _ in forms]
        reads = frozenset(_reads(templates)) | (count.reads if count else frozenset())
        translated = {code: self._variant(code, domain, sources, reads) for code in self.offered}
        written = None  # shared by all languages that have nothing of their own
        if None in translated.values():
            written = self._as_written(domain, sources, templates, reads)
        variants = {code: found for code, own in translated.items() if (found := own or written)}
        return Text(
            source=sources[0],
            source_plural=sources[1] if len(sources) > 1 else None,
            domain=domain,
            place=place,
            count=count,
            variants=variants,
            locate=tuple(locate for _, locate in forms),
        )

    def plain(self, domain: str, place: Place, source: str) -> Text:
        """A text of ours or of a declared value, which has no expression that could be wrong."""
        text = self.text(domain, place, [(source, lambda offset: place)])
        if text is None:
            raise ValueError(f"{source} can't be cut")
        return text

    def _cut(self, form: str, locate: Locate) -> Template | None:
        doubled = _DOUBLED_NAME.search(form)
        if doubled is not None:
            self.findings.warning(
                locate(doubled.start()),
                Code.DOUBLED_BRACES,
                f"doubled braces are shown as they are: {{{doubled[1]}}}",
                f"one is enough for a variable: {{{doubled[1]}}}",
            )
        try:
            return cut(form, locate)
        except Refused as refused:
            self.findings.error(locate(refused.offset), refused.code, refused.message, refused.hint)
            return None

    def _variant(
        self, code: str, domain: str, sources: Sequence[str], reads: frozenset[tuple[str, ...]]
    ) -> Variant | None:
        chain = (code, *self.languages[code].fallback)
        entry = self.catalogues.find(chain, domain, sources[0])
        forms = self._translated(entry, len(sources), reads) if entry is not None else None
        if entry is None or forms is None:
            return None
        gsm = self.catalogues.find((entry.language,), domain, sources[0], GSM_CONTEXT)
        return Variant(
            language=entry.language,
            forms=forms,
            plural=entry.plural,
            gsm=self._fitting(gsm, forms, reads),
            fuzzy=entry.fuzzy,
            place=_place(entry, 0),
        )

    def _as_written(
        self,
        domain: str,
        sources: Sequence[str],
        templates: Sequence[Template],
        reads: frozenset[tuple[str, ...]],
    ) -> Variant:
        language = self.languages[self.source]
        forms = tuple(templates)
        if len(forms) > 1:  # an author writes two; the source language may have one, or more
            forms = (forms[0], *(forms[1] for _ in range(1, language.plurals)))
            forms = forms if language.plurals > 1 else (templates[1],)
        gsm = self.catalogues.find((self.source,), domain, sources[0], GSM_CONTEXT)
        return Variant(
            language=self.source,
            forms=forms,
            plural=language.plural,
            gsm=self._fitting(gsm, forms, reads),
        )

    def _fitting(
        self, entry: Entry | None, forms: tuple[Template, ...], reads: frozenset[tuple[str, ...]]
    ) -> tuple[Template, ...] | None:
        """The GSM variant, where it has as many forms as the text it stands for."""
        if entry is None:
            return None
        gsm = self._translated(entry, len(forms), reads)
        return gsm if gsm is not None and len(gsm) == len(forms) else None

    def _translated(
        self, entry: Entry, wanted: int, reads: frozenset[tuple[str, ...]]
    ) -> tuple[Template, ...] | None:
        forms = entry.forms if wanted > 1 else entry.forms[:1]
        templates: list[Template] = []
        for index, form in enumerate(forms):
            place = _place(entry, index)
            try:
                template = cut(form.strip(), _at(place))
            except Refused as refused:
                self.findings.error(place, refused.code, refused.message, refused.hint)
                return None
            strange = sorted(".".join(path) for path in _reads([template]) - reads)
            if strange:
                known = ", ".join(sorted(f"{{{'.'.join(path)}}}" for path in reads))
                self.findings.error(
                    place,
                    Code.UNKNOWN_PLACEHOLDER,
                    f"the translation reads {{{strange[0]}}}, which its source text doesn't",
                    f"the source text reads {known or 'no variable'}",
                )
                return None
            templates.append(template)
        return tuple(templates)


def literal(words: str) -> str:
    """`words` as the source of a text that shows them as they are."""
    return words.replace("{", "{{").replace("}", "}}")


def _at(place: Place) -> Locate:
    return lambda offset: place


def _place(entry: Entry, form: int) -> Place:
    """Where the translation stands, not the text that it translates."""
    lines = entry.form_lines
    return Place(entry.file, lines[form] if form < len(lines) else entry.line, 1)


def _reads(templates: Iterable[Template]) -> set[tuple[str, ...]]:
    return {
        path
        for template in templates
        for piece in template
        if not isinstance(piece, str)
        for path in piece.reads
    }


def cut(text: str, locate: Locate) -> Template:
    """`text` in literals and expressions. `{{` and `}}` stand for the braces themselves.

    Raises `Refused`; its offset counts in `text`.
    """
    if "{" not in text and "}" not in text:
        return (text,)
    pieces: list[str | Expression] = []
    literal = ""
    position = 0
    while (brace := _BRACE.search(text, position)) is not None:
        start = brace.start()
        literal += text[position:start]
        if text[start : start + 2] in ("{{", "}}"):
            literal += brace[0]
            position = start + 2
            continue
        if brace[0] == "}":
            raise Refused(
                Code.BAD_EXPRESSION, "« } » closes nothing", "write }} to show one", start
            )
        end = _closing(text, start)
        if literal:
            pieces.append(literal)
            literal = ""
        inner = text[start + 1 : end]
        begins = start + 1 + len(inner) - len(inner.lstrip())
        try:
            pieces.append(expression(inner.strip(), locate(begins)))
        except Refused as refused:
            refused.offset += begins if inner.strip() else start
            raise
        position = end + 1
    literal += text[position:]
    if literal or not pieces:
        pieces.append(literal)
    return tuple(pieces)


def _closing(text: str, start: int) -> int:
    for found in _TO_CLOSE.finditer(text, start + 1):
        if found[0] == "}":
            return found.start()
        if found[0] == "{":
            break
    raise Refused(Code.BAD_EXPRESSION, "« { » is not closed", "write {{ to show one", start)
