"""Waiting until something holds, with a deadline. Nothing else in the tests sleeps and hopes."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(
    holds: Callable[[], Found | None], what: str = "it to come true", *, seconds: float = 40.0
) -> Found:
    """Return what `holds` returns, once that is true.

    Raises:
        AssertionError: it is not within so many seconds.
    """
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, f"waited {seconds:g} s for {what}"
        time.sleep(0.02)
    return found
