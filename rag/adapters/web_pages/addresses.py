"""Addresses of machines: which of them are public, and how a name's are found and reached in time."""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable

from rag.errors import UnreadableDocument

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# Beyond what Python calls not global: what is written inside another address, and what is public by number only.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "168.63.129.16/32",  # the host, as seen from a machine in Azure
        "192.0.0.0/24",
        "192.88.99.0/24",
        "224.0.0.0/4",
        "2001::/23",  # Teredo and others that lead elsewhere
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


def resolved(
    host: str, port: int, deadline: float, *, resolve: Callable[[str, int], list[str]]
) -> list[IPAddress] | None:
    """Return every address of a name; None where that is not known at the deadline, in monotonic seconds.

    Raises:
        UnreadableDocument: it has none.
    """
    found: list[str] = []
    failed: list[Exception] = []

    def ask() -> None:
        try:
            found.extend(resolve(host, port))
        except (OSError, UnicodeError) as error:
            failed.append(error)

    # The system's resolver knows no time limit.
    asking = threading.Thread(target=ask, name="resolving", daemon=True)
    asking.start()
    asking.join(max(0.0, deadline - time.monotonic()))
    if asking.is_alive():
        return None
    if failed or not found:
        raise UnreadableDocument(f"{host} has no address: {said(failed[0]) if failed else 'none'}")
    return [ipaddress.ip_address(each.partition("%")[0]) for each in found]


def system_addresses(host: str, port: int) -> list[str]:
    """Return the addresses of a name as the system resolves it, as numbers."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def connected(addresses: list[IPAddress], port: int, deadline: float) -> socket.socket:
    """Connect to the first that answers. Numbers only: nothing is resolved again.

    Raises:
        UnreadableDocument: none does before the deadline, in monotonic seconds.
    """
    problem: OSError | None = None
    for address in addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            return socket.create_connection((str(address), port), timeout=left)
        except OSError as error:
            problem = error
    why = said(problem) if problem else "no time was left"
    raise UnreadableDocument(f"no connection to {', '.join(map(str, addresses[:3]))}, port {port}: {why}")


def said(error: BaseException) -> str:
    """Return what an error of the network says."""
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
