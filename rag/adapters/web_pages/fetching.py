"""Fetches pages: checks where each address leads, connects there and nowhere else, and keeps the time."""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import cast
from urllib.parse import urljoin

from typing_extensions import override

from rag.adapters.web_pages.addresses import IPAddress, connected, is_public, resolved, said, system_addresses
from rag.adapters.web_pages.responses import FORMATS, page_of
from rag.adapters.web_pages.urls import PORTS, Place, place_of
from rag.errors import AddressRefused, UnreadableDocument
from rag.ports import WebPage, WebPages

USER_AGENT = "Whetstone/1 (fetches a page that a person handed in)"

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class PublicPages(WebPages):
    """Fetches pages over HTTP and HTTPS, on their usual ports."""

    def __init__(
        self,
        *,
        max_bytes: int,
        timeout_s: float,
        allowed: Callable[[IPAddress], bool] = is_public,
        ports: Collection[int] = (80, 443),
        resolve: Callable[[str, int], list[str]] = system_addresses,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Fetch nothing yet.

        Args:
            max_bytes: of a page, as it is sent and as it unpacks.
            timeout_s: of one fetch, redirects and all.
            allowed: tells whether an address may be connected to.
            ports: which ports may be.
            resolve: gives the addresses of a name, as numbers.
            tls: how certificates are checked; by default as the system does.
        """
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._allowed = allowed
        self._ports = frozenset(ports)
        self._resolve = resolve
        self._tls = tls

    @override
    def check(self, url: str) -> None:
        place = self._place(url)
        with suppress(ValueError):
            self._check_address(place, ipaddress.ip_address(place.host))

    @override
    def fetch(self, url: str) -> WebPage:
        """Fetch a page as the port says, following up to five redirects."""
        deadline = time.monotonic() + self._timeout_s
        for _ in range(_MOST_REDIRECTS + 1):
            place = self._place(url)
            connection = self._connected(place, deadline)
            with self._in_time(connection, deadline):
                if isinstance(connection.sock, ssl.SSLSocket):
                    connection.sock.do_handshake()
                connection.request(
                    "GET",
                    place.target,
                    headers={
                        "User-Agent": USER_AGENT,
                        "Accept": ", ".join(FORMATS),
                        "Accept-Encoding": "gzip",
                        "Connection": "close",
                    },
                )
                response = connection.getresponse()
                if response.status not in _REDIRECTS:
                    return page_of(response, self._max_bytes)
                leads_to = response.getheader("Location")
            if not leads_to:
                raise UnreadableDocument(f"the page leads elsewhere (status {response.status}) but not where")
            url = urljoin(url, leads_to)
        raise UnreadableDocument(f"the page leads elsewhere more than {_MOST_REDIRECTS} times")

    def _place(self, url: str) -> Place:
        place = place_of(url)
        if place.port not in self._ports:
            listed = " and ".join(map(str, sorted(self._ports)))
            raise AddressRefused(f"Pages are fetched from ports {listed}, not from {place.port}.")
        return place

    def _connected(self, place: Place, deadline: float) -> http.client.HTTPConnection:
        addresses = resolved(place.host, place.port, deadline, resolve=self._resolve)
        if addresses is None:
            raise self._late()
        for address in addresses:
            self._check_address(place, address)
        sock = connected(addresses, place.port, deadline)
        try:
            peer = ipaddress.ip_address(str(sock.getpeername()[0]).partition("%")[0])
            self._check_address(place, peer)
            if place.scheme == "https":
                context = self._tls or ssl.create_default_context()
                sock = context.wrap_socket(sock, server_hostname=place.host, do_handshake_on_connect=False)
        except (OSError, ValueError) as error:
            sock.close()
            raise UnreadableDocument(f"{place.host} cannot be reached: {said(error)}") from error
        except BaseException:
            sock.close()
            raise
        connection = http.client.HTTPConnection(place.authority, place.port)
        connection.default_port = PORTS[place.scheme]
        connection.sock = sock
        # Without a socket it would connect by itself, to wherever the name leads by then.
        connection.auto_open = 0
        return connection

    def _check_address(self, place: Place, address: IPAddress) -> None:
        if not self._allowed(address):
            # Which address it is stays here: names within a network are not for everybody.
            raise AddressRefused(
                f"{place.host} is not, or not only, at a public address; pages are fetched from nowhere else."
            )

    @contextmanager
    def _in_time(self, connection: http.client.HTTPConnection, deadline: float) -> Iterator[None]:
        """Close the connection at the deadline: a server that sends a byte now and then outlasts any time-out."""
        sock = cast(socket.socket, connection.sock)
        sock.settimeout(max(deadline - time.monotonic(), 0.1))
        late = threading.Event()

        def end() -> None:
            late.set()
            with suppress(OSError):
                # Of a TLS socket too this ends the connection below.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

        timer = threading.Timer(max(deadline - time.monotonic(), 0.0), end)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (OSError, http.client.HTTPException, ValueError, UnreadableDocument) as error:
            # What was cut off looks like a page that broke off, or like another kind of page.
            if late.is_set() or isinstance(error, TimeoutError):
                raise self._late() from error
            if isinstance(error, UnreadableDocument):
                raise
            raise UnreadableDocument(f"the page broke off: {said(error)}") from error
        else:
            if late.is_set():
                raise self._late()
        finally:
            timer.cancel()
            timer.join()
            connection.close()
            sock.close()

    def _late(self) -> UnreadableDocument:
        return UnreadableDocument(f"the page takes longer than the limit of {self._timeout_s:g} s")
