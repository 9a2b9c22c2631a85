"""A webhook: each event as a signed JSON POST, after the Standard Webhooks scheme (standardwebhooks.com, 1.0.0)."""

import base64
import hashlib
import hmac
import json
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from urllib.parse import urlsplit

from typing_extensions import override

from monitoring.domain import Delivery, Reply
from monitoring.ports import Webhook
from monitoring.settings import DriftSettings, signing_key
from rag.domain import utcnow
from rag.errors import UpstreamFailed, UpstreamTimeout

GONE = 410
"""The status by which a receiver says that it wants no more."""

_BUSY = (429, 503)
"""Statuses at which a receiver may say when to come again."""

_LONGEST_WAIT_S = 1_000_000
_LONGEST_REASON = 200


class SignedWebhook(Webhook):
    """POSTs to one address. Redirects are not followed, and of an answer its status alone counts."""

    def __init__(
        self,
        url: str,
        key: bytes,
        *,
        connect_timeout_s: float = 5.0,
        timeout_s: float = 10.0,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        """Connect to nothing yet.

        Args:
            url: where to; may hold secrets, so that errors name host and port alone.
            key: that events are signed with.
            connect_timeout_s: limit of connecting.
            timeout_s: limit of the whole, until the answer's status is there.
            clock: gives the moment that is signed.
        """
        self._url = url
        self._key = key
        self._connect_timeout_s = connect_timeout_s
        self._timeout_s = timeout_s
        self._clock = clock
        parts = urlsplit(url)
        self._name = f"{parts.hostname}:{parts.port}" if parts.port else f"{parts.hostname}"

    @override
    def send(self, delivery: Delivery) -> Reply:
        """Send it as the port says: 2xx takes it, 410 ends it, everything else may be tried again."""
        from anyio.from_thread import start_blocking_portal

        # Its own event loop, because only there one limit can hold for connecting, sending and waiting together.
        with start_blocking_portal() as portal:
            status, retry_after_s = portal.call(partial(self._post, delivery))
        if 200 <= status < 300:
            return Reply.TAKEN
        if status == GONE:
            return Reply.GONE
        raise UpstreamFailed(
            f"the webhook at {self._name} answered with status {status}, expected 2xx",
            retry_after_s=retry_after_s,
        )

    async def _post(self, delivery: Delivery) -> tuple[int, float | None]:
        """Return the answer's status, and the seconds after which the receiver wants to be asked again."""
        import anyio
        from httpx import AsyncClient, HTTPError, InvalidURL, Timeout, TimeoutException

        # Its line about each call holds the whole address.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        body = json.dumps(delivery.payload, ensure_ascii=False, separators=(",", ":")).encode()
        late = UpstreamTimeout(f"the webhook at {self._name} did not answer within {self._timeout_s:g} s")
        try:
            with anyio.fail_after(self._timeout_s):
                timeout = Timeout(self._timeout_s, connect=self._connect_timeout_s)
                async with (
                    AsyncClient(
                        verify=ssl.create_default_context(), timeout=timeout, follow_redirects=False
                    ) as client,
                    client.stream(
                        "POST", self._url, content=body, headers=self._headers(delivery, body)
                    ) as response,
                ):
                    asked = response.headers.get("retry-after") if response.status_code in _BUSY else None
                    return response.status_code, self._seconds(asked)
        except (TimeoutError, TimeoutException):
            raise late from None
        except (HTTPError, InvalidURL, OSError) as error:
            raise UpstreamFailed(f"the webhook at {self._name} cannot be reached: {_said(error)}") from None

    def _headers(self, delivery: Delivery, body: bytes) -> dict[str, str]:
        stamp = str(int(self._clock().timestamp()))
        return {
            "content-type": "application/json",
            "user-agent": "Whetstone/1 (tells of alarms)",
            "webhook-id": delivery.id,
            "webhook-timestamp": stamp,
            "webhook-signature": signature(self._key, delivery.id, stamp, body),
        }

    def _seconds(self, asked: str | None) -> float | None:
        """Return what Retry-After asks for, a number of seconds or a date; None where it cannot be read."""
        if asked is None:
            return None
        with suppress(ValueError):
            return float(max(0, min(int(asked), _LONGEST_WAIT_S)))
        with suppress(ValueError, TypeError):
            at = parsedate_to_datetime(asked)
            at = at if at.tzinfo else at.replace(tzinfo=UTC)
            return max(0.0, (at - self._clock()).total_seconds())
        return None


def webhook_of(settings: DriftSettings) -> Webhook | None:
    """Return who is told of alarms; None where nobody is named."""
    if settings.webhook_url is None or settings.webhook_secret is None:
        return None
    return SignedWebhook(settings.webhook_url.get_secret_value(), signing_key(settings.webhook_secret))


def signature(key: bytes, webhook_id: str, timestamp: str, body: bytes) -> str:
    """Return the signature of an event: ``v1,`` and the base64 of the HMAC-SHA256 of id, timestamp and body."""
    signed = b".".join((webhook_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _said(error: Exception) -> str:
    """Return what a failure says, where that cannot name the address: of the network's own errors the text."""
    from httpx import ConnectError

    shown = str(error) if isinstance(error, ConnectError | OSError) else ""
    return shown[:_LONGEST_REASON] or type(error).__name__
