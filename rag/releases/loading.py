"""Brings a release into memory and its index up to date. Knows nothing of which release is live."""

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from rag.domain import Release
from rag.errors import LeaseHeld, NotFound
from rag.ports import Encoder, IndexStore, Leases, PassageIndex, ReleaseStore, Reranker
from rag.questions.finding.retrieval import Pinned
from rag.releases.batching import MicroBatching
from rag.releases.indexing import Indexing
from rag.releases.models import LoadedRelease, Models


@dataclass(kw_only=True, eq=False)
class OpenRelease:
    """A release with its models in memory and its index open."""

    release: Release
    encoder: Encoder
    index: PassageIndex
    reranker: Reranker | None = None
    pins: int = 0  # questions being answered with it
    current: bool = False  # the change log was applied to its index at the last poll

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
        models: Models,
        indexes: IndexStore,
        indexing: Indexing,
        *,
        poll_interval_s: float,  # between two polls of another replica's backfill
        leases: Leases | None = None,  # where several processes share an index: one applies changes at a time
    ) -> None:
        self._releases = releases
        self._models = models
        self._indexes = indexes
        self._indexing = indexing
        self._poll_interval_s = poll_interval_s
        self._leases = leases
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End a backfill under way; it goes on at the next start."""
        self._stopping.set()

    def load(self, digest: str, *, create: bool, beside: Sequence[OpenRelease]) -> OpenRelease:
        """Load a release; with `create`, make and fill its index where that is missing.

        What it shares with one of the releases `beside`, which are in memory, is not loaded again.

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
            loaded = self._load_models(release, beside)
            opened = OpenRelease(
                release=release, encoder=loaded.encoder, index=index, reranker=loaded.reranker
            )
            if create:
                self._fill(opened)
                opened.current = self.catch_up(opened)
        except BaseException:
            if shared is None:
                index.close()
            raise
        return opened

    def _load_models(self, release: Release, beside: Sequence[OpenRelease]) -> LoadedRelease:
        # Releases that name the same model share it in memory.
        named = release.retrieval.reranker
        encoder = next((each.encoder for each in beside if each.release.encoder == release.encoder), None)
        return self._models.load(
            release,
            encoder=encoder or MicroBatching(self._models.encoders.load(release.encoder)),
            reranker=next(
                (each.reranker for each in beside if each.release.retrieval.reranker == named), None
            ),
        )

    def _open(self, release: Release, *, create: bool) -> PassageIndex:
        try:
            return self._indexes.open(release)
        except NotFound:
            if not create:
                raise
        # SQL may remember an index whose folder somebody deleted; what is gone has to be filled from the start.
        self._indexing.forget(release.index_name)
        return self._indexes.open(release, create=True)

    def _fill(self, opened: OpenRelease) -> None:
        """Backfill an index that was never filled to the end; another replica's backfill is waited for."""
        while self._indexing.lag(opened.index.name) is None:
            self._check_running()
            try:
                with self._writing(opened.index):
                    self._indexing.backfill(
                        opened.release, opened.encoder, opened.index, check=self._check_running
                    )
            except LeaseHeld:
                self._stopping.wait(self._poll_interval_s)

    def catch_up(self, opened: OpenRelease) -> bool:
        """Apply the change log to a release's index; True where it holds everything now."""
        lag = self._indexing.lag(opened.index.name)
        if not lag:
            # None: its builder is not through with it, so it must not count as ready.
            return lag == 0
        try:
            with self._writing(opened.index):
                self._indexing.catch_up(opened.release, opened.encoder, opened.index)
        except LeaseHeld:
            # Another replica applies the same changes to the same index; the next poll sees how far it came.
            return False
        return True

    def _writing(self, index: PassageIndex) -> AbstractContextManager[object]:
        # Two writers that read the same changes could put a document's older state over its newer one.
        return nullcontext() if self._leases is None else self._leases.hold(f"index:{index.name}")

    def _check_running(self) -> None:
        if self._stopping.is_set():
            raise Stopped
