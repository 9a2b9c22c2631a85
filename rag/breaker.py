"""Leaves something alone that fails again and again, and tries it once in a while."""

import threading
import time
from collections.abc import Callable
from enum import StrEnum


class BreakerState(StrEnum):
    """What a breaker does with the next call."""

    CLOSED = "closed"  # it goes through
    OPEN = "open"  # it is left out
    HALF_OPEN = "half_open"  # one has been let through to try; the others are left out


class Call:
    """A call that the breaker lets through. Its first verdict counts, later ones are ignored."""

    def __init__(self, breaker: "Breaker", *, trial: bool) -> None:
        self._breaker = breaker
        self._settled = False
        self.trial = trial
        """Whether this call tries what was left alone until now."""

    def succeeded(self) -> None:
        """It worked."""
        self._settle(worked=True)

    def failed(self) -> None:
        """It failed, and what is called is to blame."""
        self._settle(worked=False)

    def abandoned(self) -> None:
        """It ended without telling anything of what is called: the caller went away, or asked for nonsense."""
        self._settle(worked=None)

    def _settle(self, *, worked: bool | None) -> None:
        if not self._settled:
            self._settled = True
            self._breaker._settle(trial=self.trial, worked=worked)


class Breaker:
    """A circuit breaker (Nygard, "Release It!", 2007); any thread may use it.

    Closed, it counts failures in a row, and opens at `failures`. Open, it lets no call through for `pause_s` seconds;
    then it lets one through, and only that call's verdict counts: success closes it, failure opens it for another
    pause. What began before it opened and ends after says nothing new and is ignored.
    """

    def __init__(
        self,
        *,
        failures: int,
        pause_s: float,
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[BreakerState], None] = lambda _: None,  # called under the lock: it must be quick
    ) -> None:
        self._limit = failures
        self._pause_s = pause_s
        self._clock = clock
        self._on_change = on_change
        self._lock = threading.Lock()
        self._state = BreakerState.CLOSED
        self._failures = 0
        self._opened_at = 0.0

    @property
    def state(self) -> BreakerState:
        """What it does now; open also when the pause is over and nobody has asked since."""
        return self._state

    @property
    def retry_in_s(self) -> float:
        """Seconds until a call may try again; 0 while it is not open."""
        with self._lock:
            if self._state is not BreakerState.OPEN:
                return 0.0
            return max(0.0, self._opened_at + self._pause_s - self._clock())

    def call(self) -> Call | None:
        """Return a call, to be settled with one of its verdicts; None where it is to be left out."""
        with self._lock:
            if self._state is BreakerState.CLOSED:
                return Call(self, trial=False)
            if self._state is BreakerState.OPEN and self._clock() - self._opened_at >= self._pause_s:
                self._become(BreakerState.HALF_OPEN)
                return Call(self, trial=True)
            return None

    def _settle(self, *, trial: bool, worked: bool | None) -> None:
        with self._lock:
            if trial and worked:
                self._failures = 0
                self._become(BreakerState.CLOSED)
            elif trial and worked is None:
                # The pause is over already, so the next call may try at once.
                self._become(BreakerState.OPEN)
            elif trial:
                self._open()
            elif self._state is BreakerState.CLOSED and worked is not None:
                self._failures = 0 if worked else self._failures + 1
                if self._failures >= self._limit:
                    self._open()

    def _open(self) -> None:
        self._opened_at = self._clock()
        self._become(BreakerState.OPEN)

    def _become(self, state: BreakerState) -> None:
        self._state = state
        self._on_change(state)
