"""Steps of a conversation that several tests of the store take."""

from __future__ import annotations

from gateway.store import Citizen, State, Store


async def promise(store: Store, citizen: Citizen) -> int:
    """One step with one effect. Gives how many effects were new."""
    request = bytes(range(16))
    loaded = await store.sessions.load(citizen, request, lease=8.0)
    assert loaded.claim is not None
    return await store.sessions.save(
        citizen,
        loaded.claim,
        request=request,
        body=b"",
        ttl=60,
        effects=[(bytes(16), b"sms")],
    )


async def converse(store: Store, phone: str) -> None:
    """Two steps with everything that a step can write, a repeat, a release, a binding."""
    citizen = store.names.citizen(phone)
    sessions = store.sessions
    for number in (1, 2):
        request = store.names.digest(phone, str(number))
        loaded = await sessions.load(citizen, request, lease=8.0, material=b"ATUid")
        assert loaded.state is (State.FRESH if number == 1 else State.OPEN)
        assert loaded.claim is not None
        added = await sessions.save(
            citizen,
            loaded.claim,
            request=request,
            body=phone.encode(),
            ttl=600.0,
            secrets=b"4321",
            material=b"ATUid",
            language="fon",
            effects=[(store.names.digest(phone, "a"), b"a"), (request, b"b")],
            durable=False,
        )
        assert added == (2 if number == 1 else 1)
        repeat = await sessions.load(citizen, request, lease=8.0)
        assert (repeat.state, repeat.body) == (State.REPEAT, phone.encode())
    after = await sessions.load(citizen, store.names.digest("3"), lease=8.0, material=b"ATUid")
    assert (after.secrets, after.language) == (b"4321", "fon")
    assert after.claim is not None
    await sessions.release(citizen, after.claim)
    session = store.names.digest("session", phone)
    await sessions.bind(session, citizen, ttl=60.0)
    assert await sessions.seen(session) == citizen
