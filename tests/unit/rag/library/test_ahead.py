"""Work done ahead: results in order, bounded in number and weight, ended by whoever breaks off."""

import threading
import time
from collections.abc import Iterator

import pytest
from doubles.waiting import until

from rag.library.ahead import in_order


def doubled(number: int) -> int:
    """Return twice the number, the later the smaller it is."""
    time.sleep(0.002 * (number % 5))
    return 2 * number


def run(given: Iterator[int] | range, workers: int, *, most: int = 10**9, weight: int = 1) -> Iterator[int]:
    """Double numbers, each of the same weight before and after."""
    return in_order(
        doubled, given, workers=workers, weight=lambda _: weight, weight_done=lambda _: weight, most=most
    )


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_results_come_in_the_order_given(workers: int) -> None:
    """Whichever is ready first, and however many workers there are."""
    assert list(run(range(200), workers)) == [2 * number for number in range(200)]


@pytest.mark.parametrize(("most", "weight", "held"), [(10, 3, 3), (2, 5, 1)])
def test_no_more_is_taken_ahead_than_may_be_held(most: int, weight: int, held: int) -> None:
    """Pieces are taken while they weigh no more together; one that is too heavy alone is taken alone."""
    taken = 0

    def counted() -> Iterator[int]:
        nonlocal taken
        for number in range(20):
            taken += 1
            yield number

    results = run(counted(), 2, most=most, weight=weight)
    for done, _ in enumerate(results):
        assert taken <= done + held + 1


def test_what_a_piece_became_counts_as_long_as_nobody_took_it() -> None:
    """A light piece that becomes a heavy one holds further ones up."""
    taken: list[int] = []

    def noted() -> Iterator[int]:
        for number in range(10):
            taken.append(number)
            yield number
            if number == 0:
                until(ready.is_set)  # the first has become heavy before the second is weighed

    ready = threading.Event()

    def work(number: int) -> int:
        return number

    def weight_done(_: int) -> int:
        ready.set()
        return 100

    results = in_order(work, noted(), workers=2, weight=lambda _: 1, weight_done=weight_done, most=50)
    assert next(results) == 0
    assert len(taken) <= 3


def test_an_error_comes_in_its_place() -> None:
    """The results before it are given, then it is raised."""

    def work(number: int) -> int:
        if number == 3:
            raise ValueError("three")
        return number

    results = in_order(work, range(10), workers=3, weight=lambda _: 1, weight_done=lambda _: 1, most=100)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)


def test_breaking_off_begins_nothing_more() -> None:
    """Whoever stops listening leaves no work behind but what is under way."""
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        time.sleep(0.01)
        return number

    results = in_order(work, range(1_000), workers=2, weight=lambda _: 1, weight_done=lambda _: 1, most=1_000)
    next(results)
    results.close()  # type: ignore[attr-defined]
    until(lambda: not any(each.name.startswith("ahead") for each in threading.enumerate()))
    assert len(begun) < 10
