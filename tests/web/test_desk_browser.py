"""A call-back in a real browser: from the citizen's key press to the staff member's « done »."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.conftest import Demo

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("forgotten")]

NUMBER = "01 97 00 00 01"
MISSING = "status of 404"  # a page that is not there is told to the console too


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def desk(browser: Browser, demo: Demo, complaints: list[str]) -> Iterator[Page]:
    """Signed in with the account that the demo made."""
    page = browser.new_context(viewport={"width": 1024, "height": 800}).new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{demo.url}/desk/")
    found = re.search(r"account (\S+), password (\S+)", demo.told)
    assert found is not None, demo.told
    page.get_by_label("Nom de compte").fill(found[1])
    page.get_by_label("Mot de passe").fill(found[2])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="À rappeler")).to_be_visible()
    yield page
    page.context.close()
    assert [one for one in complaints if MISSING not in one] == []


def ask(browser: Browser, demo: Demo) -> None:
    """On the phone in the browser: *229*5*2#, then what its screens ask for."""
    page = browser.new_context().new_page()
    page.goto(demo.url + "/")
    screen = page.locator("#text")
    for typed, shows in (
        ("*229*5*2#", "Votre langue"),
        ("1", "Sujet de votre question"),
        ("2", "Quand vous rappeler"),
        ("1", "Quel numéro"),
        ("99", "rappelé ?"),
        ("1", "48 h"),
    ):
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        expect(screen).to_contain_text(shows)
    page.context.close()


def test_from_the_key_press_to_done(browser: Browser, demo: Demo, desk: Page) -> None:
    ask(browser, demo)
    link = desk.get_by_role("link", name="Droits au travail")
    for _ in range(50):  # the worker is a moment behind
        desk.goto(f"{demo.url}/desk/?queue=accueil")
        if link.count():
            break
        desk.wait_for_timeout(100)
    seen = [desk.content()]
    link.first.click()
    seen.append(desk.content())
    desk.get_by_role("button", name="Prendre").click()
    expect(desk.get_by_role("status")).to_contain_text("C'est à vous.")
    seen.append(desk.content())
    assert not any(NUMBER in page or "97000001" in page for page in seen)
    desk.get_by_role("button", name="Afficher le numéro").click()
    number = desk.get_by_role("link", name=NUMBER)
    expect(number).to_have_attribute("href", "tel:+2290197000001")
    desk.get_by_label("Note", exact=True).first.fill("Elle passera lundi.")
    desk.get_by_role("button", name="C'est fait").click()
    expect(desk.get_by_role("status")).to_contain_text("Rappel terminé.")
    desk.get_by_role("link", name="Terminés").click()
    desk.get_by_role("link", name="Droits au travail").first.click()
    expect(desk.get_by_text("Elle passera lundi.")).to_be_visible()
    assert NUMBER not in desk.content()
    desk.get_by_role("link", name="Journal").click()
    expect(desk.get_by_role("cell", name="a vu un numéro").first).to_be_visible()
    expect(desk.get_by_role("cell", name="a terminé un rappel").first).to_be_visible()


@pytest.mark.parametrize("width", [320, 1280])
def test_no_page_is_wider_than_its_screen(demo: Demo, desk: Page, width: int) -> None:
    desk.set_viewport_size({"width": width, "height": 700})
    for path in ("", "ended", "feedback", "staff", "audit", "password", "callbacks/nobody"):
        desk.goto(f"{demo.url}/desk/{path}")
        wide = desk.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, path
    # the last one is the page of what is not there
    expect(desk.get_by_role("heading", name="Cette page n'existe pas.")).to_be_visible()
