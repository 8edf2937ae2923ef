"""A back end's address and secrets come from the site and the environment, or the start stops."""

from __future__ import annotations

import pytest

from gateway.backends.endpoint import endpoints, loopback
from gateway.errors import SettingsError
from gateway.menu.program import EnvRef, Place
from tests.backends.conftest import PLACE, site

URL = EnvRef("ANIP_URL", Place("menus/site.yaml", 59, 10))
TOKEN = EnvRef("ANIP_TOKEN", Place("menus/site.yaml", 60, 12))


def test_references_are_read() -> None:
    made = endpoints(
        site(URL, token=TOKEN, timeout=2.5, headers={"X-Guichet": "ussd"}),
        {"ANIP_URL": " https://api.anip.bj/v1/ ", "ANIP_TOKEN": "made-up\n"},
    )["anip"]
    assert made.url == "https://api.anip.bj/v1"
    assert made.timeout == 2.5
    assert made.encrypted
    assert made.headers == {"Authorization": "Bearer made-up", "X-Guichet": "ussd"}


def test_all_missing_variables_are_named_at_once_with_their_places() -> None:
    with pytest.raises(SettingsError) as error:
        endpoints(site(URL, token=TOKEN), {"ANIP_TOKEN": "  "})
    address, token = str(error.value).splitlines()
    assert "ANIP_URL is missing (menus/site.yaml:59:10): give the address of" in address
    assert "https://" in address
    assert "ANIP_TOKEN is missing (menus/site.yaml:60:12): give the token" in token


@pytest.mark.parametrize(
    "url",
    [
        "http://api.anip.bj",
        "http://192.168.1.5",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "ftp://api.anip.bj",
        "api.anip.bj",
        "https://",
        "https://[",
        "https://api.anip.bj:port",
        "https://user:secret@api.anip.bj",
        "https://api.anip.bj/?key=secret",
        "https://api.anip.bj/#part",
    ],
)
def test_an_address_that_cannot_be_used_stops_the_start_without_being_repeated(url: str) -> None:
    with pytest.raises(SettingsError) as error:
        endpoints(site(URL), {"ANIP_URL": url})
    assert "ANIP_URL" in str(error.value)
    assert "secret" not in str(error.value)


def test_plain_http_is_for_loopback_or_where_the_site_says_insecure() -> None:
    for url in ("http://127.0.0.1:8080", "http://localhost", "http://[::1]:9"):
        assert endpoints(site(url), {})["anip"].url == url
    inside = "http://anip.intranet.bj"
    assert endpoints(site(inside, insecure=True), {})["anip"].url == inside


def test_a_token_that_would_break_a_header_is_refused_unseen() -> None:
    with pytest.raises(SettingsError) as error:
        endpoints(site("https://api.anip.bj", token=TOKEN), {"ANIP_TOKEN": "made\r\nX-Evil: 1"})
    assert "anip" in str(error.value)
    assert "Evil" not in str(error.value)


def test_secrets_are_not_in_what_an_endpoint_shows_of_itself() -> None:
    made = endpoints(site("https://api.anip.bj", token=TOKEN), {"ANIP_TOKEN": "made-up"})["anip"]
    assert "made-up" not in repr(made)


@pytest.mark.parametrize(
    ("host", "this_machine"),
    [
        ("localhost", True),
        ("agence.localhost", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("localhost.bj", False),
        (PLACE.file, False),
    ],
)
def test_loopback(host: str, this_machine: bool) -> None:
    assert loopback(host) is this_machine
