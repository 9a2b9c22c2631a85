"""The address of a page, taken apart once, so that what is checked is what is asked for."""

from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

from rag.errors import AddressRefused

PORTS = {"http": 80, "https": 443}
"""Schemes that pages are fetched over, and their usual ports."""

_LONGEST_URL = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a page is."""

    scheme: str
    host: str  # ASCII, without brackets
    port: int
    target: str  # path and query

    @property
    def authority(self) -> str:
        """The host as it stands in a header."""
        return f"[{self.host}]" if ":" in self.host else self.host


def place_of(url: str) -> Place:
    """Return where a page is.

    Raises:
        AddressRefused: the text is no address of a page, or one that programs read differently.
    """
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
    if parts.scheme not in PORTS:
        raise AddressRefused(f"Pages are fetched over http and https, not {parts.scheme or 'nothing'!r}.")
    if "@" in parts.netloc:
        raise AddressRefused("An address with a user or password is not fetched.")
    return Place(
        scheme=parts.scheme,
        host=_host(parts),
        port=PORTS[parts.scheme] if port is None else port,
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
