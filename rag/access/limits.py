"""How much is taken on: of one key, and of all questions together.

All of it lives in one event loop, so nothing is locked.
"""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import anyio

from rag.domain import Principal
from rag.errors import Overloaded, RateLimited

_MINUTE_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What a key may still ask."""

    limit: int  # requests a minute
    remaining: int  # requests at once, now
    reset_s: float  # until nothing counts any more, in seconds


@dataclass(kw_only=True, slots=True)
class _Account:
    limit: int  # requests a minute, which is also the most tokens
    tokens: float
    at: float  # when `tokens` was right, on the clock
    under_way: int = 0

    @property
    def a_second(self) -> float:
        return self.limit / _MINUTE_S

    def standing(self) -> Standing:
        return Standing(
            limit=self.limit,
            remaining=int(self.tokens),
            reset_s=(self.limit - self.tokens) / self.a_second,
        )


class KeyLimits:
    """A token bucket and a bound on what is under way, for each key.

    A bucket holds a minute's requests and fills evenly, so a key that was idle may ask a minute's worth at once.
    What was idle for a minute is forgotten: its bucket is full, as a new one is.
    """

    def __init__(
        self, *, requests_per_minute: int, concurrent: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the limits of keys that have none of their own; `clock` is monotonic, in seconds."""
        self._requests_per_minute = requests_per_minute
        self._concurrent = concurrent
        self._clock = clock
        self._accounts: OrderedDict[tuple[str, str], _Account] = OrderedDict()  # longest unused first

    def __len__(self) -> int:
        """Return the number of keys that are remembered."""
        return len(self._accounts)

    def begin(self, principal: Principal) -> Standing:
        """Count a request of the principal as under way, until `end`.

        Raises:
            RateLimited: too many a minute, or too many at once; a request that is refused does not count.
        """
        account = self._account(principal)
        concurrent = principal.concurrent or self._concurrent
        if account.under_way >= concurrent:
            raise RateLimited(
                f"{account.under_way} requests of this key are under way, and it may have {concurrent} at once. "
                "Wait for one to end."
            )
        if account.tokens < 1:
            wait = (1 - account.tokens) / account.a_second
            raise RateLimited(
                f"This key may ask {account.limit} times a minute; its next request is taken in "
                f"{math.ceil(wait)} s.",
                retry_after_s=wait,
            )
        account.tokens -= 1
        account.under_way += 1
        return account.standing()

    def end(self, principal: Principal) -> None:
        """Count one of its requests as over."""
        self._accounts[principal.tenant, principal.id].under_way -= 1

    def standing(self, principal: Principal) -> Standing:
        """Return what the principal may ask now."""
        return self._account(principal).standing()

    def _account(self, principal: Principal) -> _Account:
        now = self._clock()
        self._forget(now)
        limit = principal.requests_per_minute or self._requests_per_minute
        name = (principal.tenant, principal.id)
        account = self._accounts.setdefault(name, _Account(limit=limit, tokens=limit, at=now))
        self._accounts.move_to_end(name)
        account.tokens = min(limit, account.tokens + (now - account.at) * account.a_second)
        account.at = now
        return account

    def _forget(self, now: float) -> None:
        while self._accounts:
            name, account = next(iter(self._accounts.items()))
            if now - account.at < _MINUTE_S:
                return
            del self._accounts[name]
            if account.under_way:
                # A long answer: looked at again a minute later.
                account.tokens, account.at = account.limit, now
                self._accounts[name] = account


class Turns:
    """Lets so many in at a time, has so many wait in a row, and refuses the rest at once."""

    def __init__(self, *, concurrent: int, queued: int) -> None:
        self._concurrent = concurrent
        self._queued = queued
        self._under_way = 0
        self._waiting: deque[Turn] = deque()

    @property
    def under_way(self) -> int:
        """How many have their turn."""
        return self._under_way

    @property
    def waiting(self) -> int:
        """How many wait for it."""
        return len(self._waiting)

    def ask(self) -> "Turn":
        """Return a turn that has come, or a place at the end of the row. It has to be ended, come or not.

        Raises:
            Overloaded: too many wait already.
        """
        turn = Turn(self._end)
        if self._under_way < self._concurrent:
            self._under_way += 1
            turn.come.set()
        elif len(self._waiting) < self._queued:
            self._waiting.append(turn)
        else:
            raise Overloaded(
                f"{self._under_way} questions are under way and {len(self._waiting)} wait; try again in a moment."
            )
        return turn

    def _end(self, turn: "Turn") -> None:
        if not turn.come.is_set():
            self._waiting.remove(turn)
        elif self._waiting:
            # It changes hands without being free in between, so that nobody who comes now goes first.
            self._waiting.popleft().come.set()
        else:
            self._under_way -= 1


class Turn:
    """A turn that has come, or a place in the row; a context, so that it ends for certain."""

    def __init__(self, end: Callable[["Turn"], None]) -> None:
        self.come = anyio.Event()
        self._end = end

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Pass it on."""
        self._end(self)
