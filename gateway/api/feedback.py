"""`/v1/feedback`: what citizens think of an agency's services."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.keys import Key, Right
from gateway.api.messages import Moment
from gateway.api.operation import Operation, Query
from gateway.api.problems import FieldFault, Refusal
from gateway.api.requests import flag, reply
from gateway.centre import feedback
from gateway.store import Rating, Store


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """One rating, from 1 (bad) to 5 (very good), of nobody in particular. `step` is what was
    asked; `comment` is empty where there is none."""

    id: str
    at: Moment
    service: str
    step: str
    score: Annotated[int, Meta(ge=1, le=5)]
    comment: str
    language: str
    channel: str
    operator: str

    def __repr__(self) -> str:
        return f"Opinion({self.id})"


class Found(msgspec.Struct, frozen=True):
    """`next` is given as `after` for the rest; empty where there is no more."""

    feedback: list[Opinion]
    next: str


async def find(store: Store, key: Key, request: Request) -> Response:
    query = request.query_params
    service = query.get("service")
    try:
        since = 0 if "since" not in query else _seconds(query["since"])
        page = await feedback.listed(
            store,
            agency=key.agency,
            services=None if service is None else (service,),
            commented=flag(request, "commented"),
            since=since,
            after=query.get("after", ""),
        )
    except ValueError as error:
        field = "since" if isinstance(error, _NoMoment) else "after"
        fault = FieldFault(field, "wrong-type", "no such moment, or place in a list")
        raise Refusal(422, "invalid", "the request is not valid", errors=(fault,)) from None
    return reply(Found([_shown(one) for one in page.ratings], page.next))


class _NoMoment(ValueError):
    pass


def _seconds(given: str) -> int:
    try:
        moment = msgspec.convert(given, Moment)
        return max(0, int(moment.timestamp()))
    except (msgspec.ValidationError, OverflowError):
        raise _NoMoment from None


def _shown(rating: Rating) -> Opinion:
    return Opinion(
        id=rating.id,
        at=datetime.fromtimestamp(rating.at / 1000, UTC),
        service=rating.service,
        step=rating.step,
        score=rating.score,
        comment=rating.comment,
        language=rating.language,
        channel=rating.channel,
        operator=rating.operator,
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/feedback",
        name="findFeedback",
        summary="Ratings and comments, newest first",
        right=Right.FEEDBACK,
        handle=find,
        answers={200: Found},
        faults=(422,),
        query=(
            Query(name="service", schema={"type": "string"}, summary="One service alone."),
            Query(
                name="since",
                schema={"type": "string", "format": "date-time"},
                summary="None that are older.",
            ),
            Query(
                name="commented",
                schema={"type": "string", "enum": ["0", "1"]},
                summary="1: only those with a comment.",
            ),
            Query(
                name="after",
                schema={"type": "string", "maxLength": 60},
                summary="`next` of the page before.",
            ),
        ),
    ),
)
