"""Probes are answered by whoever has the live index open, after people's questions.

An embedded index belongs to one process. Whoever else wants to know what the live release finds writes a probe; this
is the other end. A probe is a bounded piece of work, and gives way to people before each of its texts.
"""

import base64
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from rag.domain import Document, Probe, ProbeAnswer, ProbeKind, utcnow
from rag.errors import InvalidInput, NotReady, WhetstoneError
from rag.ports import Census, DocumentStore, ProbeStore, Vectors
from rag.questions.finding.retrieval import Pinned, Retriever
from rag.releases.indexing import Indexing
from rag.releases.live import LiveRelease
from rag.releases.loading import Stopped
from rag.troubles import Troubles

logger = logging.getLogger(__name__)

MOST_TEXTS = 32
"""Texts in one probe."""

MOST_CHARACTERS = 64_000
"""Of all texts of one probe together."""

DEEPEST = 200
"""Passages that a probe may ask for each text."""

STALE_S = 60.0
"""A probe that somebody took and did not answer for so long waits again, in seconds."""

_GIVE_WAY_S = 1.0
"""Longest wait for people's questions before each text, in seconds."""

_EMBEDDED_AT_ONCE = 4
"""Passages embedded anew in one go: some 100 ms, in which people's questions share the processor."""

_TRIES = 5
"""Looks at index and documents, until nothing changed between the two."""


class Answers:
    """Answers probes from a pinned release; the same in a service and where none is alive."""

    def __init__(
        self, documents: DocumentStore, census: Census, indexing: Indexing, *, replica: str = ""
    ) -> None:
        """Answer as `replica`; empty: as nobody that serves."""
        self._documents = documents
        self._census = census
        self._indexing = indexing
        self._retriever = Retriever(documents)
        self._replica = replica

    def answer(
        self, probe: Probe, pinned: Pinned, *, check: Callable[[], None] = lambda: None
    ) -> ProbeAnswer:
        """Return what came of a probe; `check` is called before each of its texts, and ends the work by raising.

        What Whetstone raises on purpose is the answer's error.
        """
        digest = pinned.release.digest
        try:
            _check_bounds(probe)
            result = self._result(probe, pinned, check)
        except WhetstoneError as error:
            return ProbeAnswer(
                release=digest, replica=self._replica, error=f"{type(error).__name__}: {error}"
            )
        return ProbeAnswer(release=digest, replica=self._replica, result=result)

    def _result(self, probe: Probe, pinned: Pinned, check: Callable[[], None]) -> dict[str, Any]:
        texts, encoder = probe.texts, pinned.encoder
        match probe.kind:
            case ProbeKind.SEARCH:
                return {"found": [self._found(text, probe, pinned) for text in _one_by_one(texts, check)]}
            case ProbeKind.NEAREST:
                return {"nearest": [self._nearest(text, probe, pinned) for text in _one_by_one(texts, check)]}
            case ProbeKind.QUESTIONS:
                # One by one, as people's questions come.
                rows = [encoder.encode_queries([text]) for text in _one_by_one(texts, check)]
                return {"vectors": [packed(row) for row in rows]}
            case ProbeKind.PASSAGES:
                rows = [encoder.encode_passages([text]) for text in _one_by_one(texts, check)]
                return {"vectors": [packed(row) for row in rows]}
            case ProbeKind.STORED:
                return self._stored(texts, pinned, check)
            case ProbeKind.STATE:
                return self._state(pinned, check)

    def _found(self, text: str, probe: Probe, pinned: Pinned) -> list[list[Any]]:
        """Return of each hit the passage's id, its document's, and those of the same text's other documents."""
        hits = self._retriever.retrieve(pinned, text, tenant=probe.tenant, limit=probe.k).hits
        return [
            [
                hit.passage.id,
                hit.passage.document_id,
                *(Document.id_for(hit.passage.tenant, uri) for uri in hit.also_in),
            ]
            for hit in hits
        ]

    def _nearest(self, text: str, probe: Probe, pinned: Pinned) -> dict[str, list[str]]:
        vector, index = pinned.encoder.encode_queries([text])[0], pinned.index
        served, exact = (
            index.order(vector, tenant=probe.tenant, limit=probe.k, exact=every) for every in (False, True)
        )
        there = self._documents.existing(served)
        return {"served": served, "exact": exact, "gone": [each for each in served if each not in there]}

    def _stored(
        self, passage_ids: Sequence[str], pinned: Pinned, check: Callable[[], None]
    ) -> dict[str, Any]:
        reached = self._indexing.reached(pinned.index.name) or 0
        known: dict[str, float | None] = {}
        for start in range(0, len(passage_ids), _EMBEDDED_AT_ONCE):
            check()
            some = passage_ids[start : start + _EMBEDDED_AT_ONCE]
            known |= self._indexing.cosines(some, pinned.release, pinned.encoder, pinned.index)
        asked = {key: known[key] for key in passage_ids if key in known}
        of = {key: each.document_id for key, each in self._documents.passages(list(asked)).items()}
        pending = self._census.changed_among(set(of.values()), after=reached)
        # What was changed or deleted since it was drawn is behind, not wrong.
        left_out = [key for key in asked if key not in of or of[key] in pending]
        return {
            "missing": [key for key, cosine in asked.items() if cosine is None and key not in left_out],
            "cosines": {
                key: _finite(cosine)
                for key, cosine in asked.items()
                if cosine is not None and key not in left_out
            },
            "pending": left_out,
        }

    def _state(self, pinned: Pinned, check: Callable[[], None]) -> dict[str, Any]:
        """Count index and documents at one moment, as far as changes that go on allow."""
        for _ in range(_TRIES):
            check()
            before = self._indexing.reached(pinned.index.name), self._documents.last_change()
            held, expected = pinned.index.count(), self._census.passages()
            after = self._indexing.reached(pinned.index.name), self._documents.last_change()
            if before == after:
                break
        reached, pending = after[0] or 0, after[1] - (after[0] or 0)
        oldest = next(iter(self._documents.changes(after=reached, limit=1)), None)
        return {
            "passages": held,
            "expected": expected,
            "change": reached,
            # A moment in which nothing changed was not found: the counts are not of one state.
            "pending": max(pending, 0 if before == after else 1),
            "pending_since": None if oldest is None else oldest.at.isoformat(),
        }


class Prober:
    """Answers the probes that wait, in a thread that gives way to people's questions."""

    def __init__(
        self,
        live: LiveRelease,
        probes: ProbeStore,
        answers: Answers,
        *,
        replica_id: str,
        interval_s: float,  # between two looks for probes
        busy: Callable[[], bool] = lambda: False,  # people's questions are under way
    ) -> None:
        self._live = live
        self._probes = probes
        self._answers = answers
        self._replica_id = replica_id
        self._interval_s = interval_s
        self._busy = busy
        self._troubles = Troubles()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Answer probes in a thread until `stop`."""
        if not self._stopping.is_set():
            thread = threading.Thread(target=self._follow, name="probes", daemon=True)
            thread.start()
            self._thread = thread

    def stop(self) -> None:
        """End the thread, and a probe under way after the text it is at; a second call does nothing."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def turn(self) -> bool:
        """Answer the oldest probe that waits; False where none does."""
        stale = utcnow() - timedelta(seconds=STALE_S)
        probe = self._probes.take(replica=self._replica_id, stale=stale)
        if probe is None:
            return False
        try:
            with self._live.pin() as pinned:
                answer = self._answers.answer(probe, pinned, check=self._give_way)
        except NotReady as error:
            answer = ProbeAnswer(release="", replica=self._replica_id, error=f"NotReady: {error}")
        except Stopped:
            return False
        except Exception as error:
            logger.exception("a probe failed")
            answer = ProbeAnswer(
                release="", replica=self._replica_id, error=f"{type(error).__name__}: {error}"
            )
        self._probes.answer(probe.id, answer)
        return True

    def _follow(self) -> None:
        while not self._stopping.wait(self._interval_s):
            with self._troubles.attempt("answering probes", unless=self._stopping.is_set):
                while self.turn() and not self._stopping.is_set():
                    pass

    def _give_way(self) -> None:
        """Let people's questions go first; raise Stopped where the service ends."""
        give_up = time.monotonic() + _GIVE_WAY_S
        while self._busy() and time.monotonic() < give_up and not self._stopping.wait(0.02):
            pass
        if self._stopping.is_set():
            raise Stopped


def packed(vectors: Vectors) -> str:
    """Return vectors as text: float32, little-endian, row after row, in base64."""
    return base64.b64encode(np.ascontiguousarray(vectors, "<f4").tobytes()).decode()


def unpacked(text: str) -> Vectors:
    """Return what `packed` was given as one row, shape (numbers,)."""
    return np.frombuffer(base64.b64decode(text), "<f4").astype(np.float32)


def _check_bounds(probe: Probe) -> None:
    characters = sum(map(len, probe.texts))
    if len(probe.texts) > MOST_TEXTS or characters > MOST_CHARACTERS or probe.k > DEEPEST:
        raise InvalidInput(
            f"A probe has at most {MOST_TEXTS} texts of {MOST_CHARACTERS:,} characters together and asks for "
            f"{DEEPEST} passages; got {len(probe.texts)}, {characters:,} and {probe.k}."
        )


def _one_by_one(texts: Sequence[str], check: Callable[[], None]) -> Iterator[str]:
    for text in texts:
        check()
        yield text


def _finite(cosine: float) -> float:
    """Return a cosine, or the smallest there is for what is no number: JSON has no name for that."""
    return cosine if np.isfinite(cosine) else -1.0
