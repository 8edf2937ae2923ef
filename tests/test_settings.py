"""Settings: what the environment says, and one clear line for each fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.settings import Settings, new_token, read
from gateway.store.seal import new_key, read_key

KEY = "0f" * 32
TOKEN = "t" * 24
FULL = {
    "REDIS_URL": "redis://localhost:6379/3",
    "GATEWAY_SECRET_KEYS": KEY,
    "GATEWAY_NAME_KEY": KEY,
    "GATEWAY_CALLBACK_TOKEN": TOKEN,
}


def _faults(environ: dict[str, str], *, needs_token: bool = False) -> list[str]:
    with pytest.raises(SettingsError) as error:
        read(environ, needs_token=needs_token)
    return str(error.value).splitlines()


def test_an_empty_environment_is_a_small_installation() -> None:
    """Without anything set there is an embedded server, and only this machine is answered."""
    settings = read({})
    assert settings.redis_url is None
    assert settings.host == "127.0.0.1"
    assert settings.port == 8000
    assert settings.menus == Path("menus")
    assert settings.data == Path("var")
    assert settings.drafts is False


def test_what_is_set_is_taken() -> None:
    settings = read(
        {
            **FULL,
            "GATEWAY_SECRET_KEYS": f"{'1a' * 32}, {KEY}",
            "GATEWAY_DRAFTS": "1",
            "PORT": "5000",
            "GATEWAY_MENUS": "/srv/menus",
            "WEB_CONCURRENCY": "4",
        },
        needs_token=True,
    )
    assert settings.secret_keys == (bytes.fromhex("1a" * 32), bytes.fromhex(KEY))
    assert settings.name_key == bytes.fromhex(KEY)
    assert settings.drafts is True
    assert settings.port == 5000
    assert settings.menus == Path("/srv/menus")
    assert settings.workers == 4
    assert settings.redis_url is not None
    assert settings.redis_url.get_secret_value() == FULL["REDIS_URL"]


def test_tokens_rotate_two_at_a_time() -> None:
    settings = read({"GATEWAY_CALLBACK_TOKEN": f"{TOKEN},{'u' * 30}\n"})
    assert settings.callback_tokens == (TOKEN, "u" * 30)


def test_an_empty_variable_is_an_absent_one() -> None:
    assert read({"REDIS_URL": "", "PORT": " "}) == read({})


def test_with_redis_the_keys_are_asked_for_by_name() -> None:
    faults = _faults({"REDIS_URL": "redis://localhost"})
    assert [fault.split(" is ")[0] for fault in faults] == [
        "GATEWAY_SECRET_KEYS",
        "GATEWAY_NAME_KEY",
    ]
    assert all("openssl rand -hex 32" in fault for fault in faults)


def test_a_process_that_is_called_needs_a_token() -> None:
    (fault,) = _faults({}, needs_token=True)
    assert fault.startswith("GATEWAY_CALLBACK_TOKEN is missing: give at least 24")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", "http://localhost"),
        ("GATEWAY_SECRET_KEYS", "tooshort"),
        ("GATEWAY_NAME_KEY", "g" * 64),
        ("GATEWAY_CALLBACK_TOKEN", "short"),
        ("GATEWAY_CALLBACK_TOKEN", f"{TOKEN},with/slash/and/more/letters"),
        ("GATEWAY_METRICS_TOKEN", "short"),
        ("GATEWAY_CALLBACK_TOKEN", ","),
        ("GATEWAY_METRICS_TOKEN", " , "),
        ("GATEWAY_SECRET_KEYS", ","),
        ("GATEWAY_LOCALES", "/nowhere/locales"),
        ("GATEWAY_DRAFTS", "peut-etre"),
        ("GATEWAY_REDIS_TRIAL", "2"),
        ("PORT", "http"),
        ("PORT", "70000"),
        ("WEB_CONCURRENCY", "0"),
        ("GATEWAY_LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_is_named_and_never_repeated(name: str, value: str) -> None:
    """A line says the variable and what to put there; the value could be a secret."""
    (fault,) = _faults({**FULL, name: value})
    assert fault.startswith(f"{name} is wrong: ")
    assert value not in fault.removeprefix(f"{name} is wrong: ").split()


def test_translations_that_are_not_named_need_not_be_there(tmp_path: Path) -> None:
    menus = tmp_path / "menus"
    assert read({"GATEWAY_MENUS": str(menus)}).locales == tmp_path / "locales"


def test_a_key_is_described_as_where_it_is_read(tmp_path: Path) -> None:
    """A key that the gateway made for its own folder may be moved into the environment."""
    made = new_key()
    assert read({"GATEWAY_NAME_KEY": made}).name_key == read_key(made, "it")
    (fault,) = _faults({"GATEWAY_NAME_KEY": "short"})
    with pytest.raises(SettingsError) as there:
        read_key("short", "var/name-key")
    assert fault.partition(": ")[2] == str(there.value).partition(": ")[2]


def test_all_faults_are_told_at_once() -> None:
    faults = _faults({**FULL, "PORT": "x", "WEB_CONCURRENCY": "x", "GATEWAY_NAME_KEY": "x"})
    assert {fault.split(" is ")[0] for fault in faults} == {
        "PORT",
        "WEB_CONCURRENCY",
        "GATEWAY_NAME_KEY",
    }


def test_secrets_do_not_print() -> None:
    """`repr` of settings may end up in a traceback or a log."""
    shown = repr(read({**FULL, "GATEWAY_METRICS_TOKEN": "m" * 24}))
    assert TOKEN not in shown
    assert "6379" not in shown
    assert "m" * 24 not in shown
    assert str(bytes.fromhex(KEY)) not in shown


def test_settings_do_not_change() -> None:
    settings = read({})
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]
    assert settings.port == 8000


def test_the_process_environment_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """`read` is told everything, so a test or a demo cannot pick up what lies around."""
    monkeypatch.setenv("PORT", "1234")
    assert read({}).port == 8000
    assert Settings().port == 8000


def test_a_made_token_is_good_enough_for_serving() -> None:
    made = new_token()
    assert read({"GATEWAY_CALLBACK_TOKEN": made}, needs_token=True).callback_tokens == (made,)
    assert new_token() != made
