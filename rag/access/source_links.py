"""Links to sources that open without a key, for a while: signed, each for one passage of one tenant."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from rag.domain import utcnow
from rag.errors import LinkExpired, Unauthorised

SIGNATURE = "signature"
"""Name of the parameter without which a link is not a signed one."""

PARAMETERS = ("tenant", "until", SIGNATURE)
"""Names of all its parameters."""


class SourceLinks:
    """Signs links and checks them: HMAC-SHA-256 over passage id, tenant and the moment the link ends."""

    def __init__(self, secret: bytes, *, days: float, now: Callable[[], datetime] = utcnow) -> None:
        """Sign with the installation's key secret; links open for that many days."""
        self._secret = secret
        self._lifetime = timedelta(days=days)
        self._now = now

    def query(self, passage_id: str, tenant: str) -> str:
        """Return the query string that makes the address of that passage open without a key."""
        until = int((self._now() + self._lifetime).timestamp())
        signature = self._signature(passage_id, tenant, str(until))
        return urlencode({"tenant": tenant, "until": until, SIGNATURE: signature})

    def tenant(self, passage_id: str, parameters: Mapping[str, str]) -> str:
        """Return the tenant whose passage the link opens.

        Raises:
            Unauthorised: the signature is not that of this passage, tenant and time.
            LinkExpired: it is, but the time is over.
        """
        tenant, until = parameters.get("tenant", ""), parameters.get("until", "")
        expected = self._signature(passage_id, tenant, until).encode()
        if not hmac.compare_digest(parameters.get(SIGNATURE, "").encode(errors="replace"), expected):
            raise Unauthorised(
                "The signature of this link is wrong: the link was cut off or changed, or is another service's. "
                "Open it again from the answer, or send a key as `Authorization: Bearer <key>`."
            )
        # Checked after the signature, so that it is a number for certain.
        if int(until) <= self._now().timestamp():
            raise LinkExpired
        return tenant

    def _signature(self, passage_id: str, tenant: str, until: str) -> str:
        # Each part with its length: no two triples are written alike.
        parts = "".join(f"{len(part)}:{part}\n" for part in (passage_id, tenant, until))
        content = f"whetstone source link\n{parts}".encode(errors="surrogatepass")
        return hmac.digest(self._secret, content, hashlib.sha256).hex()
