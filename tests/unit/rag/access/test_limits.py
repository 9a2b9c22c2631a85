"""How much one key, and all together, may have under way."""

import random

import pytest

from rag.access.limits import KeyLimits, Turns
from rag.domain import Principal, Role
from rag.errors import Overloaded, RateLimited


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def principal(id: str = "a", *, per_minute: int | None = None, concurrent: int | None = None) -> Principal:
    """Somebody with a key."""
    return Principal(
        id=id,
        tenant="default",
        roles=frozenset({Role.READER}),
        requests_per_minute=per_minute,
        concurrent=concurrent,
    )


@pytest.fixture
def clock() -> Clock:
    """The clock of the limits."""
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> KeyLimits:
    """Sixty a minute, three at once."""
    return KeyLimits(requests_per_minute=60, concurrent=3, clock=clock)


def ask(limits: KeyLimits, who: Principal, times: int = 1) -> None:
    """Ask and be answered, one after the other."""
    for _ in range(times):
        limits.begin(who)
        limits.end(who)


def test_a_minutes_requests_may_come_at_once_and_then_one_by_one(limits: KeyLimits, clock: Clock) -> None:
    """The bucket holds a minute's worth, fills one a second, and the error says when the next is taken."""
    ask(limits, principal(), 60)
    with pytest.raises(RateLimited, match="60 times a minute") as caught:
        limits.begin(principal())
    assert caught.value.retry_after_s == pytest.approx(1.0)

    clock.now += 0.75
    with pytest.raises(RateLimited) as caught:
        limits.begin(principal())
    assert caught.value.retry_after_s == pytest.approx(0.25)
    clock.now += 0.25
    ask(limits, principal())
    with pytest.raises(RateLimited):
        limits.begin(principal())


def test_no_stretch_of_time_takes_more_than_the_bucket_and_what_flows_in(
    limits: KeyLimits, clock: Clock
) -> None:
    """However requests come, of the taken ones at most 60 plus one a second lie in any stretch."""
    rng = random.Random(7)
    taken: list[float] = []
    for _ in range(3_000):
        clock.now += rng.choice([0.0, 0.01, 0.3, 2.0])
        try:
            ask(limits, principal())
        except RateLimited:
            continue
        taken.append(clock.now)
    assert len(taken) > 500
    for first in range(0, len(taken), 7):
        for last in range(first, len(taken), 11):
            assert last - first + 1 <= 60 + (taken[last] - taken[first]) + 1e-6


def test_what_is_left_is_told(limits: KeyLimits, clock: Clock) -> None:
    """Limit, what may still be asked at once, and when nothing counts any more."""
    ask(limits, principal(), 9)
    standing = limits.begin(principal())
    assert (standing.limit, standing.remaining) == (60, 50)
    assert standing.reset_s == pytest.approx(10.0)
    clock.now += 3
    standing = limits.standing(principal())
    assert (standing.limit, standing.remaining) == (60, 53)
    assert standing.reset_s == pytest.approx(7.0)


def test_only_so_many_at_once(limits: KeyLimits) -> None:
    """A fourth is refused and does not count; it is taken when one of the three has ended."""
    for _ in range(3):
        limits.begin(principal())
    with pytest.raises(RateLimited, match="may have 3 at once"):
        limits.begin(principal())
    assert limits.standing(principal()).remaining == 57
    limits.end(principal())
    limits.begin(principal())


def test_keys_do_not_share(limits: KeyLimits) -> None:
    """One key's haste is not another's, and limits of its own go before the common ones."""
    ask(limits, principal("a"), 60)
    ask(limits, principal("b"), 60)
    slow = principal("slow", per_minute=1, concurrent=1)
    ask(limits, slow)
    with pytest.raises(RateLimited, match="in 60 s") as caught:
        limits.begin(slow)
    assert caught.value.retry_after_s == pytest.approx(60.0)


def test_idle_keys_are_forgotten_but_not_those_under_way(limits: KeyLimits, clock: Clock) -> None:
    """After a minute nothing is left of ten thousand keys but the one whose answer still comes."""
    limits.begin(principal("streaming"))
    for number in range(10_000):
        ask(limits, principal(str(number)))
    assert len(limits) == 10_001
    for _ in range(3):
        clock.now += 61
        ask(limits, principal("new"))
        assert len(limits) == 2
    for _ in range(2):
        limits.begin(principal("streaming"))
    with pytest.raises(RateLimited, match="3 at once"):
        limits.begin(principal("streaming"))


def test_turns_come_in_the_order_of_asking() -> None:
    """Two at a time, two wait, a fifth is refused at once; whoever ends passes the turn to the longest waiting."""
    turns = Turns(concurrent=2, queued=2)
    first, second, third, fourth = (turns.ask() for _ in range(4))
    assert [turn.come.is_set() for turn in (first, second, third, fourth)] == [True, True, False, False]
    assert (turns.under_way, turns.waiting) == (2, 2)
    with pytest.raises(Overloaded, match="2 questions are under way and 2 wait") as caught:
        turns.ask()
    assert caught.value.retry_after_s == 1.0

    with second:
        pass
    assert [third.come.is_set(), fourth.come.is_set()] == [True, False]
    with first, third:
        pass
    with fourth:
        assert (turns.under_way, turns.waiting) == (1, 0)
    assert (turns.under_way, turns.waiting) == (0, 0)


def test_a_place_that_is_given_up_is_nobodys() -> None:
    """Who leaves the row makes room in it, and whoever waited behind comes next."""
    turns = Turns(concurrent=1, queued=2)
    first, second, third = (turns.ask() for _ in range(3))
    with second:
        pass
    assert (turns.under_way, turns.waiting) == (1, 1)
    with first:
        pass
    assert third.come.is_set()
    with third:
        pass
    assert (turns.under_way, turns.waiting) == (0, 0)


def test_without_a_row_nobody_waits() -> None:
    """With no places, the second is refused at once."""
    turns = Turns(concurrent=1, queued=0)
    with turns.ask(), pytest.raises(Overloaded):
        turns.ask()
    with turns.ask() as again:
        assert again.come.is_set()
