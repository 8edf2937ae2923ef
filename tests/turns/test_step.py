"""What is known of a request, and what is kept of a conversation beside the engine's session."""

from __future__ import annotations

import pytest

from gateway.errors import SessionUnreadable
from gateway.events import Effect, UssdRequest
from gateway.messaging import orders
from gateway.store import Citizen, Store
from gateway.turns import envelope
from gateway.turns.envelope import Envelope
from gateway.turns.step import Callers, step_of

pytestmark = pytest.mark.anyio  # the store is opened in a loop


def _request(**fields: str) -> UssdRequest:
    told = {"provider": "p", "session_id": "s1", "phone": "+2290197000001", "service_code": "*1#"}
    return UssdRequest(**{"network": None, **told, **fields})  # type: ignore[arg-type]


async def test_a_request_is_its_session_and_its_whole_history(store: Store) -> None:
    """The same choice twice is `1*1`: another request than `1`."""
    same = step_of(store, _request(transcript="1*1"), 0.0).digest
    assert step_of(store, _request(transcript="1*1"), 9.0).digest == same
    for other in (
        _request(transcript="1"),
        _request(transcript="1*1", session_id="s2"),
        _request(transcript="1*1", provider="q"),
    ):
        assert step_of(store, other, 0.0).digest != same


async def test_the_newest_input_alone_is_never_a_repeat(store: Store) -> None:
    pressed = _request(input="1")
    assert step_of(store, pressed, 0.0).digest != step_of(store, pressed, 0.0).digest


async def test_what_pins_are_sealed_under_is_the_providers_session(store: Store) -> None:
    first = step_of(store, _request(transcript="1"), 0.0).material
    assert step_of(store, _request(transcript="1*2"), 0.0).material == first
    assert step_of(store, _request(transcript="1", session_id="s2"), 0.0).material != first


def test_callers_are_remembered_within_bounds() -> None:
    callers = Callers(most=2)
    for number in range(3):
        callers.remember(bytes([number]), Citizen(number, "x"))
    callers.remember(bytes([1]), Citizen(9, "y"))
    assert callers.get(bytes([0])) is None
    assert callers.get(bytes([1])) == Citizen(9, "y")
    assert callers.get(bytes([2])) == Citizen(2, "x")


def test_what_is_kept_is_found_again() -> None:
    kept = Envelope(b"session", 3, b"digest", b"engine")
    assert envelope.decode(envelope.encode(kept)) == kept
    assert kept.heard.length == 3


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x93\x01\x02\x03"])
def test_what_another_release_wrote_is_told_apart(body: bytes) -> None:
    with pytest.raises(SessionUnreadable):
        envelope.decode(body)


def test_secrets_that_cannot_be_read_are_asked_again() -> None:
    assert envelope.encode_secrets({}) is None
    kept = envelope.encode_secrets({"secret": "4821"})
    assert envelope.decode_secrets(kept) == {"secret": "4821"}
    assert envelope.decode_secrets(None) == {}
    assert envelope.decode_secrets(b"\xc1") == {}


def test_an_order_holds_what_its_doer_needs() -> None:
    effect = Effect("sms", "c1", "st1", 2, "guichet", {"message": "recu", "n": 3})
    order = orders.decode(
        orders.encode(effect, phone="+2290197000001", language="fr", program="h", at=7)
    )
    assert (order.kind, order.conversation, order.step, order.attempt) == ("sms", "c1", "st1", 2)
    assert order.body == {"message": "recu", "n": 3}
    assert (order.phone, order.language, order.program, order.at) == (
        "+2290197000001", "fr", "h", 7,
    )  # fmt: skip
