"""Phone numbers, canonical: E.164 with its `+`, as ITU-T E.164 §6 says, kept as text.

Benin went from 8 to 10 national digits on 30 November 2024 by putting 01 before every number,
fixed and mobile. Its numbers begin with 0, which an integer would lose.
"""

from __future__ import annotations

import re

import phonenumbers

from gateway.errors import NumberError

_COUNTRY = "BJ"
_CODE = "229"
_OLD = re.compile("[24569][0-9]{7}")  # the 8 digits of before November 2024
_LOST_ZERO = re.compile("1[0-9]{8}")  # 0197000000 that was once kept as a number
_NEW = re.compile("01[0-9]{8}")
_CANONICAL = re.compile(r"\+22901[0-9]{8}")
_FOREIGN = re.compile("[1-9][0-9]{6,14}")

_SEPARATORS = re.compile("[\\s().\\-/\u2010-\u2015\u2212\u200b-\u200f\u202a-\u202e\u2060-\u2069]+")
_SHAPE = re.compile(r"\+?[0-9]{3,20}")


def canonical(raw: str, country: str = _COUNTRY) -> str:
    """`raw` as E.164: `97 00 00 00`, `0197000000`, `tel:+229…` all become `+2290197000000`.

    `country` (ISO 3166-1 alpha-2) is where a number without a country code belongs. A number of
    another country is kept as it is, if E.164 allows its length.
    Raises NumberError, which never holds the number.
    """
    if _CANONICAL.fullmatch(raw) is not None:
        return raw
    digits = _SEPARATORS.sub("", raw.strip().removeprefix("tel:"))
    if _SHAPE.fullmatch(digits) is None:
        raise NumberError("this is not a phone number")
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    if digits.startswith("+" + _CODE):
        return _beninese(digits[4:])
    if digits.startswith("+"):
        if _FOREIGN.fullmatch(digits[1:]) is None:
            raise NumberError("this is not an international phone number")
        return digits
    if country != _COUNTRY:
        return _national(digits, country)
    # 22900000 is an old number of 8 digits, 22997000000 has its country code.
    if digits.startswith(_CODE) and len(digits) > 10:
        digits = digits[3:]
    return _beninese(digits)


def _beninese(national_digits: str) -> str:
    if _OLD.fullmatch(national_digits):
        national_digits = "01" + national_digits
    elif _LOST_ZERO.fullmatch(national_digits):
        national_digits = "0" + national_digits
    if _NEW.fullmatch(national_digits) is None:
        raise NumberError("this is not a phone number of Benin")
    return f"+{_CODE}{national_digits}"


def _national(digits: str, country: str) -> str:
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        raise NumberError("this is not a phone number of that country") from None
    if not phonenumbers.is_possible_number(number):
        raise NumberError("this is not a phone number of that country")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def rewritten(raw: str, number: str) -> bool:
    """Whether `number`, made of `raw`, has digits that were put before its national ones: Benin's
    01 of November 2024, or a zero that a spreadsheet lost."""
    digits = re.sub("[^0-9]", "", raw)
    return number.startswith("+" + _CODE) and not digits.endswith(number[4:])


def unreachable(number: str, country: str) -> str | None:
    """Why a canonical number gets no text message from a site of `country`, as a stable code:
    `foreign`, `not-mobile`; None where nothing is known against it."""
    if not number.startswith(f"+{phonenumbers.country_code_for_region(country)}"):
        return "foreign"
    kind = phonenumbers.number_type(phonenumbers.parse(number, None))
    return None if kind in _MAY_BE_MOBILE else "not-mobile"


_MAY_BE_MOBILE = frozenset(
    {
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
        phonenumbers.PhoneNumberType.UNKNOWN,  # a range that is newer than the library
    }
)


def national(number: str) -> str:
    """How people read a canonical number out: `01 97 00 00 00`; a foreign one stays E.164."""
    if not number.startswith("+" + _CODE):
        return number
    digits = number[4:]
    return " ".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def mask(number: str) -> str:
    """A canonical number with its middle hidden: `01 ** ** ** 00`, `+336******78`."""
    if number.startswith("+" + _CODE):
        digits = number[4:]
        return national(f"+{_CODE}{digits[:2]}{'*' * (len(digits) - 4)}{digits[-2:]}")
    return f"{number[:4]}{'*' * (len(number) - 6)}{number[-2:]}"
