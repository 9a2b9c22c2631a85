"""Whether a service answers yet, over HTTP."""

import http.client
from collections.abc import Callable
from urllib.parse import urlsplit

from rag.errors import InvalidInput


def http_ready(url: str, *, timeout_s: float = 1.0) -> Callable[[], bool]:
    """Return a readiness check: True once a GET of `url` (http) is answered with a status below 400.

    Proxies from the environment are not used, as the children listen on this machine.

    Raises:
        InvalidInput: `url` is not a http address.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname is None:
        raise InvalidInput(f"a readiness check needs a http:// address, got {url!r}")
    host, port = parts.hostname, parts.port or 80
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def ready() -> bool:
        connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
        try:
            connection.request("GET", target)
            return connection.getresponse().status < 400
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ready
