"""Work done ahead, several pieces at once, its results in the order of what was given. Knows nothing of the work."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Result = TypeVar("Result")

_AHEAD = 32
"""Pieces for each worker that are taken before the first of them has to be done."""


def in_order(
    work: Callable[[Given], Result],
    given: Iterable[Given],
    *,
    workers: int,
    weight: Callable[[Given], int],
    weight_done: Callable[[Result], int],
    most: int,
) -> Iterator[Result]:
    """Yield what `work` makes of each, in the order given.

    With one worker it is done in the caller's thread, one after the other. Otherwise pieces are taken ahead, as many
    as keep the workers busy behind one that takes long, while those that wait, are under way, or are done and not
    taken yet weigh no more than `most` together. What `work` raises is raised in its place.

    Args:
        work: called in several threads.
        given: taken in the caller's thread.
        workers: threads.
        weight: of a piece before it is done, e.g. bytes.
        weight_done: of what it became.
        most: that may be held at once; a piece that alone weighs more is taken alone.
    """
    if workers == 1:
        yield from map(work, given)
        return

    pool = ThreadPoolExecutor(workers, thread_name_prefix="ahead")
    waiting: deque[Future[tuple[Result, int]]] = deque()
    scales = _Scales()

    def weighed(piece: Given, before: int) -> tuple[Result, int]:
        result = work(piece)
        after = weight_done(result)
        scales.add(after - before)
        return result, after

    def first() -> Result:
        result, weighs = waiting.popleft().result()
        scales.add(-weighs)
        return result

    try:
        for piece in given:
            weighs = weight(piece)
            while waiting and (len(waiting) >= _AHEAD * workers or weighs + scales.held > most):
                yield first()
            scales.add(weighs)
            waiting.append(pool.submit(weighed, piece, weighs))
        while waiting:
            yield first()
    finally:
        # Whoever breaks off does not wait for what is under way.
        pool.shutdown(wait=False, cancel_futures=True)


class _Scales:
    """What all pieces weigh that are held; several threads add to it."""

    def __init__(self) -> None:
        self.held = 0
        self._lock = threading.Lock()

    def add(self, weight: int) -> None:
        """Add to it, or take away."""
        with self._lock:
            self.held += weight
