"""The names of months and days, January and Monday first, for languages that CLDR doesn't know.

Bariba (bba), Dendi (ddn), Aja (ajg) and Gen (gej) are not here: no open source names their
months, and a name made up here would be read by people who know better. Their dates are written
with the French words, which is how they stand on papers in Benin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Calendar:
    months: tuple[str, ...]
    days: tuple[str, ...]


CALENDARS: Mapping[str, Calendar] = {
    # MediaWiki 1.39, languages/i18n/fon.json, by volunteers of translatewiki.net.
    "fon": Calendar(
        (
            "alunsùn",
            "zofínkplɔ́sún",
            "xwejísùn",
            "lìdósùn",
            "nùxwasùn",
            "àyìdósùn",
            "liyasùn",
            "avivɔsùn",
            "zǒsùn",
            "kɔ́nyasùn",
            "abɔxwísùn",
            "wòósùn",
        ),
        (
            "Tɛnigbé",
            "Talatagbé",
            "Azǎngagbé",
            "Nyɔ́nuzangbé",
            "Axɔ́súzángbé",
            "Siɖigbé",
            "Voɖúnzangbé",
        ),
    ),
    # MediaWiki 1.39, languages/i18n/guw.json, by volunteers of translatewiki.net.
    "guw": Calendar(
        (
            "Alunlunsun",
            "Afínplọsun",
            "Whejisun",
            "Lidosun",
            "Nuwhàsun",
            "Ayidosun",
            "Liyasun",
            "Avivọsun",
            "Zósun",
            "Kọ́yànsun",
            "Abọ̀húsun",
            "Awewesun",
        ),
        (
            "Tẹnigbe",
            "Oguzangbe",
            "Azangaagbe",
            "Yọnnuzangbe",
            "Ahọluzangbe",
            "Sibigbe",
            "Sẹgbe",
        ),
    ),
}
