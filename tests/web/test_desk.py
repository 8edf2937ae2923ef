"""The desk over HTTP: who comes in, what a form must bring, and what is done there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx2
import pytest

from gateway.centre import callbacks, staff
from gateway.centre.staff import AccountRefused, Role
from gateway.events import CallbackState
from gateway.web.desk.words import WORDS
from tests.centre.town import ADA, AYO, Town, rating, town
from tests.conftest import Server

pytestmark = pytest.mark.anyio

PASSWORD = "cheval agrafe correct"
SHOWN = "01 97 00 00 01"
HERS = (ADA, ADA[1:], "0197000001", SHOWN)


@dataclass
class Browser:
    """One that keeps cookies, follows redirects and posts the form that it was shown."""

    town: Town
    host: str = ""
    cookies: dict[str, str] = field(default_factory=dict)
    page: str = ""
    path: str = ""
    status: int = 0
    headers: httpx2.Headers = field(default_factory=httpx2.Headers)
    set_cookies: list[str] = field(default_factory=list)

    async def get(self, path: str) -> str:
        return await self._send("GET", path)

    async def post(self, path: str, csrf: str | None = None, **fields: str) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.page)
        token = csrf if csrf is not None else (found[1] if found else "")
        return await self._send("POST", path, {"csrf": token, **fields})

    async def sign_in(self, name: str = "anne", password: str = PASSWORD) -> str:
        await self.get("/desk/sign-in")
        return await self.post("/desk/sign-in", name=name, password=password)

    async def _send(self, method: str, path: str, data: dict[str, str] | None = None) -> str:
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        headers |= {"Host": self.host} if self.host else {}
        headers |= {"Sec-Fetch-Site": "same-origin"} if method == "POST" else {}
        for _ in range(5):
            reply = await self.town.http.request(
                method, self.town.base + path, data=data, headers=headers
            )
            for cookie in reply.headers.get_list("set-cookie"):
                self.set_cookies.append(cookie)
                name, _, value = cookie.partition(";")[0].partition("=")
                gone = value in ("", '""')
                self.cookies = {k: v for k, v in self.cookies.items() if k != name}
                self.cookies |= {} if gone else {name: value}
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
            self.town.http.cookies.clear()
            self.page, self.path, self.status = reply.text, path, reply.status_code
            self.headers = reply.headers
            if reply.status_code not in (303, 308):
                return self.page
            method, path, data = "GET", reply.headers["location"], None
        raise AssertionError("round and round")


@pytest.fixture
async def place(redis: Server) -> AsyncIterator[Town]:
    async with town(redis) as opened:
        await staff.add(opened.store, "anne", PASSWORD, shown="Anne D.")
        await staff.add(opened.store, "rose", PASSWORD, role=Role.SUPERVISOR)
        yield opened


@pytest.fixture
async def anne(place: Town) -> Browser:
    browser = Browser(place)
    await browser.sign_in()
    assert browser.path == "/desk/"
    return browser


async def hers(place: Town) -> str:
    """A citizen's request, as it came in by a call."""
    await place.dial("1", "1", "99")
    await place.work()
    (one,) = (await callbacks.listed(place.store, states=[CallbackState.WAITING])).callbacks
    return one.id


# ---- the work ------------------------------------------------------------------------


async def test_from_the_queue_to_done(place: Town, anne: Browser) -> None:
    callback = await hers(place)
    await anne.get("/desk/")
    assert "Actes d&#39;état civil" in anne.page
    assert "dans 1 j 23 h" in anne.page or "dans 2 j" in anne.page
    await anne.get(f"/desk/callbacks/{callback}")
    assert "01 ** ** ** 01" in anne.page
    await anne.post(f"/desk/callbacks/{callback}/take")
    assert "C&#39;est à vous." in anne.page
    pages = [anne.page]
    await anne.post(f"/desk/callbacks/{callback}/number")
    assert f'<a class="number" href="tel:{ADA}">{SHOWN}</a>' in anne.page
    assert anne.path == f"/desk/callbacks/{callback}/number"
    await anne.post(f"/desk/callbacks/{callback}/done", note="Elle passera <lundi>.")
    assert "Rappel terminé." in anne.page
    paths = ("/desk/", "/desk/ended", f"/desk/callbacks/{callback}")
    pages += [await anne.get(path) for path in paths]
    assert "Elle passera &lt;lundi&gt;." in pages[-1]
    assert not any(number in page for number in HERS for page in pages)
    deeds = [(deed.what, deed.about) for deed in await place.store.audit.read()]
    assert deeds[0] == ("done", callback)
    assert deeds[1] == ("number-shown", callback)


async def test_two_who_want_the_same_one(place: Town, anne: Browser) -> None:
    callback = await hers(place)
    await staff.add(place.store, "paul", PASSWORD)
    paul = Browser(place)
    await paul.sign_in("paul")
    for browser in (anne, paul):
        await browser.get(f"/desk/callbacks/{callback}")
    await anne.post(f"/desk/callbacks/{callback}/take")
    await paul.post(f"/desk/callbacks/{callback}/take")
    assert (paul.status, "Un collègue vient de le prendre." in paul.page) == (409, True)
    assert "Pris par anne." in paul.page
    await paul.post(f"/desk/callbacks/{callback}/number")
    assert paul.status == 409
    assert not any(number in paul.page for number in HERS)


async def test_no_answer_three_times_and_a_second_click(place: Town, anne: Browser) -> None:
    callback = await hers(place)
    for number in range(3):
        await anne.get(f"/desk/callbacks/{callback}")
        await anne.post(f"/desk/callbacks/{callback}/take")
        form = anne.page
        await anne.post(f"/desk/callbacks/{callback}/unreachable")
        said = "Un SMS part" if number == 2 else "La demande attend un autre essai."
        assert said in anne.page
        if number < 2:
            anne.page = form
            await anne.post(f"/desk/callbacks/{callback}/unreachable")  # clicked twice
            assert "Prenez d&#39;abord ce rappel." in anne.page
    await place.work()
    assert len(place.received) == 1


async def test_given_back_with_a_note(place: Town, anne: Browser) -> None:
    callback = await hers(place)
    await anne.get(f"/desk/callbacks/{callback}")
    await anne.post(f"/desk/callbacks/{callback}/take")
    await anne.post(f"/desk/callbacks/{callback}/note", note="après 15 h")
    assert "après 15 h" in anne.page
    await anne.post(f"/desk/callbacks/{callback}/give-back")
    assert "Rendu à la file." in anne.page
    await anne.post("/desk/callbacks/abc/dance")
    assert anne.status == 404


async def test_who_works_on_one_queue_reaches_no_other(place: Town, anne: Browser) -> None:
    callback = await hers(place)
    await staff.set_queues(place.store, "anne", ("ecole",))
    assert "Actes" not in await anne.get("/desk/")
    assert "Actes" not in await anne.get("/desk/?queue=accueil")
    for path in (f"/desk/callbacks/{callback}", "/desk/staff", "/desk/audit"):
        await anne.get(path)
        assert anne.status == 404
    await anne.get("/desk/")
    await anne.post(f"/desk/callbacks/{callback}/take")
    assert anne.status == 404


async def test_a_comment_is_shown_as_it_was_written_and_does_nothing(
    place: Town, anne: Browser
) -> None:
    await place.dial("2", "2", "<script>alert(1)</script>", number=AYO)
    await place.work()
    await anne.get("/desk/feedback")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in anne.page
    assert "<script" not in anne.page
    assert "2,0 sur 5" in anne.page
    await place.store.feedback.put(rating(place.store, service="ecole"))
    assert "Facile ?" in await anne.get("/desk/feedback?service=ecole")
    assert "Facile ?" not in await anne.get("/desk/feedback?commented=1")
    await anne.get("/desk/feedback?after=demain")
    assert anne.status == 404


# ---- who comes in --------------------------------------------------------------------


async def test_nobody_sees_anything_without_signing_in(place: Town) -> None:
    callback = await hers(place)
    stranger = Browser(place)
    for path in ("/desk", "/desk/", "/desk/feedback", f"/desk/callbacks/{callback}", "/desk/staff"):
        await stranger.get(path)
        assert stranger.path.startswith("/desk/sign-in")
    await stranger.post(f"/desk/callbacks/{callback}/take")
    assert stranger.path.startswith("/desk/sign-in")
    kept = await callbacks.read(place.store, callback)
    assert kept is not None
    assert kept.state is CallbackState.WAITING


async def test_cookies_and_headers_are_strict(place: Town, anne: Browser) -> None:
    (here,) = [one for one in anne.set_cookies if one.startswith("desk=")]
    assert "HttpOnly" in here
    assert "SameSite=strict" in here
    public = Browser(place, host="guichet.example.bj")
    await public.get("/desk/sign-in")
    await public.post("/desk/sign-in", name="anne", password=PASSWORD)
    (there,) = [one for one in public.set_cookies if "desk=" in one]
    assert there.startswith("__Host-desk=")
    assert "Secure" in there
    assert "Path=/" in there
    assert "Domain" not in there
    assert "frame-ancestors 'none'" in anne.headers["content-security-policy"]
    assert "script-src" not in anne.headers["content-security-policy"]  # none at all
    assert anne.headers["cache-control"] == "no-store"


async def test_a_form_from_elsewhere_does_nothing(place: Town, anne: Browser) -> None:
    callback = await hers(place)
    await anne.get(f"/desk/callbacks/{callback}")
    for token in ("", "x" * 32):
        await anne.post(f"/desk/callbacks/{callback}/take", csrf=token)
        assert anne.status == 403
    await anne.get(f"/desk/callbacks/{callback}")
    found = re.search(r'name="csrf" value="([^"]+)"', anne.page)
    assert found is not None
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        reply = await place.http.post(
            f"{place.base}/desk/callbacks/{callback}/take",
            data={"csrf": found[1]},
            headers={**headers, "Cookie": f"desk={anne.cookies['desk']}"},
        )
        assert reply.status_code == 403
        signing = await place.http.post(
            f"{place.base}/desk/sign-in",
            data={"name": "anne", "password": PASSWORD},
            headers=headers,
        )
        assert signing.status_code == 403
    kept = await callbacks.read(place.store, callback)
    assert kept is not None
    assert kept.state is CallbackState.WAITING
    old = await place.http.post(  # a browser that knows no Sec-Fetch-Site
        f"{place.base}/desk/callbacks/{callback}/take",
        data={"csrf": found[1]},
        headers={"Origin": place.base, "Cookie": f"desk={anne.cookies['desk']}"},
    )
    assert old.status_code == 303
    assert anne.headers["referrer-policy"] == "same-origin"


async def test_a_session_that_was_brought_along_is_not_taken_up(place: Town) -> None:
    browser = Browser(place)
    browser.cookies["desk"] = "chosen-by-somebody-else"
    await browser.sign_in()
    assert browser.cookies["desk"] != "chosen-by-somebody-else"
    first = browser.cookies["desk"]
    await browser.sign_in()
    assert browser.cookies["desk"] != first
    browser.cookies["desk"] = first
    await browser.get("/desk/")
    assert browser.path.startswith("/desk/sign-in")  # the one before has ended


async def test_what_ends_a_session(place: Town, anne: Browser, redis: Server) -> None:
    async def inside() -> bool:
        await anne.get("/desk/")
        return anne.path == "/desk/"

    token = anne.cookies["desk"]
    assert not any(token.encode() in name for name in redis.everything())
    (key,) = [name for name in redis.everything() if b":sts:" in name]
    assert 0 < redis.admin.ttl(key) <= 1800
    await staff.disable(place.store, "anne")
    assert not await inside()
    await anne.sign_in()
    assert anne.status == 401
    await staff.enable(place.store, "anne")
    await anne.sign_in()
    assert await inside()
    await staff.set_password(place.store, "anne", "une autre longue phrase", temporary=True)
    assert not await inside()
    await anne.sign_in(password="une autre longue phrase")
    assert anne.path == "/desk/password"
    await anne.get("/desk/feedback")
    assert anne.path == "/desk/password"  # nothing else before that
    wrong = {"current": "x", "new": PASSWORD, "repeat": PASSWORD}
    await anne.post("/desk/password", **wrong)
    assert anne.status == 422
    right = {**wrong, "current": "une autre longue phrase"}
    for new, said in (("court", "12 caractères"), ("password1234", "trop connu")):
        await anne.post("/desk/password", **{**right, "new": new, "repeat": new})
        assert (anne.status, said in anne.page) == (422, True)
    await anne.post("/desk/password", **right)
    assert "Mot de passe enregistré." in anne.page
    await anne.post("/desk/sign-out")
    assert "Vous avez quitté." in anne.page
    assert not await inside()


async def test_guessing_is_slow_and_tells_nothing(place: Town) -> None:
    browser = Browser(place)
    pages = set()
    for name in ("anne", "nobody", "Anne<b>", ""):
        await browser.sign_in(name, "wrong")
        assert browser.status == 401
        pages.add(re.sub(r'value="[^"]*"|autofocus', "", browser.page).replace(" ", ""))
    assert len(pages) == 1
    for _ in range(8):
        await browser.sign_in("anne", "wrong")
    assert browser.status == 429
    await browser.sign_in()
    assert browser.status == 429  # not even with the right one
    assert [d.what for d in await place.store.audit.read()].count("sign-in-refused") >= 5


# ---- supervisors ---------------------------------------------------------------------


async def test_a_supervisor_looks_after_accounts(place: Town) -> None:
    rose = Browser(place)
    await rose.sign_in("rose")
    await rose.get("/desk/staff")
    await rose.post("/desk/staff", name="jean", shown="Jean A.", queue="ecole", role="agent")
    found = re.search(r"<code>([a-z0-9-]{19})</code>", rose.page)
    assert found is not None
    assert found[1] not in await rose.get("/desk/staff")
    jean = Browser(place)
    await jean.sign_in("jean", found[1])
    assert jean.path == "/desk/password"
    account = await staff.get(place.store, "jean")
    assert account is not None
    assert (account.queues, account.role) == (("ecole",), Role.AGENT)
    await rose.post("/desk/staff", name="jean")
    assert "existe déjà" in rose.page
    await rose.post("/desk/staff", name="../x")
    assert "pas possible" in rose.page
    await rose.post("/desk/staff/jean/disable")
    assert "fermé" in rose.page
    await rose.post("/desk/staff/rose/disable")
    assert "au moins un responsable" in rose.page
    await rose.get("/desk/audit")
    assert "a ajouté un compte" in rose.page
    assert "a fermé un compte" in rose.page
    for place_in_list in ("²", "9" * 23, "-", "9-9-9"):
        await rose.get(f"/desk/audit?before={place_in_list}")
        assert rose.status == 404
    (newest, *_) = await place.store.audit.read()
    assert "a fermé un compte" not in await rose.get(f"/desk/audit?before={newest.id}")


async def test_two_supervisors_cannot_shut_each_other_out(place: Town) -> None:
    await staff.add(place.store, "marc", PASSWORD, role=Role.SUPERVISOR)
    await asyncio.gather(
        *(staff.disable(place.store, name) for name in ("rose", "marc")), return_exceptions=True
    )
    kept = [one.name for one in await staff.every(place.store) if not one.disabled]
    assert set(kept) & {"rose", "marc"}


async def test_names_and_passwords_that_cannot_be(place: Town) -> None:
    for name, password, code in (
        ("Anne", PASSWORD, "bad-name"),
        ("anne", PASSWORD, "taken"),
        ("luc", "court", "too-short"),
        ("luc", "x" * 129, "too-long"),
        ("luc", "motdepasse123", "too-common"),
        ("luc", "aaaaaaaaaaaa1", "too-common"),
        ("jean-baptiste", "jeanbaptiste", "too-common"),
        ("luc", "1234567890123", "too-common"),
    ):
        with pytest.raises(AccountRefused) as refused:
            await staff.add(place.store, name, password)
        assert refused.value.code == code
    with pytest.raises(AccountRefused, match="unknown"):
        await staff.disable(place.store, "luc")


async def test_in_english(place: Town, anne: Browser) -> None:
    await anne.get("/desk/language/en")
    assert "Nobody is waiting." in anne.page
    await anne.get("/desk/language/xx")
    assert anne.status == 404


async def test_without_redis_there_is_a_calm_page(place: Town, anne: Browser) -> None:
    await hers(place)
    await place.store.close()
    await anne.get("/desk/")
    assert (anne.status, "Rien n&#39;est perdu" in anne.page) == (503, True)


def test_every_word_is_there_in_both_languages() -> None:
    assert set(WORDS["fr"]) == set(WORDS["en"])
