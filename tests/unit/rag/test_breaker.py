"""The breaker: counts, opens, tries, closes; on a clock that the tests turn."""

import pytest

from rag.breaker import Breaker, BreakerState, Call


class Clock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock."""
    return Clock()


@pytest.fixture
def changes() -> list[BreakerState]:
    """States the breaker took on."""
    return []


@pytest.fixture
def breaker(clock: Clock, changes: list[BreakerState]) -> Breaker:
    """A breaker that opens at three failures for ten seconds."""
    return Breaker(failures=3, pause_s=10, clock=clock, on_change=changes.append)


def leave(breaker: Breaker) -> Call:
    """Get a call that has to be let through."""
    call = breaker.call()
    assert call is not None
    return call


def opened(breaker: Breaker) -> Breaker:
    """Make it open."""
    for _ in range(3):
        leave(breaker).failed()
    assert BreakerState.OPEN == breaker.state
    return breaker


def test_failures_in_a_row_open_it(breaker: Breaker, changes: list[BreakerState]) -> None:
    """The third failure in a row opens; a success between starts the count anew; an abandoned call does not."""
    leave(breaker).failed()
    leave(breaker).failed()
    leave(breaker).succeeded()
    leave(breaker).failed()
    leave(breaker).abandoned()
    leave(breaker).failed()
    assert BreakerState.CLOSED == breaker.state

    leave(breaker).failed()

    assert breaker.call() is None
    assert [BreakerState.OPEN] == changes


def test_after_the_pause_one_call_tries(breaker: Breaker, clock: Clock) -> None:
    """Before its end nobody, after it one and no other until that one's verdict."""
    opened(breaker)
    assert 10 == breaker.retry_in_s
    clock.now += 9.9
    assert breaker.call() is None
    clock.now += 0.1

    trial = leave(breaker)

    assert trial.trial
    assert breaker.call() is None
    assert (BreakerState.HALF_OPEN, 0) == (breaker.state, breaker.retry_in_s)


def test_a_trial_that_works_closes_it(breaker: Breaker, clock: Clock, changes: list[BreakerState]) -> None:
    """All go through again, and three more failures are needed to open it."""
    opened(breaker)
    clock.now += 10
    leave(breaker).succeeded()

    assert [BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED] == changes
    leave(breaker).failed()
    leave(breaker).failed()
    assert BreakerState.CLOSED == breaker.state


def test_a_trial_that_fails_opens_it_for_another_pause(breaker: Breaker, clock: Clock) -> None:
    """The pause starts anew with the failed trial."""
    opened(breaker)
    clock.now += 15
    leave(breaker).failed()

    assert breaker.call() is None
    clock.now += 9.9
    assert breaker.call() is None
    clock.now += 0.1
    assert leave(breaker).trial


def test_a_trial_that_is_abandoned_lets_the_next_call_try(breaker: Breaker, clock: Clock) -> None:
    """A client that goes away during the trial must not keep the breaker waiting for ever."""
    opened(breaker)
    clock.now += 10
    leave(breaker).abandoned()

    assert leave(breaker).trial


def test_what_began_before_it_opened_changes_nothing(breaker: Breaker, clock: Clock) -> None:
    """Late verdicts neither close it nor prolong the pause; only the trial's counts."""
    early = [leave(breaker), leave(breaker)]
    opened(breaker)
    clock.now += 5
    early[0].succeeded()
    early[1].failed()

    assert (BreakerState.OPEN, 5) == (breaker.state, breaker.retry_in_s)


def test_only_the_first_verdict_counts(breaker: Breaker) -> None:
    """A call settled once is settled."""
    call = leave(breaker)
    for _ in range(5):
        call.failed()
    call.succeeded()
    leave(breaker).failed()
    before = breaker.state
    leave(breaker).failed()

    assert (BreakerState.CLOSED, BreakerState.OPEN) == (before, breaker.state)
