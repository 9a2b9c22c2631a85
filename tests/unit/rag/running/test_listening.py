"""Addresses and keys that serving refuses before it starts."""

import signal
import socket
import subprocess
import sys
from typing import Any

import pytest
from pydantic import SecretStr

from rag.errors import PortInUse, SettingInvalid
from rag.running.listening import check_access, listen, local_url
from rag.settings import Settings


def settings(**values: Any) -> Settings:
    """Return settings that come from nowhere else."""
    return Settings(_env_file=None, **values)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.1", "::", "example.org"])  # noqa: S104 not bound
def test_other_addresses_than_loopback_need_a_key(host: str) -> None:
    """Strangers could ask there, so without a key it is refused; with one, set or made, it is fine."""
    with pytest.raises(SettingInvalid, match="loopback only without a key"):
        check_access(settings(host=host), any_key=lambda: False)
    check_access(settings(host=host, api_key=SecretStr("k" * 16)), any_key=lambda: False)
    check_access(settings(host=host), any_key=lambda: True)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_no_key(host: str) -> None:
    """On this machine alone no key is needed."""
    check_access(settings(host=host), any_key=lambda: False)


@pytest.mark.parametrize(
    "url", ["answers.example.com", "answers.example.com:443", "ftp://answers.example.com", "https://"]
)
def test_a_public_url_names_its_host(url: str) -> None:
    """One without scheme or host would pass for no public address, and is refused."""
    with pytest.raises(ValueError, match="with its scheme"):
        settings(public_url=url)


def test_a_public_url_needs_a_key() -> None:
    """What stands before the service sends strangers from loopback."""
    public = settings(public_url="https://answers.example.com")
    with pytest.raises(SettingInvalid, match=r"answers\.example\.com"):
        check_access(public, any_key=lambda: False)
    check_access(public, any_key=lambda: True)
    check_access(settings(public_url="http://localhost:8321"), any_key=lambda: False)


@pytest.mark.parametrize("key", ["short", "k" * 15, "schlüssel-mit-umlaut"])
def test_weak_keys_are_refused(key: str) -> None:
    """A key is 16 ASCII characters or more, and is not repeated in the message."""
    with pytest.raises(SettingInvalid, match="16 or more") as caught:
        check_access(settings(api_key=SecretStr(key)), any_key=lambda: True)
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


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8321"),
        ("::1", "http://[::1]:8321"),
        ("::", "http://127.0.0.1:8321"),
        ("0.0.0.0", "http://127.0.0.1:8321"),  # noqa: S104 not bound
        ("answers.example.com", "http://answers.example.com:8321"),
    ],
)
def test_an_address_as_this_machine_reaches_it(host: str, url: str) -> None:
    """What listens on every address is reached on loopback; an IPv6 address stands in brackets."""
    assert url == local_url(host, 8321)


SIGNALLED = """
import sys, time
from rag.running.listening import signals_ending
with signals_ending(lambda: print("begun", flush=True), within_s=float(sys.argv[1])):
    print("ready", flush=True)
    time.sleep(float(sys.argv[2]))
    time.sleep(float(sys.argv[2]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("within_s", "takes_s", "again", "status"),
    [(30, 0.5, False, 0), (0.2, 30, False, 0), (30, 30, True, None)],
)
def test_the_first_signal_begins_the_end_and_the_second_ends_at_once(
    number: int, within_s: float, takes_s: float, again: bool, status: int | None
) -> None:
    """In time or ended for being late it is status 0; a second signal gives the status shells give."""
    command = [sys.executable, "-c", SIGNALLED, str(within_s), str(takes_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "ready" == process.stdout.readline().strip()
        process.send_signal(number)
        assert "begun" == process.stdout.readline().strip()
        if again:
            process.send_signal(number)
        assert (128 + number if status is None else status) == process.wait(5)
