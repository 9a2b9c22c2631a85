"""Builds the index of a release and proves that it holds what it should.

Only for an index that no service has open: an embedded index folder has one owner, and it is this process until
`build` returns.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.domain import Release
from rag.errors import IndexLocked, NotFound, VerificationFailed
from rag.ports import DocumentStore, IndexCursors, IndexStore, PassageIndex
from rag.releases.indexing import Indexing
from rag.releases.models import LoadedRelease, Models
from rag.releases.trials import Scratch
from retrain.domain import EvalQuestion, PromotionPhase
from retrain.promotion.running import Run
from retrain.promotion.verification import verify_answers

LOCK_PATIENCE_S = 15.0
"""How long to wait for a service to close the folder, which it does when it next reads the deployment, in seconds."""

_ROUNDS = 5  # of verifying, while documents keep changing under it


@dataclass(frozen=True, kw_only=True)
class IndexBuilder:
    """Backfills, catches up and verifies."""

    documents: DocumentStore
    cursors: IndexCursors
    models: Models
    indexes: IndexStore
    indexing: Indexing
    scratch: Scratch
    verify_sample: int  # passages that are verified, and questions, drawn with the seed
    seed: int

    def build(
        self,
        release: Release,
        questions: Sequence[EvalQuestion],
        *,
        tenant: str,
        run: Run,
        served: Callable[[], bool] = lambda: False,
    ) -> None:
        """Bring the release's index to the present state of the documents, verify it and let go of it.

        Goes on where an earlier call was broken off. An index that failed verification is kept to be examined, and made
        anew by the next call. A sample of the questions is asked of it and of the tenant's corpus. Where `served`, a
        service keeps the index open for good, so that waiting for it is no use.

        Raises:
            VerificationFailed: it does not hold what it should.
            IndexLocked: another process keeps the folder open.
            NotFound, ArtefactTampered: the encoder cannot be loaded.
        """
        loaded = self.models.load(release)
        encoder = loaded.encoder
        index = self._open(release, served)
        try:
            run.enter(PromotionPhase.BACKFILL)
            self.indexing.backfill(
                release,
                encoder,
                index,
                progress=lambda done, total, _: run.advance(done, total),
                check=run.check,
            )
            run.enter(PromotionPhase.CATCH_UP)
            self.indexing.catch_up(release, encoder, index)
            run.enter(PromotionPhase.VERIFY)
            self._verify(loaded, index, self._drawn(questions), tenant=tenant, check=run.check)
        finally:
            index.close()

    def exists(self, release: Release) -> bool:
        """Return whether the release has an index, finished or not."""
        return release.index_name in self.indexes.names()

    def filled(self, release: Release) -> bool:
        """Return whether the release's index is there and was filled to the end, whoever keeps it."""
        return self.exists(release) and self.indexing.lag(release.index_name) is not None

    def check_models(self, release: Release) -> None:
        """Load the release's models for a moment, to find a damaged one; errors as for `Models.load`."""
        self.models.load(release)

    def need_encoder(self, release: Release) -> None:
        """Raise NotFound where the release's encoder was deleted."""
        if release.encoder not in self.models.encoders.digests():
            raise NotFound(
                f"The encoder {release.encoder[:12]} of release {release.digest[:12]} was deleted; "
                "train and evaluate anew."
            )

    def _open(self, release: Release, served: Callable[[], bool]) -> PassageIndex:
        name = release.index_name
        known = self.cursors.cursor(name) is not None or self.cursors.backfill(name) is not None
        give_up = time.monotonic() + LOCK_PATIENCE_S
        while True:
            try:
                if self.exists(release) and not known:
                    # Nothing vouches for what is in it: broken off at once, or failed verification.
                    self.indexes.drop(name)
                elif known and not self.exists(release):
                    self.cursors.forget(name)
                return self.indexes.open(release, create=True)
            except IndexLocked:
                if served() or time.monotonic() > give_up:
                    raise
                time.sleep(0.2)

    def _verify(
        self,
        loaded: LoadedRelease,
        index: PassageIndex,
        questions: Sequence[str],
        *,
        tenant: str,
        check: Callable[[], None],
    ) -> None:
        release, encoder = loaded.release, loaded.encoder
        problems: list[str] = []
        for _ in range(_ROUNDS):
            check()
            self.indexing.catch_up(release, encoder, index)
            seen = self.documents.last_change()
            problems = self.indexing.verify(
                release, encoder, index, sample=self.verify_sample, seed=self.seed
            )
            problems += verify_answers(
                questions,
                loaded=loaded,
                index=index,
                documents=self.documents,
                cache=self.models.cache,
                scratch=self.scratch,
                tenant=tenant,
                check=check,
            )
            if not problems:
                return
            if self.documents.last_change() == seen:
                break  # No document changed meanwhile that would explain them.
        self.cursors.forget(index.name)
        raise VerificationFailed(
            f"Index {index.name} was not switched to: {' '.join(problems)} It is kept for a look and made anew "
            "by the next try."
        )

    def _drawn(self, questions: Sequence[EvalQuestion]) -> list[str]:
        count = min(self.verify_sample, len(questions))
        return [question.text for question in random.Random(self.seed).sample(list(questions), count)]
