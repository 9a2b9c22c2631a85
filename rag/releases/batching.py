"""Questions that many callers ask at once are embedded together.

Natural (opportunistic) batching, as group commit does it in databases (DeWitt et al. 1984, "Implementation Techniques
for Main Memory Database Systems"): nobody waits for a batch to fill. A caller that finds nothing under way embeds its
own question at once, in its own thread. Who comes meanwhile waits; when the computation ends, the first of those who
wait takes all of them along as the next batch. So an idle service adds no delay, and a busy one makes its batches as
large as its load. No thread is started, so there is nothing to stop.
"""

import threading
from collections import deque
from collections.abc import Sequence

import numpy as np
from typing_extensions import override

from rag.ports import Encoder, Vectors

MOST = 32
"""Texts embedded together at most; one caller's are never parted."""


class MicroBatching(Encoder):
    """An encoder whose questions from several threads share computations; passages go through as they come."""

    def __init__(self, encoder: Encoder, *, most: int = MOST) -> None:
        self.digest = encoder.digest
        self.passages_digest = encoder.passages_digest
        self.dimension = encoder.dimension
        self._encoder = encoder
        self._most = most
        self._lock = threading.Lock()
        self._busy = False
        self._waiting: deque[_Request] = deque()

    @override
    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions as the encoder does, perhaps along with other callers'.

        Raises:
            Exception: what the encoder raises for these texts; other callers' texts have no part in it.
        """
        mine = _Request(list(texts))
        with self._lock:
            if self._busy:
                self._waiting.append(mine)
            else:
                self._busy = True
                mine.leads.set()
        mine.leads.wait()
        if not mine.done:
            self._lead(mine)
        if mine.error is not None:
            raise mine.error
        assert mine.vectors is not None  # noqa: S101  # done without an error
        return mine.vectors

    @override
    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encoder.encode_passages(texts)

    @override
    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._encoder.count_tokens(texts)

    def _lead(self, mine: "_Request") -> None:
        """Embed `mine` and those who wait, then let the first of those who came meanwhile lead."""
        batch = [mine, *self._companions(len(mine.texts))]
        try:
            self._embed(batch)
        finally:
            with self._lock:
                # Left undone only where this thread was interrupted, which is no fault of theirs.
                self._waiting.extendleft(r for r in reversed(batch[1:]) if not r.done)
                following = self._waiting.popleft() if self._waiting else None
                self._busy = following is not None
            for request in batch[1:]:
                if request.done:
                    request.leads.set()
            if following is not None:
                following.leads.set()

    def _companions(self, size: int) -> list["_Request"]:
        taken = []
        with self._lock:
            while self._waiting and size + len(self._waiting[0].texts) <= self._most:
                request = self._waiting.popleft()
                size += len(request.texts)
                taken.append(request)
        return taken

    def _embed(self, batch: Sequence["_Request"]) -> None:
        try:
            vectors = self._encoder.encode_queries([text for request in batch for text in request.texts])
        except Exception as error:  # noqa: BLE001  # belongs to a caller, who gets it
            if len(batch) == 1:
                batch[0].error, batch[0].done = error, True
            else:
                for request in batch:
                    self._embed([request])
            return
        ends = np.cumsum([len(request.texts) for request in batch])[:-1]
        for request, rows in zip(batch, np.split(vectors, ends), strict=True):
            request.vectors, request.done = rows, True


class _Request:
    """One caller's texts, and what became of them."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        self.leads = threading.Event()  # its thread goes on: to lead the next batch, or because it is done
        self.done = False
        self.vectors: Vectors | None = None
        self.error: Exception | None = None
