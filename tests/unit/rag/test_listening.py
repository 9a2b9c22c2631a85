"""Addresses and keys that serving refuses before it starts."""

import socket
from typing import Any

import pytest
from pydantic import SecretStr

from rag.errors import PortInUse, SettingInvalid
from rag.listening import check_access, listen
from rag.settings import Settings


def settings(**values: Any) -> Settings:
    """Give settings that come from nowhere else."""
    return Settings(_env_file=None, **values)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "::", "example.org"])  # noqa: S104 not bound
def test_other_addresses_than_loopback_need_a_key(host: str) -> None:
    """Strangers could ask there, so without a key it is refused; with one it is fine."""
    with pytest.raises(SettingInvalid, match="loopback only without WHETSTONE_API_KEY"):
        check_access(settings(host=host))
    check_access(settings(host=host, api_key=SecretStr("k" * 16)))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_no_key(host: str) -> None:
    """On this machine alone no key is needed."""
    check_access(settings(host=host))


@pytest.mark.parametrize("key", ["short", "k" * 15, "schlüssel-mit-umlaut"])
def test_weak_keys_are_refused(key: str) -> None:
    """A key is 16 ASCII characters or more, and is not repeated in the message."""
    with pytest.raises(SettingInvalid, match="16 or more") as caught:
        check_access(settings(api_key=SecretStr(key)))
    assert key not in str(caught.value)


def test_taken_port_says_where_and_what_to_do() -> None:
    """The address is named, and the setting that helps."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"127\.0\.0\.1:{port} already.*WHETSTONE_PORT"):
            listen("127.0.0.1", port)


def test_foreign_address_is_a_setting_error() -> None:
    """An address this machine does not have is no port in use."""
    with pytest.raises(SettingInvalid, match=r"192\.0\.2\.1"):
        listen("192.0.2.1", 8321)
