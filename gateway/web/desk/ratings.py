"""What citizens think: ratings and comments, newest first."""

from __future__ import annotations

from starlette.responses import Response

from gateway.centre import feedback
from gateway.web.desk.pages import Pages
from gateway.web.desk.visit import Handler, Missing, Visit, title, when


def listed(pages: Pages) -> Handler:
    async def answer(visit: Visit) -> Response:
        service = visit.query.get("service", "")
        commented = visit.query.get("commented") == "1"
        try:
            page = await feedback.listed(
                visit.store,
                services=(service,) if service else None,
                commented=commented,
                after=visit.query.get("after", ""),
            )
        except ValueError:
            raise Missing from None
        scores = [rating.score for rating in page.ratings]
        average = f"{sum(scores) / len(scores):.1f}" if scores else ""
        return pages.page(
            visit,
            "feedback.html",
            ratings=[
                {
                    "score": rating.score,
                    "service": title(visit.program, "service", rating.service, visit.language),
                    "step": rating.step,
                    "comment": rating.comment,
                    "when": when(visit, rating.at / 1000),
                    "language": rating.language,
                    "channel": rating.channel.upper(),
                    "operator": rating.operator,
                }
                for rating in page.ratings
            ],
            average=average.replace(".", ",") if visit.language == "fr" else average,
            next=page.next,
            after=visit.query.get("after", ""),
            service=service,
            commented=commented,
            services=[
                (name, title(visit.program, "service", name, visit.language))
                for name in visit.program.services
            ],
        )

    return answer
