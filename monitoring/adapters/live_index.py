"""The index that serves, asked through SQL by a process that has no index open."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from monitoring.ports import IndexState, LiveIndex, Nearest, Served, Stored
from rag.domain import DEFAULT_TENANT, Probe, ProbeAnswer, ProbeKind, new_id, utcnow
from rag.errors import IndexLocked, NotFound, NotReady, Unavailable
from rag.ports import Census, DocumentStore, IndexStore, ProbeStore, ReleaseStore, ReplicaStore
from rag.questions.finding.retrieval import Pinned
from rag.releases.deployed import deployed
from rag.releases.indexing import Indexing
from rag.releases.models import Models
from rag.releases.probing import MOST_CHARACTERS, MOST_TEXTS, Answers, unpacked

ALIVE = timedelta(seconds=20)
"""A replica whose heartbeat is older does not answer any more."""

JUST_STARTED_S = 5.0
"""A service opens its index before it first says that it is alive."""

PATIENCE_S = 60.0
"""How long one more answer is waited for, in seconds; a service that is busy answers people first."""

_POLL_S = 0.1
_AT_ONCE = 8  # probes that wait at the same time


class SqlLiveIndex(LiveIndex):
    """A `LiveIndex` that writes probes for whoever serves; where nobody does, it opens the live index itself.

    Used as a context, so that an index that was opened here is closed again.
    """

    def __init__(
        self,
        probes: ProbeStore,
        replicas: ReplicaStore,
        here: Callable[[], AbstractContextManager[tuple[Answers, Pinned]]],
        *,
        patience_s: float = PATIENCE_S,
        poll_s: float = _POLL_S,
    ) -> None:
        """Ask through `probes` while one of `replicas` lives, else what `here` opens."""
        self._probes = probes
        self._replicas = replicas
        self._here = here
        self._patience_s = patience_s
        self._poll_s = poll_s
        self._opened = ExitStack()
        self._pinned: tuple[Answers, Pinned] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close what was opened here; a second call does nothing."""
        self._pinned = None
        self._opened.close()

    @override
    def state(self) -> IndexState:
        (answer,) = self._answers([_probe(ProbeKind.STATE)])
        said = answer.result
        since = said["pending_since"]
        return IndexState(
            release=answer.release,
            replica=answer.replica,
            passages=said["passages"],
            expected=said["expected"],
            change=said["change"],
            pending=said["pending"],
            pending_since=None if since is None else datetime.fromisoformat(since),
        )

    @override
    def find(self, questions: Sequence[str], *, tenant: str, k: int) -> list[list[Served]]:
        rows = self._each(ProbeKind.SEARCH, "found", questions, tenant=tenant, k=k)
        return [
            [Served(passage=passage, documents=tuple(documents)) for passage, *documents in row]
            for row in rows
        ]

    @override
    def nearest(self, questions: Sequence[str], *, tenant: str, k: int) -> list[Nearest]:
        rows = self._each(ProbeKind.NEAREST, "nearest", questions, tenant=tenant, k=k)
        return [Nearest(**{name: tuple(ids) for name, ids in row.items()}) for row in rows]

    @override
    def stored(self, passage_ids: Sequence[str]) -> Stored:
        answers = self._answers(
            [_probe(ProbeKind.STORED, some) for some in _bounded(list(dict.fromkeys(passage_ids)))]
        )
        results: list[Mapping[str, Any]] = [each.result for each in answers]
        return Stored(
            missing=frozenset(key for each in results for key in each["missing"]),
            cosines={key: cosine for each in results for key, cosine in each["cosines"].items()},
            pending=frozenset(key for each in results for key in each["pending"]),
        )

    @override
    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._embedded(ProbeKind.QUESTIONS, texts)

    @override
    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._embedded(ProbeKind.PASSAGES, texts)

    def _embedded(self, kind: ProbeKind, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = [unpacked(row) for row in self._each(kind, "vectors", texts)]
        return np.stack(rows) if rows else np.empty((0, 0), np.float32)

    def _each(
        self,
        kind: ProbeKind,
        name: str,
        texts: Sequence[str],
        *,
        tenant: str = DEFAULT_TENANT,
        k: int = 0,
    ) -> list[Any]:
        """Return what the answers say under `name`, an item for each text."""
        # A text beyond what a probe may have is asked as far as it may; nobody reads further either.
        cut = [text[:MOST_CHARACTERS] for text in texts]
        probes = [_probe(kind, some, tenant=tenant, k=k) for some in _bounded(cut)]
        return [item for answer in self._answers(probes) for item in answer.result[name]]

    def _answers(self, probes: Sequence[Probe]) -> list[ProbeAnswer]:
        """Return the probes' answers in their order.

        Raises:
            Unavailable: as the port says, or an answer is an error.
        """
        answers: list[ProbeAnswer] = []
        for start in range(0, len(probes), _AT_ONCE):
            # Asked now, whenever they were made: what is old is swept away.
            some = [replace(each, asked_at=utcnow()) for each in probes[start : start + _AT_ONCE]]
            answers += self._elsewhere(some) if self._pinned is None and self._served() else self._asked(some)
        if (failed := next((each.error for each in answers if each.error), None)) is not None:
            if failed.startswith("NotReady: "):
                raise NotReady(failed.removeprefix("NotReady: "))
            raise Unavailable(f"the live index was asked, and said: {failed}")
        return answers

    def _served(self) -> bool:
        return bool(self._replicas.alive(since=utcnow() - ALIVE))

    def _served_soon(self) -> bool:
        """Tell whether a service says that it is alive, waiting for one that has opened the index and not said so."""
        give_up = time.monotonic() + JUST_STARTED_S
        while not (served := self._served()) and time.monotonic() < give_up:
            time.sleep(self._poll_s)
        return served

    def _asked(self, probes: Sequence[Probe]) -> list[ProbeAnswer]:
        """Return the answers of the index as it is opened here; of the service, where one has just started."""
        try:
            asked, pinned = self._open()
        except IndexLocked:
            if not self._served_soon():
                raise
            return self._elsewhere(probes)
        return [asked.answer(probe, pinned) for probe in probes]

    def _elsewhere(self, probes: Sequence[Probe]) -> list[ProbeAnswer]:
        ids = [probe.id for probe in probes]
        self._probes.add(probes)
        try:
            known: dict[str, ProbeAnswer] = {}
            give_up = time.monotonic() + self._patience_s
            while len(known) < len(ids):
                time.sleep(self._poll_s)
                came = self._probes.answers([each for each in ids if each not in known])
                if came:
                    known |= came
                    give_up = time.monotonic() + self._patience_s
                elif not self._served():
                    # It ended meanwhile, and whoever ends so lets go of the index.
                    return self._asked(probes)
                elif time.monotonic() > give_up:
                    raise Unavailable(
                        f"a service is alive, but did not answer {len(ids) - len(known)} of {len(ids)} probes of the "
                        f"live index within {self._patience_s:.0f} s; see whether it is of this version, or overloaded"
                    )
            return [known[each] for each in ids]
        finally:
            # The texts are golden questions or people's: they stay no longer than they are needed.
            self._probes.remove(ids)

    def _open(self) -> tuple[Answers, Pinned]:
        if self._pinned is None:
            self._pinned = self._opened.enter_context(self._here())
        return self._pinned


@contextmanager
def live_here(
    releases: ReleaseStore,
    documents: DocumentStore,
    census: Census,
    models: Models,
    indexes: IndexStore,
    indexing: Indexing,
) -> Iterator[tuple[Answers, Pinned]]:
    """Open the live release in this process while in the context: for when no service is alive.

    Raises:
        NotReady: nothing is live yet, or its index was never made.
        IndexLocked: another process holds the index, although no service says that it is alive.
    """
    deployment = deployed(releases)
    release = releases.get(deployment.release)
    try:
        index = indexes.open(release)
    except IndexLocked as error:
        raise IndexLocked(
            f"no service says that it is alive, and the live index cannot be opened here: {error} It may be a "
            "service that hangs or has just started, a question asked from the command line, or a promotion."
        ) from error
    except NotFound as error:
        raise NotReady(
            f"the live release's index {release.index_name} is not there; start `whetstone serve`, which fills it"
        ) from error
    with closing(index):
        loaded = models.load(release)
        pinned = Pinned(
            epoch=deployment.epoch,
            release=release,
            encoder=loaded.encoder,
            index=index,
            reranker=loaded.reranker,
        )
        yield Answers(documents, census, indexing), pinned


def _probe(kind: ProbeKind, texts: Sequence[str] = (), *, tenant: str = DEFAULT_TENANT, k: int = 0) -> Probe:
    return Probe(id=new_id(), tenant=tenant, kind=kind, texts=tuple(texts), k=k)


def _bounded(texts: Sequence[str]) -> Iterator[list[str]]:
    """Cut texts into lists that a probe may have."""
    some: list[str] = []
    for text in texts:
        if some and (len(some) == MOST_TEXTS or sum(map(len, some)) + len(text) > MOST_CHARACTERS):
            yield some
            some = []
        some.append(text)
    if some:
        yield some
