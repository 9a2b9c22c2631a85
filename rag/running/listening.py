"""The address the service listens on, and the signals that end it."""

import errno
import ipaddress
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from rag.errors import PortInUse, SettingInvalid
from rag.settings import Settings

logger = logging.getLogger(__name__)

_SHORTEST_KEY = 16
"""Characters of an API key."""


def check_access(settings: Settings, *, any_key: Callable[[], bool]) -> None:
    """Refuse to listen where strangers could ask without a key.

    `any_key` tells whether a key was made that lets anybody in; it is called only where that matters.

    Raises:
        SettingInvalid: the address is public and there is no key, or the key is too short.
    """
    key = settings.api_key.get_secret_value() if settings.api_key else None
    if key is not None and (len(key) < _SHORTEST_KEY or not key.isascii()):
        raise SettingInvalid(
            f"WHETSTONE_API_KEY has to be {_SHORTEST_KEY} or more ASCII characters, got {len(key)}; make one "
            "with: openssl rand -hex 32"
        )
    if key is None and is_public(settings) and not any_key():
        named = f"{settings.host} ({settings.public_url})" if settings.public_url else settings.host
        raise SettingInvalid(
            f"The service binds to loopback only without a key, and {named} is not. Make one with `whetstone "
            f"keys create --role reader`, set WHETSTONE_API_KEY to {_SHORTEST_KEY} or more characters, or "
            "WHETSTONE_HOST=127.0.0.1 without WHETSTONE_PUBLIC_URL."
        )


def is_public(settings: Settings) -> bool:
    """Tell whether others than this machine reach the service, by its address or through what stands before it."""
    named = urlsplit(settings.public_url or "").hostname
    return not _is_loopback(settings.host) or bool(named and not _is_loopback(named))


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to the address; port 0 takes any free one.

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
    """Return the URL under which the service on that socket is reached."""
    return settings.public_url or local_url(settings.host, sock.getsockname()[1])


def local_url(host: str, port: int) -> str:
    """Return the URL under which this machine reaches what listens on an address."""
    if host in ("0.0.0.0", "::"):  # noqa: S104  # compared with, not listened on
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def signals_ending(begin: Callable[[], None], *, within_s: float = 28.0) -> Iterator[None]:
    """Have the first SIGINT or SIGTERM call `begin`, and end the process should that take too long.

    What is acknowledged is on disk, so the process may end anywhere. The second signal ends it at once, with the
    status shells give for that signal; the limit of `within_s` seconds from the first signal to the end of this
    context ends it with 0, because it was asked to end. `begin` has to be quick: it is called between any two
    instructions of the main thread. Outside of that thread, which alone hears signals, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    late = threading.Timer(within_s, _end_late, (within_s,))
    late.daemon = True

    def end(number: int, _: object) -> None:
        if late.ident is not None:
            os._exit(128 + number)
        late.start()
        begin()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        late.cancel()


def _end_late(after_s: float) -> None:
    logger.error("the service did not come to its end within %g s, so it is ended here", after_s)
    logging.shutdown()
    os._exit(0)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
