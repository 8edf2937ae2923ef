"""What the forms of Africa's Talking have in common, whatever they are about."""

from __future__ import annotations

from gateway.errors import NumberError, RequestMalformed
from gateway.text.msisdn import canonical

NAME = "africastalking"

LONGEST_NETWORK = 32


def only(form: dict[str, list[str]], name: str) -> str:
    """The field's one value, "" where it is absent or a literal `null`.

    A field sent twice alike counts once; two different session ids or phone numbers cannot
    both be right, so nothing is done for either: raises RequestMalformed.
    """
    values = form.get(name)
    if not values:
        return ""
    if len(values) > 1 and len(set(values)) > 1:
        raise RequestMalformed(f"{name} is there twice, and differs")
    return "" if values[0] == "null" else values[0]


def network(form: dict[str, list[str]]) -> str | None:
    return only(form, "networkCode").strip()[:LONGEST_NETWORK] or None


def phone(raw: str, country: str) -> str:
    """Canonical E.164. A `+` that was not percent-encoded arrives as a space.

    Raises NumberError, which never holds the number.
    """
    number = raw.strip()
    if raw[:1] == " " and number[:1].isdigit():
        number = f"+{number}"
    try:
        return canonical(number, country)
    except NumberError:
        # Theirs are international; a simulator or proxy may have lost the `+`.
        if number.isascii() and number.isdigit() and number[0] != "0" and 11 <= len(number) <= 15:
            return canonical(f"+{number}", country)
        raise
