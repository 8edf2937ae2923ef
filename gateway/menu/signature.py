"""Who sends a message stands first in it: « ANIP : acte EC-1042 prêt. »

Worked out at load, for each language: the agency's short name as the catalogue of `site` has it,
then the colon as that language writes it, with a space before it in French. A text that begins
with the agency's name is left as it is.
"""

from __future__ import annotations

from dataclasses import replace

from gateway.menu.checks.wording import fold, plain
from gateway.menu.program import Agency, Template, Text, Variant

_SPACED = frozenset({"fr"})  # languages with a space before the colon; a plain one, as GSM-7 has


def signed(text: Text, agency: Agency | None) -> Text:
    """`text` in every language with the agency before it; as it is where there is no agency."""
    if agency is None:
        return text
    variants = {
        code: _signed(variant, sender_in(agency, variant.language), agency)
        for code, variant in text.variants.items()
    }
    return replace(text, variants=variants)


def sender_in(agency: Agency, language: str) -> str:
    """The agency's short name in `language`, or as the site has it."""
    variant = agency.sender.variants.get(language)
    if variant is None or variant.language != language:
        return agency.sender.source.replace("{{", "{").replace("}}", "}")
    return plain(variant.forms[0])


def _signed(variant: Variant, sender: str, agency: Agency) -> Variant:
    colon = " : " if variant.language.partition("_")[0] in _SPACED else ": "
    names = {fold(name) for name in (sender, agency.title, agency.sender.source)}

    def sign(form: Template) -> Template:
        first = form[0] if isinstance(form[0], str) else ""
        if any(_begins(fold(first), name) for name in names):
            return form
        lead = f"{sender}{colon}{first}"
        return (lead, *(form[1:] if isinstance(form[0], str) else form))

    gsm = variant.gsm
    return replace(
        variant,
        forms=tuple(map(sign, variant.forms)),
        gsm=tuple(map(sign, gsm)) if gsm is not None else None,
    )


def _begins(words: str, name: str) -> bool:
    return words.startswith(name) and not words[len(name) : len(name) + 1].isalnum()
