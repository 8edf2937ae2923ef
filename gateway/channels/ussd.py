"""USSD: what carries a page, what was dialled, and what is new in a growing transcript."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from gateway.events import Bearer, Channel, Encoding
from gateway.menu.program import Program

# 3GPP TS 24.080 annex A: a USSD string has at most 160 octets, which are 182 septets or 80 units
# of 16 bits.
_CEILING = {Encoding.GSM7: 182, Encoding.UCS2: 80}

# Looked up once: Python 3.11 is slow with members of an enum.
_USSD: Final = Channel.USSD
_GSM7: Final = Encoding.GSM7

Digest = Callable[[str], bytes]
"""A keyed hash: a transcript repeats every answer, secrets too."""


def bearer(program: Program, network: str | None) -> Bearer:
    """What a page must fit on `network` (the operator's code); unknown ones as the site says."""
    operator = program.site.operators.get(network or "")
    if operator is None:
        budget = min(program.site.budget, _CEILING[_GSM7])
        return Bearer(_USSD, _GSM7, budget, "")
    budget = min(operator.budget, _CEILING[operator.encoding])
    return Bearer(_USSD, operator.encoding, budget, operator.name)


class Dialled(NamedTuple):
    """`code` is the site's, `*229*1#`; `suffix` what she dialled behind it, input by input."""

    code: str
    suffix: tuple[str, ...]


def dialled(program: Program, service_code: str, text: str = "") -> Dialled | None:
    """The longest of the site's codes, on whole segments; None where none of them was dialled.

    Providers hand over a suffix in `service_code` (`*229*1*2#`), in the first request's `text`
    (`1*2`), or half in each.
    """
    segments = service_code.strip().strip("*#").split("*")
    if text:
        segments += text.removesuffix("#").split("*")
    found = program.dialled(tuple(segments))
    if found is None:
        return None
    matched = found[0]
    return Dialled(f"*{'*'.join(matched)}#", tuple(segments[len(matched) :]))


class Heard(msgspec.Struct, frozen=True, gc=False):
    """How far a growing transcript was heard: no more of it is kept. `length` in characters."""

    length: int
    digest: bytes

    @classmethod
    def of(cls, transcript: str, digest: Digest) -> Heard:
        return cls(len(transcript), digest(transcript))

    def next(self, transcript: str, digest: Digest) -> str | None:
        """What she typed since: what follows the earlier transcript and one `*`.

        Further `*` in it are hers. None where `transcript` brings nothing new: it is no longer
        than what was heard (a repeat, or an earlier request that took a longer way), or does not
        begin with it.
        """
        if len(transcript) <= self.length:
            return None
        if digest(transcript[: self.length]) != self.digest:
            return None
        if self.length == 0:
            return transcript
        return transcript[self.length + 1 :] if transcript[self.length] == "*" else None
