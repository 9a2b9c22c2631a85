"""The address the service listens on, and the signals that end it."""

import errno
import ipaddress
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rag.errors import PortInUse, SettingInvalid
from rag.settings import Settings

if TYPE_CHECKING:
    from uvicorn import Server

_SHORTEST_KEY = 16
"""Characters of an API key."""


def check_access(settings: Settings) -> None:
    """Refuse to listen where strangers could ask without a key.

    Raises:
        SettingInvalid: the host is not loopback and there is no key, or the key is too short.
    """
    key = settings.api_key.get_secret_value() if settings.api_key else None
    if key is not None and (len(key) < _SHORTEST_KEY or not key.isascii()):
        raise SettingInvalid(
            f"WHETSTONE_API_KEY has to be {_SHORTEST_KEY} or more ASCII characters, got {len(key)}; make one "
            "with: openssl rand -hex 32"
        )
    if key is None and not _is_loopback(settings.host):
        raise SettingInvalid(
            f"The service binds to loopback only without WHETSTONE_API_KEY, and {settings.host} is not. Set "
            f"WHETSTONE_API_KEY to {_SHORTEST_KEY} or more characters, or WHETSTONE_HOST=127.0.0.1."
        )


def listen(host: str, port: int) -> socket.socket:
    """Give a socket bound to the address; port 0 takes any free one.

    Raises:
        PortInUse: something listens there already.
        SettingInvalid: this machine does not have the address, or may not use the port.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise SettingInvalid(f"WHETSTONE_HOST={host} is no address of this machine: {error}") from error
    sock = socket.socket(family, kind, protocol)
    # A restart must not wait for the old connections' time to run out.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(address)
        sock.listen(128)
    except OSError as error:
        sock.close()
        if isinstance(error, PermissionError):
            raise SettingInvalid(f"Port {port} may not be used by this user; set WHETSTONE_PORT.") from error
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"Something listens on {host}:{port} already, perhaps another Whetstone. Stop it, or set "
                "WHETSTONE_PORT to another port (0: any free one)."
            ) from error
        raise SettingInvalid(f"Cannot listen on {host}:{port}: {error}") from error
    return sock


def url_of(settings: Settings, sock: socket.socket) -> str:
    """Give the URL under which the service on that socket is reached."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return settings.public_url or f"http://{host}:{sock.getsockname()[1]}"


@contextmanager
def signals_ending(server: "Server") -> Iterator[None]:
    """Have SIGINT and SIGTERM end the server and nothing else.

    Uvicorn raises the signal once more after its shutdown, which would end the process before the replica
    has left and the indexes are closed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
