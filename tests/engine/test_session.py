from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine import Open, Session, decode, encode
from gateway.engine.session import Cut, Held, Pending, Visit
from gateway.errors import SessionUnreadable


def session() -> Session:
    return Session(
        conversation="c",
        program="p",
        code="*229#",
        service="essai",
        language="fr",
        open=Open.STEP,
        seen=1,
        at="s1",
        vars={"nom": "Adjoa", "age": 3, "dossier": {"prix": 1.5, "pret": True, "rien": None}},
        history=[Visit("s0", Open.SEARCH, "essai", ["d"], "ab", ["x"], {"pin": Held("s2", [])})],
        held={"pin": Held("s2", ["d"], spent=True)},
        cut=Cut(Open.STEP, 1, None, ["Bonjour"], "c2", "*229*1#"),
        pending=Pending("s3", Open.COMMENT, [], ""),
        unsure={"s4": b"\x00\xff"},
    )


def test_a_session_is_read_as_it_was_written() -> None:
    written = encode(session())
    assert decode(written) == session()
    assert encode(decode(written)) == written


def test_a_session_of_an_older_release_lacks_the_last_fields() -> None:
    fields = msgspec.msgpack.decode(encode(session()))
    older = decode(msgspec.msgpack.encode(fields[:10]))
    assert older.history == []
    assert older.fresh


def test_two_sessions_share_nothing() -> None:
    one, two = session(), session()
    one.vars["nom"] = "Koffi"
    one.settled["s"] = 1
    assert two.vars["nom"] == "Adjoa"
    assert two.settled == {}


@given(st.binary(max_size=60))
def test_what_is_no_session_is_refused_in_our_own_words(body: bytes) -> None:
    with pytest.raises(SessionUnreadable, match=r"^a session of another format$"):
        decode(body)


@pytest.mark.parametrize("body", [b"", b"\x90", encode(session())[:-3], b"\xff" * 9])
def test_broken_sessions(body: bytes) -> None:
    with pytest.raises(SessionUnreadable):
        decode(body)
