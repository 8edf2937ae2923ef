"""A case from the citizen's key press to the news of it, with the agency's page in between."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.web.conftest import ROOT, Demo, awake, demo_of
from tests.web.test_browser import CONTRAST, Handset, ask_for_an_act, handset

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def unhurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo in which nothing moves by itself while a test looks, and no hour is quiet."""
    folder = tmp_path_factory.mktemp("agencies")
    menus = awake(folder / "menus")
    with demo_of(
        folder / "data",
        GATEWAY_MENUS=str(menus),
        GATEWAY_LOCALES=str(ROOT / "locales"),
        GATEWAY_DEMO_DAY="3600",
    ) as running:
        yield running


@pytest.fixture
def phone(browser: Browser, unhurried: Demo) -> Iterator[Handset]:
    """The first test number, new to the counter."""
    given = {"phone": "+2290197000001", "language": None}
    httpx2.post(f"{unhurried.url}/phone/language", json=given, trust_env=False).raise_for_status()
    yield from handset(browser, unhurried, viewport={"width": 1280, "height": 900})


@pytest.fixture
def counter(browser: Browser, unhurried: Demo) -> Iterator[Page]:
    """The agencies' page, at the address that the console tells."""
    found = re.search(r"The agencies' counter\s+(http://\S+)", unhurried.told)
    assert found is not None
    yield from counter_of(browser, found[1])


def counter_of(browser: Browser, url: str, **context: object) -> Iterator[Page]:
    page = browser.new_context(java_script_enabled=False, **context).new_page()  # type: ignore[arg-type]
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(url)
    yield page
    page.context.close()
    assert complaints == []


def test_a_case_is_moved_on_and_she_gets_the_news(phone: Handset, counter: Page) -> None:
    link = phone.page.get_by_role("link", name="Ouvrir le guichet de l'agence")
    assert (link.get_attribute("href") or "").startswith(counter.url.partition("?")[0])
    ask_for_an_act(phone)
    phone.reply("1", "code secret")
    phone.reply("4826", re.compile(r"Demande EC-\d{4}"))
    messages = phone.page.locator("#messages > li")
    expect(messages.last).to_contain_text("recue. Suivi")  # ç is no letter of the old alphabet
    found = re.search(r"EC-\d{4}", messages.last.inner_text())
    assert found is not None
    number = found[0]

    counter.get_by_role("link", name="Actualiser").click()
    case = counter.get_by_role("article", name=number)
    expect(case.locator(".state")).to_have_text("reçue")
    case.get_by_role("button", name="Passer à « en cours »").click()
    expect(counter.get_by_role("status")).to_contain_text("C'est fait.")
    expect(case.locator(".state")).to_have_text("en cours")
    expect(messages.last).to_contain_text(f"Demande {number} en cours. Encore 2 jours.")
    case.get_by_role("button", name="Passer à « prête »").click()
    expect(messages.last).to_contain_text(f"Acte {number} pret à Cotonou.")
    expect(messages.last.locator("summary")).to_contain_text("remis")

    counter.get_by_role("link", name="Actualiser").click()
    case.locator("summary").click()
    told = case.locator(".pair li.told")
    expect(told).to_have_count(4)
    expect(told.filter(has_text="ANIP, prête")).to_contain_text("reçu (202)")
    assert "97000001" not in counter.content()


def test_an_agency_that_is_down_is_met_on_the_phone(phone: Handset, counter: Page) -> None:
    system = counter.get_by_role("form", name="ANIP")
    choice = system.get_by_label("ANIP", exact=True)
    choice.select_option("failing")
    system.get_by_role("button", name="Choisir : ANIP").click()
    expect(counter.get_by_role("status")).to_have_text("Comportement choisi.")
    phone.page.locator("#language").select_option("fr")
    phone.reply("*229*1*2#", "ne répond pas")
    choice.select_option("normal")
    system.get_by_role("button", name="Choisir : ANIP").click()
    expect(choice).to_have_value("normal")


def test_by_keyboard_alone(counter: Page) -> None:
    counter.keyboard.press("Tab")
    expect(counter.locator(".skip")).to_be_focused()
    counter.keyboard.press("Enter")
    counter.keyboard.press("Tab")
    expect(counter.get_by_role("link", name="Actualiser")).to_be_focused()
    counter.get_by_role("article", name="PL-2071").get_by_role("button").first.focus()
    counter.keyboard.press("Enter")
    case = counter.get_by_role("article", name="PL-2071")
    expect(case.locator(".state")).to_have_text("convocation")


def test_in_english_and_on_a_small_screen(browser: Browser, counter: Page) -> None:
    counter.get_by_role("link", name="English").click()
    expect(counter.get_by_role("heading", level=1)).to_have_text("The agency's counter")
    for page in measured(browser, counter.url, viewport={"width": 360, "height": 740}):
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        heights = page.evaluate(
            """() => [...document.querySelectorAll("button, select")]
                 .map((e) => e.getBoundingClientRect().height)"""
        )
        assert min(heights) >= 44


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_of_the_agencies_stand_out(browser: Browser, counter: Page, scheme: str) -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 to 1, by day and by night."""
    for page in measured(browser, counter.url, color_scheme=scheme):
        assert page.evaluate(CONTRAST) == []


def measured(browser: Browser, url: str, **context: object) -> Iterator[Page]:
    """The page where scripts of a test may run, though it has none of its own."""
    page = browser.new_context(**context).new_page()  # type: ignore[arg-type]
    page.goto(url)
    assert page.locator("script").count() == 0
    yield page
    page.context.close()
