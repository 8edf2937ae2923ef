"""The gateway's own last pages (trouble, busy, unknown code) as a caller's phone shows them."""

from __future__ import annotations

from gateway.events import Bearer, Encoding
from gateway.menu.program import Program, Scope
from gateway.text.transliteration import fit


def sentence(program: Program, key: str, language: str | None, bearer: Bearer) -> str:
    """A sentence of `gateway.menu.words` in `language`, or the site's source language."""
    site = program.site
    code = language if language in site.offered else site.source
    spoken = site.languages[code]
    gsm = bearer.encoding is Encoding.GSM7
    text = program.words[key].render(code, Scope({}, spoken), gsm=gsm)
    return fit(text, bearer.encoding, spoken.policy)
