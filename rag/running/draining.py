"""What is under way while a service comes to its end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Draining:
    """Counts requests under way, says that no new ones are wanted, and cuts those that take too long.

    `begin` may be called from any thread and from a signal's hook; everything else belongs to the event loop.
    """

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._cuts: dict[int, Callable[[], None]] = {}
        self._next = 0

    @property
    def stopping(self) -> bool:
        """Whether new requests are refused."""
        return self._stopping.is_set()

    @property
    def under_way(self) -> int:
        """Requests that have begun and not ended."""
        return len(self._cuts)

    def begin(self) -> None:
        """Want no new requests from now on."""
        self._stopping.set()

    @contextmanager
    def request(self, cut: Callable[[], None]) -> Iterator[None]:
        """Count a request while in the context; `cut` ends it from outside, and must do so soon."""
        number, self._next = self._next, self._next + 1
        self._cuts[number] = cut
        try:
            yield
        finally:
            del self._cuts[number]

    def cut(self) -> int:
        """End whatever is under way; return how many requests that were."""
        cuts = list(self._cuts.values())
        for each in cuts:
            each()
        return len(cuts)
