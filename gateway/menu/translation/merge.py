"""A translator's catalogue brought up to date with a template: nothing of hers is thrown away.

An entry whose source text changed a little keeps its translation, marked fuzzy, with the text
it was made for (`#| msgid`). What is no longer in the menus stays at the end of the file
(`#~`), and comes back if the text does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from unicodedata import normalize

from gateway.menu.translation.po import Catalogue, Entry, Key, said
from gateway.menu.translation.template import Message
from gateway.text.catalogue import GSM_CONTEXT
from gateway.text.language import Language

_ALIKE = 0.6  # what difflib, and gettext's tools, call a near match
_OURS = re.compile(r"max-length:\d+|python-brace-format|no-python-brace-format")
_PLURAL_FORMS = re.compile(r"nplurals\s*=\s*([1-9])\s*;\s*plural\s*=\s*\S.*")


def merge(
    domain: str,
    messages: Sequence[Message],
    old: Catalogue,
    language: Language,
    elsewhere: Mapping[Key, Entry] | None = None,
) -> Catalogue:
    """`old` with the entries of `messages`, in their order.

    `elsewhere` are translations of the same language that belong to no service any more: a
    renamed service finds its own there. Neither they nor `old` are changed.
    """
    live, dead = old.by_key(obsolete=False), old.by_key(obsolete=True)
    wanted = {(None, normalize("NFC", message.msgid)) for message in messages}
    gone = [entry for key, entry in live.items() if key not in wanted and _plain(entry)]
    headers = _headers(domain, old.headers, language)
    forms = _plurals(headers)
    entries: list[Entry] = []
    used: set[Key] = set()
    for message in messages:
        key: Key = (None, normalize("NFC", message.msgid))
        source = live.get(key) or dead.get(key) or (elsewhere or {}).get(key)
        if source is None and message.wordless:
            continue
        near = None if source is not None else _nearest(message, [*gone, *dead.values()])
        entries.append(_entry(message, source, near, forms))
        used.add(key)
        short: Key = (GSM_CONTEXT, key[1])
        variant = live.get(short) or dead.get(short)
        if variant is not None:
            entries.append(_entry(message, variant, None, forms))
            used.add(short)
    rest = [entry for entry in old.entries if entry.key not in used and entry.touched]
    return Catalogue(headers, list(old.comments), [*entries, *_obsolete(rest)])


def fresh(domain: str, messages: Iterable[Message]) -> Catalogue:
    """The template itself: every entry empty, no language."""
    headers = {"Project-Id-Version": domain, **_FIXED}
    entries = [_entry(message, None, None, 2) for message in messages if not message.wordless]
    return Catalogue(headers, [], entries)


_FIXED = {
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
}


def _headers(domain: str, old: Mapping[str, str], language: Language) -> dict[str, str]:
    """Ours first; what the translator's own tool has put there stays."""
    rule = f"nplurals={language.plurals}; plural={language.plural_rule};"
    theirs = old.get("Plural-Forms", "")
    if _PLURAL_FORMS.fullmatch(theirs):
        rule = theirs  # the catalogue's plural forms decide
    ours = {
        "Project-Id-Version": domain,
        "Language": language.code,
        **_FIXED,
        "Plural-Forms": rule,
    }
    return ours | {name: value for name, value in old.items() if name not in ours}


def _plurals(headers: Mapping[str, str]) -> int:
    found = _PLURAL_FORMS.fullmatch(headers["Plural-Forms"])
    return int(found[1]) if found is not None else 1


def _plain(entry: Entry) -> bool:
    return entry.context is None and entry.touched


def _nearest(message: Message, pool: Sequence[Entry]) -> Entry | None:
    """The entry with the most similar source text, if it is similar enough to be of help."""
    best, found = _ALIKE, None
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(message.msgid)
    for entry in pool:
        if not entry.translated or entry.context is not None:
            continue
        matcher.set_seq1(entry.msgid)
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best:
            ratio = matcher.ratio()
            if ratio > best:
                best, found = ratio, entry
    return found


def _entry(message: Message, source: Entry | None, near: Entry | None, plurals: int) -> Entry:
    given = source or near
    count = plurals if message.msgid_plural is not None else 1
    forms = list(given.forms) if given is not None else []
    changed = near is not None
    if given is not None and (given.msgid_plural is None) != (message.msgid_plural is None):
        changed = changed or given.translated
    if message.msgid_plural is None:
        forms = forms[-1:]
    forms += [""] * (count - len(forms))
    entry = Entry(
        msgid=message.msgid,
        msgid_plural=message.msgid_plural,
        context=source.context if source is not None else None,
        forms=[normalize("NFC", form) for form in forms],
        references=[f"{place.file}:{place.line}" for place in message.places],
        notes=list(message.notes),
        comments=list(given.comments) if given is not None else [],
        previous=list(source.previous) if source is not None and source.fuzzy else [],
    )
    if message.limit is not None:
        entry.notes.append(f"max-length:{message.limit}")
    if near is not None:
        entry.previous = _previous(near)
    theirs = [flag for flag in (given.flags if given else []) if not _OURS.fullmatch(flag)]
    fuzzy = changed or "fuzzy" in theirs
    entry.flags = [
        *(["fuzzy"] if fuzzy else []),
        *(["python-brace-format"] if message.braces else []),
        *([f"max-length:{message.limit}"] if message.limit is not None else []),
        *(flag for flag in theirs if flag != "fuzzy"),
    ]
    return entry


def _previous(near: Entry) -> list[str]:
    """The text that the translation was made for: the one before it was already not its own."""
    if near.previous:
        return list(near.previous)
    lines = said("msgid", near.msgid)
    if near.msgid_plural is not None:
        lines += said("msgid_plural", near.msgid_plural)
    return lines


def _obsolete(entries: Iterable[Entry]) -> list[Entry]:
    """Those obsolete before first, so that the file's end moves as little as can be."""
    kept: dict[Key, Entry] = {}
    for entry in sorted(entries, key=lambda one: not one.obsolete):
        kept[entry.key] = Entry(
            msgid=entry.msgid,
            msgid_plural=entry.msgid_plural,
            context=entry.context,
            forms=list(entry.forms),
            flags=[flag for flag in entry.flags if not _OURS.fullmatch(flag)],
            comments=list(entry.comments),
            previous=list(entry.previous),
            obsolete=True,
        )
    return list(kept.values())
