"""Web pages, fetched from public addresses and from no others.

Whoever may hand in an address could otherwise read with it what only this machine reaches: other services on
loopback, the private network, a cloud's metadata. So the name is resolved here, every address it stands for is
checked, the connection is made to the address that was checked, and its other end is checked once more. Each
redirect goes through all of it again. Proxies of the environment are not used: they would resolve the name anew.
"""

from rag.adapters.web_pages.addresses import is_public
from rag.adapters.web_pages.fetching import PublicPages

__all__ = ["PublicPages", "is_public"]
