"""How long each message is in each language, and in how many segments it travels.

At worst it is filled with its longest values in the language's own alphabet for SMS; as it
mostly is, with values of half the length and in the alphabet that these need.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.events import Encoding
from gateway.menu.checks.survey import Survey
from gateway.menu.checks.worst import Fields, Filled, Values, typical
from gateway.menu.program import FieldType, Kind, Message
from gateway.text.gsm7 import encodable
from gateway.text.segments import Segmentation, segment
from gateway.text.transliteration import fit


@dataclass(frozen=True, slots=True)
class Length:
    """`served` is the language that the text is really in: another where it is not translated."""

    message: Message
    language: str
    served: str
    typical: Segmentation
    worst: Segmentation


def lengths(survey: Survey) -> Iterator[Length]:
    """Every message in every language that its service is offered in, in the services' order."""
    screens = survey.screens
    usual = typical(survey.program)
    for service in survey.program.services.values():
        for message in service.messages.values():
            values, fields = screens.values_of_message(message), _fields(message)
            for language in service.languages:
                yield Length(
                    message,
                    language,
                    message.sent.variants[language].language,
                    _cut(survey, usual, message, language, values, fields, worst=False),
                    _cut(survey, screens.worst, message, language, values, fields, worst=True),
                )


def _cut(
    survey: Survey,
    filled: Filled,
    message: Message,
    language: str,
    values: Values,
    fields: Fields,
    *,
    worst: bool,
) -> Segmentation:
    languages = survey.program.site.languages
    encoding = languages[language].sms
    served = languages.get(message.sent.variants[language].language, languages[language])
    text = filled.text(message.sent, language, encoding, values, fields)
    fitted = fit(text, encoding, served.policy)
    if not worst and encodable(fitted):
        encoding = Encoding.GSM7
    return segment(fitted, encoding)


def _fields(message: Message) -> Fields:
    """What it is sent with, and the code that leads to its service where one does."""
    fields = dict(message.data or {})
    if message.ussd is not None:
        fields["ussd"] = FieldType(Kind.ONE_OF, len(message.ussd), (message.ussd,))
    return fields
