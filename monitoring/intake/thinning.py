"""What counts as a question of its own. Pure.

Every test of drift counts questions as independent draws of what people want to know. Copies are not: fifty people who
are sent the same link, a page that is reloaded, a probe, a crawl and a script bring hundreds of rows that tell no more
than one. Left in, they are an alarm without any change, or drown a change. So they are thinned before anything is
compared, by rules that look back a fixed number of questions, never at what a window holds: the reference and the
newest questions are thinned alike.

How a question ended does not matter: answered, refused, failed or cancelled, somebody asked it. Leaving out those that
failed would hide exactly the topics the service cannot cope with.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from monitoring.domain import Asked, Kept, Known
from rag.ports import Vectors

REPEAT_WITHIN = 500
"""Distinct questions within which the same text, by whoever, counts once. Far enough for what goes round in a day, and
near enough that a question that is popular month after month stays as popular in both windows."""

ALIKE = 0.95
"""Cosine in the fixed encoder from which on two questions are one: other signs, another order, a plural."""

ALIKE_WITHIN = 200
"""Distinct questions within which such count once: less than for the same text, since over many questions chance
brings two that are alike, and since every new one is compared with all of these."""

BURST_WITHIN = timedelta(minutes=10)
"""Time within which few questions of one person count. Somebody who asks more is at one thing, or is no person."""

NOBODY = frozenset({"", "local", "environment"})
"""Principals that are not one person: whoever asks a service that knows no keys, or one for all."""


def without_repeats(asked: Iterable[Asked], kept: Sequence[Kept], *, position: int) -> list[Asked]:
    """Return the questions whose text was not among the `REPEAT_WITHIN` distinct ones before.

    Args:
        asked: oldest first.
        kept: what was kept of those before, by position; what is given again of it is left out too.
        position: of the last distinct question before.
    """
    ids = {each.interaction_id for each in kept}
    counted = {each.text_key: each.position for each in kept}
    new: list[Asked] = []
    for each in asked:
        last = counted.get(each.text_key)
        if each.id in ids or (last is not None and position - last < REPEAT_WITHIN):
            continue
        position += 1
        counted[each.text_key] = position
        new.append(each)
    return new


class Bursts:
    """Tells which questions of a person count: of many within `BURST_WITHIN` the first ones."""

    def __init__(self, before: Iterable[Known] = (), *, most: int) -> None:
        """Begin with the questions that counted `before`, oldest first; of a person's `most` count, 0: all."""
        self._most = most
        self._counted: dict[tuple[str, str], deque[float]] = {}
        for each in before:
            self._of(each).append(each.asked_at.timestamp())

    def counts(self, question: Known) -> bool:
        """Return whether it counts; if so it is one of those that later ones are held against."""
        if not self._most or question.principal in NOBODY:
            return True
        counted, at = self._of(question), question.asked_at.timestamp()
        # By the distance, because one that was logged late was asked before others that counted.
        if len(counted) == self._most and abs(at - counted[0]) < BURST_WITHIN.total_seconds():
            return False
        counted.append(at)
        return True

    def _of(self, question: Known) -> deque[float]:
        person = (question.tenant, question.principal)
        return self._counted.setdefault(person, deque(maxlen=self._most))


class Likenesses:
    """Tells which questions are no near-duplicate of the `ALIKE_WITHIN` distinct ones before."""

    def __init__(self, before: Vectors) -> None:
        """Begin with the vectors of the distinct questions before, oldest first, shape (n, dimension)."""
        self._vectors = np.zeros((ALIKE_WITHIN, before.shape[1]), np.float32)
        self._next = 0
        for vector in before[-ALIKE_WITHIN:]:
            self._add(vector)

    def counts(self, vector: NDArray[np.float32]) -> bool:
        """Return whether it counts; if so it is one of those that later ones are held against.

        Args:
            vector: of unit length, shape (dimension,).
        """
        # Places that are not filled yet are zero, and like nothing.
        if (self._vectors @ vector).max() >= ALIKE:
            return False
        self._add(vector)
        return True

    def _add(self, vector: NDArray[np.float32]) -> None:
        self._vectors[self._next % ALIKE_WITHIN] = vector
        self._next += 1
