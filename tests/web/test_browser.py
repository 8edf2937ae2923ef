"""The phone page in a real browser, in front of the real demo."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.web.conftest import Demo

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("forgotten")]


@dataclass
class Handset:
    """The page, and what must not happen on it."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def shows(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.locator("#text")).to_contain_text(text)
        expect(self.page.locator("#phone")).not_to_have_attribute("data-state", "busy")

    def keys(self, text: str) -> None:
        """On the drawn keypad."""
        for key in text:
            self.page.locator(f'#phone [data-key="{key}"]').click()

    def press(self, name: str) -> None:
        self.page.locator(f'#phone [data-key="{name}"]').click()

    def reply(self, text: str, shows: str | re.Pattern[str]) -> None:
        """Typed on the computer's keyboard."""
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")
        self.shows(shows)


def handset(browser: Browser, demo: Demo, **context: object) -> Iterator[Handset]:
    page = browser.new_context(**context).new_page()  # type: ignore[arg-type]
    held = Handset(page)
    page.on("console", lambda message: held.complaints.append(message.text))
    page.on("pageerror", lambda error: held.complaints.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith(demo.url + "/") else held.strangers.append(request.url)
        ),
    )
    page.goto(demo.url + "/")
    yield held
    page.context.close()
    assert held.complaints == [], "the console, or the security policy, complained"
    assert held.strangers == [], "another host was asked"


@pytest.fixture
def phone(browser: Browser, demo: Demo) -> Iterator[Handset]:
    yield from handset(browser, demo, viewport={"width": 1280, "height": 900})


@pytest.fixture
def mobile(browser: Browser, demo: Demo) -> Iterator[Handset]:
    yield from handset(
        browser,
        demo,
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
        reduced_motion="reduce",
        color_scheme="dark",
    )


def test_a_call_by_keypad(phone: Handset) -> None:
    phone.keys("*229#")
    phone.press("call")
    phone.shows("1. Francais")
    phone.keys("1")
    phone.press("left")
    phone.shows("Services publics")
    expect(phone.page.locator("#count")).to_have_text(re.compile(r"^\d+ sur 160 septets$"))
    expect(phone.page.locator("#language")).to_have_value("fr")
    phone.keys("3")
    phone.press("call")
    phone.shows("Formation numérique")
    phone.press("end")
    phone.shows("Appel terminé")


def test_a_call_by_keyboard(phone: Handset) -> None:
    phone.reply("*229#", "1. Francais")
    phone.reply("2", "Public services")
    phone.reply("9", "Type")
    phone.page.keyboard.type("77")
    phone.page.keyboard.press("Backspace")
    phone.page.keyboard.press("Backspace")
    phone.reply("digital", "Enrol")
    phone.page.keyboard.press("Escape")
    expect(phone.page.locator("#phone")).to_have_attribute("data-state", "idle")


def test_every_control_is_reached_and_used_by_keyboard_alone(phone: Handset) -> None:
    page = phone.page
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_be_focused()
    phone.reply("*229*5*4#", "1. Francais")
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("document.activeElement.dataset.key || document.activeElement.id")
        )
    assert {"call", "end", "0", "#", "network", "line", "language", "lose", "redial"} <= reached
    assert {"messages", "written", "send"} <= reached


def test_a_dialled_suffix_goes_straight_on(phone: Handset) -> None:
    phone.reply("*229*1*2#", "1. Francais")
    phone.reply("1", "EC-1042")


def test_a_direct_code_is_dialled_with_one_press(phone: Handset) -> None:
    phone.page.get_by_role("button", name=re.compile(r"\*229\*3#")).click()
    phone.shows("1. Francais")
    phone.reply("1", "Formation numérique")


def test_letters_on_the_keypad(phone: Handset) -> None:
    """The hash key changes to letters during a reply: 222 666 8 666 is « coto »."""
    phone.reply("*229*5*1#", "1. Francais")
    phone.reply("1", "Que voulez-vous savoir")
    phone.reply("3", "Quelle ville")
    phone.keys("#")
    expect(phone.page.locator("#mode")).to_have_text("abc")
    phone.keys("2226668")
    phone.keys("666")
    expect(phone.page.locator("#answer")).to_have_value("coto")
    phone.press("erase")
    phone.press("erase")
    expect(phone.page.locator("#answer")).to_have_value("co")
    phone.press("call")
    phone.shows("Cotonou")


def ask_for_an_act(phone: Handset) -> None:
    """Up to the question for the secret code."""
    phone.reply("*229*1#", "1. Francais")
    phone.reply("1", "Demander une copie")
    phone.reply("1", "NPI")
    phone.reply("1234567890", "Quel acte")
    phone.reply("1", "Commune du retrait")
    phone.reply("coto", "1. Cotonou")
    phone.reply("1", "Combien de copies")
    phone.reply("2", "2 copies")


def test_a_lost_network_is_resumed_where_it_was(phone: Handset) -> None:
    ask_for_an_act(phone)
    phone.page.locator("#lose").click()
    phone.shows("Réseau perdu")
    expect(phone.page.locator("#lose")).to_be_disabled()
    phone.page.locator("#redial").click()
    phone.shows("reprendre")
    phone.reply("1", "2 copies")


def test_a_request_ends_with_its_number_and_a_message(phone: Handset) -> None:
    ask_for_an_act(phone)
    phone.reply("1", "code secret")
    phone.reply("4826", re.compile(r"Demande EC-\d{4}"))
    first = phone.page.locator("#messages > li").last
    expect(first).to_contain_text(re.compile(r"ANIP : Demande EC-\d{4}"))
    expect(first).to_contain_text(re.compile(r"1 SMS · \d+ septets"))
    expect(first).to_contain_text("8585")
    expect(phone.page.locator("#arrived")).to_be_visible()
    expect(first.locator("summary")).to_contain_text("remis")
    assert "4826" not in phone.page.locator("#messages").inner_text()
    shown = phone.page.locator("#exchange").inner_text()
    assert "••••" in shown
    assert "4826" not in shown
    assert "1234567890" not in shown


def write(phone: Handset, text: str, answered: str | re.Pattern[str]) -> Locator:
    """A text message, and what comes back."""
    messages = phone.page.locator("#messages > li")
    mine = phone.page.locator("#messages > .mine")
    phone.page.locator("#written").fill(text)
    phone.page.keyboard.press("Enter")
    expect(phone.page.locator("#written")).to_have_value("")
    expect(mine.last).to_contain_text(text)
    expect(messages.last).not_to_have_class(re.compile("mine"))
    expect(messages.last).to_contain_text(answered)
    return messages.last


def test_a_text_message_is_answered(phone: Handset) -> None:
    write(phone, "MENU", "Votre langue")
    answer = write(phone, "1", "Services publics")
    expect(answer).to_contain_text("8585")
    summary = answer.locator("summary")
    expect(summary).to_have_text(re.compile(r"^1 SMS · \d+ septets · remis$"))
    summary.click()
    way = answer.get_by_role("list", name="Le chemin du message")
    expect(way.locator("li").first).to_contain_text("accepté")
    expect(way.locator("li").last).to_contain_text("remis")
    expect(phone.page.locator("#language")).to_have_value("fr")
    expect(phone.page.locator("#phone")).to_have_attribute("data-state", "idle")


def test_a_language_that_needs_more_letters_is_counted_so(phone: Handset) -> None:
    write(phone, "MENU", "Votre langue")
    answer = write(phone, "3", "Jiji")
    expect(answer.locator("summary")).to_contain_text(re.compile(r"\d+ caractères UCS-2"))
    phone.page.locator("#written").fill("Alɔ")
    expect(phone.page.locator("#size")).to_have_text("1 SMS · 3 caractères UCS-2")
    phone.page.locator("#written").fill("é€")
    expect(phone.page.locator("#size")).to_have_text("1 SMS · 3 septets")


def test_a_stop_word_is_one_press_and_so_is_taking_it_back(phone: Handset) -> None:
    phone.page.locator("#line").select_option("+2290197000002")
    last = phone.page.locator("#messages > li").last
    phone.page.get_by_role("button", name="STOP").press("Enter")
    expect(last).to_contain_text("plus de SMS du 8585")
    phone.page.get_by_role("button", name="REPRENDRE").press("Enter")
    expect(last).to_contain_text("de nouveau les SMS")


def test_what_is_written_as_a_text_message_is_not_dialled(phone: Handset) -> None:
    phone.page.locator("#written").focus()
    phone.page.keyboard.type("1*2#")
    phone.page.keyboard.press("Escape")
    expect(phone.page.locator("#answer")).to_have_value("")
    expect(phone.page.locator("#written")).to_have_value("1*2#")


def test_a_message_that_is_not_taken_stays_written(phone: Handset) -> None:
    phone.page.route("**/phone/text", lambda route: route.abort())
    phone.page.locator("#written").fill("MENU")
    phone.page.keyboard.press("Enter")
    expect(phone.page.locator("#size")).to_have_text("Message non parti. Réessayez.")
    expect(phone.page.locator("#written")).to_have_value("MENU")
    phone.complaints.clear()  # the request that was made to fail


def test_a_thread_on_a_small_screen(mobile: Handset) -> None:
    write(mobile, "MENU", "Votre langue")
    assert mobile.page.evaluate("document.documentElement.scrollWidth") == 360
    for button in ("#send", "#written"):
        box = mobile.page.locator(button).bounding_box()
        assert box is not None
        assert box["height"] >= 44


def test_a_lost_reply_finds_no_phone(phone: Handset) -> None:
    """The network goes while the counter answers: what it said is not shown afterwards."""
    page = phone.page
    held: list[object] = []

    def hold(route: object) -> None:
        held.append(route)

    page.route("**/phone/step", hold)
    page.keyboard.type("*229#")
    page.keyboard.press("Enter")
    expect(page.locator("#phone")).to_have_attribute("data-state", "busy")
    page.locator("#lose").click()
    for route in held:
        route.continue_()  # type: ignore[attr-defined]
    page.unroute("**/phone/step")
    phone.shows("Réseau perdu")
    page.locator("#redial").click()
    phone.shows("1. Francais")


def test_another_operator_has_another_budget(phone: Handset) -> None:
    phone.page.locator("#network").select_option(label="Moov")
    expect(phone.page.locator("#carrier")).to_have_text("Moov")
    phone.reply("*229#", "1. Francais")
    expect(phone.page.locator("#count")).to_have_text(re.compile(r"^\d+ sur 140 septets$"))


def test_a_chosen_language_is_remembered_and_forgotten(phone: Handset) -> None:
    choice = phone.page.locator("#language")
    choice.select_option("en")
    phone.reply("*229#", "Public services")
    phone.page.locator("#lose").click()
    choice.select_option("")
    phone.page.locator("#redial").click()
    phone.shows("1. Francais")


def test_the_second_number_is_another_citizen(phone: Handset) -> None:
    phone.page.locator("#language").select_option("fr")
    phone.reply("*229*4#", "Chercher avec quoi")
    phone.reply("1", "EC-")
    phone.page.locator("#line").select_option("+2290197000002")
    expect(phone.page.locator("#language")).to_have_value("")
    phone.reply("*229*4#", "1. Francais")
    phone.reply("1", "Chercher avec quoi")
    phone.reply("1", "Aucune demande")


def test_the_wire_is_shown(phone: Handset) -> None:
    phone.reply("*229#", "1. Francais")
    expect(phone.page.locator("#exchange")).to_contain_text("serviceCode=%2A229%23")
    expect(phone.page.locator("#exchange")).to_contain_text("CON Votre langue ?")
    expect(phone.page.locator("#curl")).to_contain_text("/callbacks/africastalking/")


def test_the_page_in_english(phone: Handset) -> None:
    phone.page.get_by_role("link", name="English").click()
    expect(phone.page.get_by_role("heading", level=1)).to_have_text(
        "A public counter on every phone"
    )
    expect(phone.page.locator("html")).to_have_attribute("lang", "en")
    phone.shows("Dial *229#")


def test_a_small_screen_holds_it(mobile: Handset, tmp_path: Path) -> None:
    """360 pixels wide, dark, by touch: nothing sticks out, keys are large enough for a thumb."""
    for key in "*229#":
        mobile.page.locator(f'#phone [data-key="{key}"]').tap()
    mobile.page.locator('#phone [data-key="call"]').tap()
    mobile.shows("1. Francais")
    width = mobile.page.evaluate("document.documentElement.scrollWidth")
    assert width == 360
    box = mobile.page.locator('#phone [data-key="5"]').bounding_box()
    assert box is not None
    assert box["width"] >= 44
    assert box["height"] >= 44


CONTRAST = """() => {
  const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) =>
    0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const colour = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const style = getComputedStyle(at);
      if (style.backgroundImage !== "none") return null;
      const found = colour(style.backgroundColor);
      if (found.length === 3 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
  const low = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || element.disabled || element.closest(".unseen, .skip, select")) continue;
    const back = behind(element);
    if (back === null) continue;
    const pair = [colour(getComputedStyle(element).color), back].map(luminance);
    const ratio = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (ratio < 4.5) low.push(`${element.className || element.tagName} ${ratio.toFixed(2)}`);
  }
  return low;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out(browser: Browser, demo: Demo, scheme: str) -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 to 1, by day and by night."""
    for held in handset(browser, demo, color_scheme=scheme):
        write(held, "MENU", "Votre langue")
        assert held.page.evaluate(CONTRAST) == []


def test_names_for_those_who_do_not_see_the_page(phone: Handset) -> None:
    page = phone.page
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("button, select, input, textarea, meter")]
             .filter((e) =>
             !(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.length))
             .map((e) => e.outerHTML)"""
    )
    assert unnamed == []
    expect(page.locator("#text")).to_have_attribute("role", "status")
    expect(page.get_by_role("group", name="Clavier")).to_be_visible()
    expect(page.get_by_role("button", name="Raccrocher")).to_be_visible()
