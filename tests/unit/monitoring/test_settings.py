"""The settings of monitoring that go together."""

import base64
from pathlib import Path

import pytest
from pydantic import SecretStr

from flows.environment import all_settings, drift_settings
from monitoring.settings import signing_key
from rag.errors import SettingInvalid

URL, SECRET = "WHETSTONE_DRIFT_WEBHOOK_URL", "WHETSTONE_DRIFT_WEBHOOK_SECRET"
GOOD = "a-secret-that-is-long-enough"


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No .env is read."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "url",
    [
        "https://alarms.example.com/hook",
        "https://ann:word@alarms.example.com:8443/hook?key=1",
        "https://10.0.0.7/hook",
        "http://localhost:9000/hook",
        "http://127.0.0.1:9000",
        "http://127.8.9.1",
        "http://[::1]:9000/hook",
    ],
)
def test_addresses_that_are_taken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Https anywhere, http on this machine."""
    monkeypatch.setenv(URL, url)
    monkeypatch.setenv(SECRET, GOOD)
    settings = drift_settings()
    assert settings.webhook_url is not None
    assert settings.webhook_url.get_secret_value() == url


@pytest.mark.parametrize(
    "url",
    [
        "http://alarms.example.com/hook",
        "http://10.0.0.7/hook",
        "http://localhost.example.com/hook",
        "http://127.0.0.1.example.com/hook",
        "http://0.0.0.0/hook",
        "ftp://localhost/hook",
        "told.example.org/hook",
        "https:///hook",
        "https://[::1/hook",
        "https://alarms.example.com:port/hook",
    ],
)
def test_addresses_that_are_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """The error names the setting, and not the address, which may hold a password."""
    monkeypatch.setenv(URL, url)
    monkeypatch.setenv(SECRET, GOOD)
    with pytest.raises(SettingInvalid, match=rf"^{URL}: ") as raised:
        drift_settings()
    assert url not in str(raised.value)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({URL: "https://alarms.example.com"}, f"{SECRET}: a webhook is set, and nothing to sign with"),
        ({SECRET: GOOD}, f"{SECRET}: {URL}, which it is for, is not set"),
        ({URL: "https://alarms.example.com", SECRET: "x" * 23}, f"{SECRET}: expected 24 bytes or more"),
        (
            {URL: "https://alarms.example.com", SECRET: "whsec_" + base64.b64encode(b"x" * 23).decode()},
            f"{SECRET}: expected 24 bytes or more",
        ),
        (
            {URL: "https://alarms.example.com", SECRET: "whsec_" + "!" * 40},
            f"{SECRET}: what follows whsec_ is no base64",
        ),
    ],
)
def test_address_and_secret_go_together(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], said: str
) -> None:
    """One without the other, and a secret that can be guessed, are told at the start."""
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingInvalid) as raised:
        drift_settings()
    assert str(raised.value).startswith(said)


def test_without_both_nobody_is_told() -> None:
    """The default."""
    assert (drift_settings().webhook_url, drift_settings().webhook_secret) == (None, None)


def test_neither_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """`whetstone settings` says that they are set."""
    monkeypatch.setenv(URL, "https://alarms.example.com/T0KEN")
    monkeypatch.setenv(SECRET, GOOD)
    shown = {row.name: row.value for row in all_settings()}
    assert (shown[URL], shown[SECRET]) == ("set", "set")


def test_what_is_signed_with() -> None:
    """What libraries write as base64 is read so; anything else is taken as it stands."""
    key = bytes(range(24))
    assert signing_key(SecretStr("whsec_" + base64.b64encode(key).decode())) == key
    assert signing_key(SecretStr(GOOD)) == GOOD.encode()
