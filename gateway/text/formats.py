"""The filters of the menu language: how a value stands in a text, in the citizen's language.

Each is `(value, language, today) -> str` and never raises: what is not the kind of value that
it is for stands as it is. No-break spaces and symbols that a phone lacks are not used, so that
the result fits GSM-7 once `transliteration.fit` has been over it.

Numbers are grouped the French way in every language. Francs are "F": the only currency of the
country needs no "CFA", and a screen has 160 characters.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from gateway.errors import NumberError
from gateway.events import Encoding
from gateway.text import msisdn
from gateway.text.gsm7 import units
from gateway.text.language import Language
from gateway.text.transliteration import fit

Filter = Callable[[object, Language, dt.date], str]

_CLOCK = "([01][0-9]|2[0-3]):([0-5][0-9])(?::[0-5][0-9](?:[.,][0-9]+)?)?"
_ZONE = "(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
_ISO_DAY = re.compile(f"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:[T ]{_CLOCK}{_ZONE})?")
_ISO_CLOCK = re.compile(f"(?:[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ])?{_CLOCK}{_ZONE}")
_NUMERAL = re.compile(r"-?(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,9})?")
_FRENCH_NUMBER = str.maketrans({",": " ", ".": ","})


def date(value: object, language: Language, today: dt.date) -> str:
    """`2026-03-15` as « 15 mars 2026 », with the month's name in her language."""
    day = _day(value)
    if day is None:
        return _plain(value)
    number = language.words.get("first_of_month", "1") if day.day == 1 else str(day.day)
    return f"{number} {language.months[day.month - 1]} {day.year}"


def time(value: object, language: Language, today: dt.date) -> str:
    """The hour and minute of a time or a moment, `18:30`, as the value gives them."""
    if isinstance(value, dt.datetime | dt.time):
        return f"{value.hour:02}:{value.minute:02}"
    if isinstance(value, str) and (found := _ISO_CLOCK.fullmatch(value)):
        return f"{found[1]}:{found[2]}"
    return _plain(value)


def year(value: object, language: Language, today: dt.date) -> str:
    """`2026-03-15` as `2026`."""
    day = _day(value)
    return _plain(value) if day is None else str(day.year)


def money(value: object, language: Language, today: dt.date) -> str:
    """`1500` as « 1 500 F »."""
    amount = _amount(value)
    return _plain(value) if amount is None else f"{_grouped(amount)} F"


def number(value: object, language: Language, today: dt.date) -> str:
    """`12500` as « 12 500 », `2.5` as « 2,5 »."""
    amount = _amount(value)
    return _plain(value) if amount is None else _grouped(amount)


def phone(value: object, language: Language, today: dt.date) -> str:
    """`+2290197000000` as « 01 97 00 00 00 »; a foreign number stays E.164."""
    if not isinstance(value, str):
        return _plain(value)
    try:
        return msisdn.national(msisdn.canonical(value))
    except NumberError:
        return value


def mask(value: object, language: Language, today: dt.date) -> str:
    """A phone number as « 01 ** ** ** 00 », anything else as stars but for its last two."""
    text = _plain(value)
    if text.startswith("+"):
        try:
            return msisdn.mask(msisdn.canonical(text))
        except NumberError:
            pass
    shown = 2 if len(text) >= 6 else 0
    return "*" * (len(text) - shown) + text[len(text) - shown :]


def upper(value: object, language: Language, today: dt.date) -> str:
    """In capitals."""
    return _plain(value).upper()


def age(value: object, language: Language, today: dt.date) -> str:
    """Whole years from a date of birth to `today`."""
    day = _day(value)
    if day is None:
        return _plain(value)
    had_birthday = (today.month, today.day) >= (day.month, day.day)
    return str(max(today.year - day.year - (not had_birthday), 0))


FILTERS: Mapping[str, Filter] = {
    "date": date,
    "time": time,
    "year": year,
    "money": money,
    "number": number,
    "phone": phone,
    "mask": mask,
    "upper": upper,
    "age": age,
}


_TODAY = dt.date(2026, 9, 30)
_GREATEST: Mapping[str, tuple[object, ...]] = {
    # « 1er » is longer than « 28 », and the longest month is another one in every language.
    "date": tuple(dt.date(2026, month, day) for month in range(1, 13) for day in (1, 28)),
    "time": (dt.time(),),
    "year": (_TODAY,),
    "age": (dt.date(1926, 1, 1),),
    "number": (999_999_999,),
    "money": (999_999_999,),
    "phone": ("+123456789012345",),  # what E.164 allows
}
_AS_LONG_AS_GIVEN = frozenset({"number", "money"})


def worst(
    filter: str, language: Language, value: str = "", encoding: Encoding = Encoding.GSM7
) -> str:
    """The longest that `filter` can give, in what `encoding` counts, to measure screens with.

    `value` is the longest that can come in, if that is known; `mask` and `upper` are as long as
    that. Amounts and numbers without it are taken to be below a thousand million.
    """
    values = _GREATEST.get(filter, ())
    if value:
        values = (value,) if filter in _AS_LONG_AS_GIVEN else (*values, value)
    return max(
        (FILTERS[filter](each, language, _TODAY) for each in values),
        key=lambda text: units(fit(text, encoding, language.policy), encoding),
        default="",
    )


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return str(value)


def _day(value: object) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    if not isinstance(value, str) or (found := _ISO_DAY.fullmatch(value)) is None:
        return None
    try:
        return dt.date.fromisoformat(found[1])
    except ValueError:
        return None


def _amount(value: object) -> Decimal | int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    text = str(value) if isinstance(value, float | Decimal) else value
    if not isinstance(text, str) or _NUMERAL.fullmatch(text) is None:
        return None
    return Decimal(text)


def _grouped(amount: Decimal | int) -> str:
    if isinstance(amount, Decimal) and amount == amount.to_integral_value():
        amount = int(amount)
    return f"{amount:,}".translate(_FRENCH_NUMBER)
