"""Who sends a request: the principal that a key stands for.

A key is looked up at most once a second, so a revocation holds after about as long. While the database is away the last
look-up holds; a key that was not seen before has to wait for it.
"""

import asyncio
import hmac
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

from anyio import CapacityLimiter, to_thread

from rag.access.keys import KeyMaths, KeyStatus, status
from rag.domain import Key, Principal, Role, utcnow
from rag.errors import Unauthorised, Unavailable, WhetstoneError
from rag.ports import KeyStore

logger = logging.getLogger(__name__)

FRESH_S = 1.0
"""How long a look-up holds, in seconds."""

PATIENCE_S = 0.5
"""How long a request waits for a database that hangs before an earlier look-up will do, in seconds."""

LONGEST_S = 5.0
"""The same where there is no earlier look-up, in seconds; after that it is an error."""

_REMEMBERED = 10_000
_THREADS = 8
"""Threads of their own: the pool that all else shares may be full of those who wait for the same database."""


def local_principal(tenant: str) -> Principal:
    """Return whoever uses this machine, while there are no keys: everything is theirs."""
    return Principal(id="local", tenant=tenant, roles=frozenset(Role))


T = TypeVar("T")


class _LookUp(Generic[T]):
    """One thing read from the store, kept for a second, and for longer while the store is away."""

    def __init__(self, read: Callable[[], T], clock: Callable[[], float], threads: CapacityLimiter) -> None:
        self._read = read
        self._clock = clock
        self._threads = threads
        self._values: list[T] = []  # none or one: what was read last
        self._checked_at = 0.0  # on the clock
        self._failed = False  # so was the last attempt
        self._reading: asyncio.Task[None] | None = None
        self._hangs = False

    async def value(self) -> T:
        """Return it.

        Raises:
            Unavailable: it was never read, and cannot be now.
        """
        if self._values and self._clock() - self._checked_at < FRESH_S:
            return self._values[0]
        if self._reading is None:
            # A task, so that one reads for all who ask, and goes on where the first of them leaves.
            self._reading = asyncio.create_task(self._renew())
        reading = self._reading
        if not (self._values and self._hangs):
            done, _ = await asyncio.wait({reading}, timeout=PATIENCE_S if self._values else LONGEST_S)
            self._hangs = not done
            if done:
                reading.result()  # raises what is no trouble of the database's
        if not self._values:
            raise Unavailable("Keys cannot be checked now, because the database does not answer; try again.")
        return self._values[0]

    async def _renew(self) -> None:
        before, self._failed = self._failed, False
        try:
            self._values = [await to_thread.run_sync(self._read, limiter=self._threads)]
        except WhetstoneError as error:
            self._failed = True
            if not before:
                logger.warning("keys cannot be looked up, what was seen last holds: %s", error)
        finally:
            self._checked_at = self._clock()
            self._hangs = False
            self._reading = None


class Keyring:
    """Knows the principal of each key, the environment's included."""

    def __init__(
        self,
        store: KeyStore,
        maths: KeyMaths,
        *,
        environment: str | None,  # the one key that is a setting: it has all roles and no limits of its own
        tenant: str,  # the installation's own
        demanded: bool = False,  # a request needs a key even where none is known
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = utcnow,
    ) -> None:
        self._store = store
        self._maths = maths
        # The command line sends its key from the same setting: a key that was made keeps its own roles and end.
        given = environment if environment and maths.parse(environment) is None else None
        self._environment = given.encode() if given else None
        self._tenant = tenant
        self._clock = clock
        self._now = now
        self._threads = CapacityLimiter(_THREADS)
        self._known: OrderedDict[str, _LookUp[Key | None]] = OrderedDict()
        self._any = _LookUp(lambda: bool(store.all()), clock, self._threads)
        self._demanded = demanded or environment is not None

    @property
    def demanded(self) -> bool:
        """Whether a request needs a key, as far as was last seen."""
        return self._demanded

    async def demands(self) -> bool:
        """Tell whether a request needs a key: from the first key on, for good, even when all are revoked.

        Raises:
            Unavailable: nobody knows, because the database was away from the start.
        """
        if not self._demanded:
            self._demanded = await self._any.value()
        return self._demanded

    async def principal(self, token: str) -> Principal:
        """Return the principal of what was sent as bearer token.

        Raises:
            Unauthorised: it is no key, or one that was revoked or has expired.
            Unavailable: the key was not seen before, and cannot be looked up now.
        """
        if self._environment is not None and hmac.compare_digest(
            token.encode(errors="replace"), self._environment
        ):
            return Principal(id="environment", tenant=self._tenant, roles=frozenset(Role))
        key_id, secret = self._maths.parse(token) or ("", "")
        key = await self._look_up(key_id).value() if key_id else None
        if key is None or not self._maths.fits(key, secret):
            raise Unauthorised(
                "This key is not known; send one of this service's as `Authorization: Bearer <key>`."
            )
        state = status(key, self._now())
        if state is not KeyStatus.USABLE:
            what = "was revoked" if state is KeyStatus.REVOKED else "has expired"
            raise Unauthorised(f"The key {key.id} {what}; ask an administrator for another.")
        return Principal(
            id=key.id,
            tenant=key.tenant,
            roles=key.roles,
            requests_per_minute=key.requests_per_minute,
            concurrent=key.concurrent,
        )

    def _look_up(self, key_id: str) -> _LookUp[Key | None]:
        known = self._known.get(key_id)
        if known is None:
            known = self._known[key_id] = _LookUp(lambda: self._store.get(key_id), self._clock, self._threads)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(key_id)
        return known
