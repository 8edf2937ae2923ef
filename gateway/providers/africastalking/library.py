"""The `africastalking` package: it builds requests, and sends none.

Its own sending blocks, follows redirects with the key in hand, loses the HTTP status, and knows
no deadline but one for each read. So the one method through which it sends is taken over here.
This module is imported where messages are sent, and there alone: it brings `requests` along.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from africastalking.SMS import SMSService


@dataclass(frozen=True, slots=True)
class Built:
    """A request as the package makes it. `headers` hold the key."""

    method: str
    url: str
    headers: Mapping[str, str]
    form: Mapping[str, Any]


class Requests(SMSService):  # type: ignore[misc]  # the package has no types
    """`SMSService` that hands its request back instead of sending it."""

    def __init__(self, username: str, key: str, address: str | None) -> None:
        super().__init__(username, key)
        if address is not None:
            self._baseUrl = self._contentUrl = f"{address}/version1"

    def bulk(self, to: str, sender: str, text: str) -> Built:
        """One message for one number; `sender` "" leaves the sender to the account."""
        built: Built = self.send(text, [to], sender or None)
        return built

    def _make_request(
        self,
        url: str,
        method: str,
        headers: Mapping[str, str],
        data: Mapping[str, Any],
        params: None,
        **_theirs: object,
    ) -> Built:
        return Built(method, url, dict(headers), dict(data))
