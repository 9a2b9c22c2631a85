"""Web pages, fetched from public addresses and from no others.

Whoever may hand in an address could otherwise read with it what only this machine reaches: other services on
loopback, the private network, a cloud's metadata. So the name is resolved here, every address it stands for is
checked, the connection is made to the address that was checked, and its other end is checked once more. Each
redirect goes through all of it again. Proxies of the environment are not used: they would resolve the name anew.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from typing import cast
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from rag.errors import AddressRefused, UnreadableDocument
from rag.ports import WebPage

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

USER_AGENT = "Whetstone/1 (fetches a page that a person handed in)"

FORMATS = {
    "application/pdf": "page.pdf",
    "application/xhtml+xml": "page.html",
    "text/html": "page.html",
    "text/markdown": "page.md",
    "text/plain": "page.txt",
}
"""Content type -> the name the page is read under."""

_PORTS = {"http": 80, "https": 443}
_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_URL = 2_000
_PIECE = 65_536

# Beyond what Python calls not global: what is written inside another address, and what is public by number only.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # the host, as seen from a machine in Azure
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",  # Teredo and others that lead elsewhere
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",
    )
)
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


def is_public(address: IPAddress) -> bool:
    """Tell whether an address is one of the public internet.

    Of IPv6 only global unicast is: addresses that hold an IPv4 address (mapped, NAT64, 6to4, Teredo) are not.
    """
    if address.version == 6 and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not any(address in network for network in _NOT_PUBLIC)


class PublicPages:
    """Fetches pages over HTTP and HTTPS, on their usual ports."""

    def __init__(
        self,
        *,
        max_bytes: int,
        timeout_s: float,
        allowed: Callable[[IPAddress], bool] = is_public,
        ports: Collection[int] = (80, 443),
        resolve: Callable[[str, int], list[str]] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Fetch nothing yet.

        Args:
            max_bytes: of a page, as it is sent and as it unpacks.
            timeout_s: of one fetch, redirects and all.
            allowed: tells whether an address may be connected to.
            ports: which ports may be.
            resolve: gives the addresses of a name, as numbers; by default the system's.
            tls: how certificates are checked; by default as the system does.
        """
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._allowed = allowed
        self._ports = frozenset(ports)
        self._resolve = resolve or _system_addresses
        self._tls = tls

    def check(self, url: str) -> None:
        """Do nothing where pages may be fetched from the address, as far as it tells without asking for it.

        Raises:
            AddressRefused: they may not; the message says why.
        """
        place = self._place(url)
        with suppress(ValueError):
            self._check_address(place, ipaddress.ip_address(place.host))

    def fetch(self, url: str) -> WebPage:
        """Fetch a page, following up to five redirects.

        Raises:
            AddressRefused: it, or an address it leads to, is not one that pages are fetched from.
            UnreadableDocument: it cannot be had, is too large or too slow, or of a kind that is not read.
        """
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
                    return self._page(response)
                leads_to = response.getheader("Location")
            if not leads_to:
                raise UnreadableDocument(f"the page leads elsewhere (status {response.status}) but not where")
            url = urljoin(url, leads_to)
        raise UnreadableDocument(f"the page leads elsewhere more than {_MOST_REDIRECTS} times")

    def _place(self, url: str) -> "_Place":
        place = _taken_apart(url)
        if place.port not in self._ports:
            listed = " and ".join(map(str, sorted(self._ports)))
            raise AddressRefused(f"Pages are fetched from ports {listed}, not from {place.port}.")
        return place

    def _connected(self, place: "_Place", deadline: float) -> http.client.HTTPConnection:
        addresses = self._addresses(place, deadline)
        for address in addresses:
            self._check_address(place, address)
        sock = _connect(addresses, place.port, deadline)
        try:
            peer = ipaddress.ip_address(str(sock.getpeername()[0]).partition("%")[0])
            self._check_address(place, peer)
            if place.scheme == "https":
                context = self._tls or ssl.create_default_context()
                sock = context.wrap_socket(sock, server_hostname=place.host, do_handshake_on_connect=False)
        except (OSError, ValueError) as error:
            sock.close()
            raise UnreadableDocument(f"{place.host} cannot be reached: {_said(error)}") from error
        except BaseException:
            sock.close()
            raise
        connection = http.client.HTTPConnection(place.authority, place.port)
        connection.default_port = _PORTS[place.scheme]
        connection.sock = sock
        # Without a socket it would connect by itself, to wherever the name leads by then.
        connection.auto_open = 0
        return connection

    def _addresses(self, place: "_Place", deadline: float) -> list[IPAddress]:
        found: list[str] = []
        failed: list[Exception] = []

        def ask() -> None:
            try:
                found.extend(self._resolve(place.host, place.port))
            except (OSError, UnicodeError) as error:
                failed.append(error)

        # The system's resolver knows no time limit.
        asking = threading.Thread(target=ask, name="resolving", daemon=True)
        asking.start()
        asking.join(max(0.0, deadline - time.monotonic()))
        if asking.is_alive():
            raise self._late()
        if failed or not found:
            raise UnreadableDocument(f"{place.host} has no address: {_said(failed[0]) if failed else 'none'}")
        return [ipaddress.ip_address(each.partition("%")[0]) for each in found]

    def _check_address(self, place: "_Place", address: IPAddress) -> None:
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
            raise UnreadableDocument(f"the page broke off: {_said(error)}") from error
        else:
            if late.is_set():
                raise self._late()
        finally:
            timer.cancel()
            timer.join()
            connection.close()
            sock.close()

    def _page(self, response: http.client.HTTPResponse) -> WebPage:
        if response.status != 200:
            raise UnreadableDocument(f"the page answers with status {response.status}")
        kind = cast(Message, response.headers).get_content_type()
        if kind not in FORMATS or not response.getheader("Content-Type"):
            known = ", ".join(FORMATS)
            raise UnreadableDocument(f"the page is {kind}, which is not read; known are {known}")
        declared = response.getheader("Content-Length", "")
        if declared.isdigit() and int(declared) > self._max_bytes:
            raise self._too_large()
        content = self._content(response)
        charset = cast(Message, response.headers).get_content_charset()
        if charset and kind.startswith("text/"):
            with suppress(LookupError, UnicodeError):
                content = content.decode(charset).encode()
        return WebPage(filename=FORMATS[kind], content=content)

    def _content(self, response: http.client.HTTPResponse) -> bytes:
        encoding = (response.getheader("Content-Encoding") or "identity").strip().lower()
        if encoding not in ("identity", "gzip", "x-gzip"):
            raise UnreadableDocument(f"the page is packed as {encoding!r}, which was not asked for")
        unpack = None if encoding == "identity" else zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        sent, content = 0, bytearray()
        while piece := response.read(_PIECE):
            sent += len(piece)
            if unpack is not None:
                try:
                    # One byte more than is taken tells that it is too much, whatever is still packed.
                    piece = unpack.decompress(piece, self._max_bytes - len(content) + 1)
                except zlib.error as error:
                    raise UnreadableDocument(f"the page is not packed as it says: {error}") from error
            content += piece
            if max(sent, len(content)) > self._max_bytes:
                raise self._too_large()
        if response.length:
            raise UnreadableDocument("the page broke off before its end")
        if unpack is not None and not unpack.eof:
            raise UnreadableDocument("the page broke off before its end")
        return bytes(content)

    def _late(self) -> UnreadableDocument:
        return UnreadableDocument(f"the page takes longer than the limit of {self._timeout_s:g} s")

    def _too_large(self) -> UnreadableDocument:
        return UnreadableDocument(f"the page has more than the limit of {self._max_bytes:,} bytes")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """An address, taken apart once, so that what is checked is what is asked for."""

    scheme: str
    host: str  # ASCII, without brackets
    port: int
    target: str  # path and query

    @property
    def authority(self) -> str:
        """The host as it stands in a header."""
        return f"[{self.host}]" if ":" in self.host else self.host


def _taken_apart(url: str) -> _Place:
    if len(url) > _LONGEST_URL:
        raise AddressRefused(f"The address is longer than {_LONGEST_URL} characters.")
    # Programs disagree on what these mean, so that one could check another address than the next one asks.
    if any(letter <= " " or letter in "\\\x7f" for letter in url):
        raise AddressRefused("The address holds blanks, backslashes or control characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressRefused(f"This is no address of a page: {error}.") from error
    if parts.scheme not in _PORTS:
        raise AddressRefused(f"Pages are fetched over http and https, not {parts.scheme or 'nothing'!r}.")
    if "@" in parts.netloc:
        raise AddressRefused("An address with a user or password is not fetched.")
    return _Place(
        scheme=parts.scheme,
        host=_host(parts),
        port=_PORTS[parts.scheme] if port is None else port,
        target=quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
        + (f"?{quote(parts.query, safe='/?%:@!$&()*+,;=~-._')}" if parts.query else ""),
    )


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if "%" in host or not host.strip("."):
        raise AddressRefused("The address names no host.")
    try:
        return host if ":" in host else host.encode("idna").decode()
    except UnicodeError as error:
        raise AddressRefused(f"{host!r} is no name of a host.") from error


def _system_addresses(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _connect(addresses: list[IPAddress], port: int, deadline: float) -> socket.socket:
    """Connect to the first that answers. Numbers only: nothing is resolved again."""
    problem: OSError | None = None
    for address in addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            return socket.create_connection((str(address), port), timeout=left)
        except OSError as error:
            problem = error
    said = _said(problem) if problem else "no time was left"
    raise UnreadableDocument(f"no connection to {', '.join(map(str, addresses[:3]))}, port {port}: {said}")


def _said(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
