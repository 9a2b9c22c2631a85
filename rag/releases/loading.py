"""Brings a release into memory and its index up to date. Knows nothing of which release is live."""

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from rag.domain import Release
from rag.errors import LeaseHeld, NotFound
from rag.ports import (
    Encoder,
    EncoderStore,
    IndexStore,
    Leases,
    PassageIndex,
    ReleaseStore,
    Reranker,
    RerankerStore,
)
from rag.questions.retrieval import Pinned
from rag.releases.indexing import Indexing


@dataclass(kw_only=True, eq=False)
class Loaded:
    """A release in memory."""

    release: Release
    encoder: Encoder
    index: PassageIndex
    reranker: Reranker | None = None
    pins: int = 0  # questions being answered with it
    current: bool = False  # the change log was applied to its index at the last look

    def pinned(self, epoch: int) -> Pinned:
        """Return it as questions have it."""
        return Pinned(
            epoch=epoch,
            release=self.release,
            encoder=self.encoder,
            index=self.index,
            reranker=self.reranker,
        )


class Stopped(Exception):
    """The service was told to stop while it loaded."""


class Loader:
    """Loads releases; a folder of an index is opened once, and an encoder is in memory once."""

    def __init__(
        self,
        releases: ReleaseStore,
        encoders: EncoderStore,
        indexes: IndexStore,
        indexing: Indexing,
        *,
        leases: Leases | None,
        rerankers: RerankerStore | None,
        stopping: threading.Event,
        poll_interval_s: float,
    ) -> None:
        """Wire the parts, as `rag.releases.live.LiveRelease` has them.

        Args:
            releases: where releases are read.
            encoders: where encoders are loaded from.
            indexes: where indexes are opened.
            indexing: applies documents to an index.
            leases: given where several processes share an index, so that one applies changes at a time.
            rerankers: where the cross-encoders are loaded from that releases may name.
            stopping: set when the service is told to stop; a backfill ends then, and goes on at the next start.
            poll_interval_s: seconds between two looks at another replica's backfill.
        """
        self._releases = releases
        self._encoders = encoders
        self._indexes = indexes
        self._indexing = indexing
        self._leases = leases
        self._rerankers = rerankers
        self._stopping = stopping
        self._poll_interval_s = poll_interval_s

    def load(self, digest: str, *, create: bool, beside: Sequence[Loaded]) -> Loaded:
        """Load a release; with `create`, make and fill its index where that is missing.

        Args:
            digest: the release's.
            create: whether it is to have an index in any case.
            beside: releases in memory. What it shares with one of them is not loaded again.

        Raises:
            NotFound: there is no such release, encoder, index or cross-encoder.
            IndexLocked: another process has the index open.
            Stopped: the service was told to stop meanwhile.
        """
        release = self._releases.get(digest)
        # The index first: that it is locked shows at once, an encoder takes seconds to load.
        shared = next((each.index for each in beside if each.index.name == release.index_name), None)
        index = shared or self._open(release, create=create)
        try:
            encoder = self._encoder(release.encoder, beside)
            loaded = Loaded(
                release=release, encoder=encoder, index=index, reranker=self._reranker(release, beside)
            )
            if create:
                self._fill(loaded)
                loaded.current = self.catch_up(loaded)
        except BaseException:
            if shared is None:
                index.close()
            raise
        return loaded

    def _encoder(self, digest: str, beside: Sequence[Loaded]) -> Encoder:
        # Two releases that differ in retrieval only share one encoder in memory.
        shared = [each.encoder for each in beside if each.release.encoder == digest]
        return shared[0] if shared else self._encoders.load(digest)

    def _reranker(self, release: Release, beside: Sequence[Loaded]) -> Reranker | None:
        digest = release.retrieval.reranker
        if digest is None:
            return None
        if self._rerankers is None:
            raise NotFound(
                f"Release {release.digest[:16]} orders its hits with the cross-encoder {digest[:16]}, but this "
                "process has no folder of cross-encoders to load it from."
            )
        shared = [each.reranker for each in beside if each.release.retrieval.reranker == digest]
        return shared[0] if shared else self._rerankers.load(digest)

    def _open(self, release: Release, *, create: bool) -> PassageIndex:
        try:
            return self._indexes.open(release)
        except NotFound:
            if not create:
                raise
        # SQL may remember an index whose folder somebody deleted; what is gone has to be filled from the start.
        self._indexing.forget(release.index_name)
        return self._indexes.open(release, create=True)

    def _fill(self, loaded: Loaded) -> None:
        """Backfill an index that was never filled to the end; another replica's backfill is waited for."""
        while self._indexing.lag(loaded.index.name) is None:
            self._check_running()
            try:
                with self._writing(loaded.index):
                    self._indexing.backfill(
                        loaded.release, loaded.encoder, loaded.index, check=self._check_running
                    )
            except LeaseHeld:
                self._stopping.wait(self._poll_interval_s)

    def catch_up(self, loaded: Loaded) -> bool:
        """Apply the change log to a release's index; True where it holds everything now."""
        lag = self._indexing.lag(loaded.index.name)
        if not lag:
            # None: its builder is not through with it, so it must not count as ready.
            return lag == 0
        try:
            with self._writing(loaded.index):
                self._indexing.catch_up(loaded.release, loaded.encoder, loaded.index)
        except LeaseHeld:
            # Another replica applies the same changes to the same index; the next look sees how far it came.
            return False
        return True

    def _writing(self, index: PassageIndex) -> AbstractContextManager[object]:
        # Two writers that read the same changes could put a document's older state over its newer one.
        return nullcontext() if self._leases is None else self._leases.hold(f"index:{index.name}")

    def _check_running(self) -> None:
        if self._stopping.is_set():
            raise Stopped
