"""One retraining: what people asked and documents say become a dataset, an encoder, and a candidate with a verdict.

Each step takes and gives what can be written down (digests, ids), so that a flow may run them apart and repeat them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from rag.domain import new_id
from rag.ports import (
    DocumentStore,
    EmbeddingCache,
    EncoderStore,
    FeedbackStore,
    InteractionStore,
    Progress,
    QuestionStore,
    ReleaseStore,
    RerankerStore,
)
from rag.releases.trials import Scratch
from retrain.dataset.mining import Mining
from retrain.dataset.writing import Forecast, Writing
from retrain.domain import Candidate, Dataset, Detectable, GuardSet, TrainingReport
from retrain.ports import AnchorStore, CandidateStore, DatasetStore, GateLookStore, Trainer
from retrain.present import Present
from retrain.settings import RetrainSettings
from retrain.verdict.card import model_card
from retrain.verdict.judging import Judging


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """What training gave."""

    encoder: str  # digest
    report: TrainingReport


class RetrainCycle:
    """Retrains one tenant's encoder."""

    def __init__(
        self,
        *,
        tenant: str,
        documents: DocumentStore,
        interactions: InteractionStore,
        feedback: FeedbackStore,
        questions: QuestionStore,
        releases: ReleaseStore,
        encoders: EncoderStore,
        cache: EmbeddingCache,
        datasets: DatasetStore,
        candidates: CandidateStore,
        trainer: Trainer,
        writer: Writing | None,
        scratch: Scratch,
        settings: RetrainSettings,
        gate_looks: GateLookStore,
        anchors: AnchorStore,
        guard: Callable[[], GuardSet] | None = None,
        rerankers: RerankerStore | None = None,
        drifted_since: datetime | None = None,
    ) -> None:
        """Take the stores, the trainer, and a language model where there is one to write questions.

        Releases are tried out in `scratch`; `rerankers` has the cross-encoders they may name. Where people have asked
        about other things since `drifted_since`, the language model writes about those first.
        `guard` reads the general-domain set, where there is one.
        """
        self._present = Present(
            tenant=tenant,
            documents=documents,
            releases=releases,
            encoders=encoders,
            cache=cache,
            scratch=scratch,
            rerankers=rerankers,
        )
        self._mining = Mining(
            self._present,
            interactions=interactions,
            feedback=feedback,
            questions=questions,
            datasets=datasets,
            writer=writer,
            settings=settings,
            drifted_since=drifted_since,
        )
        self._judging = Judging(
            self._present, gate_looks=gate_looks, anchors=anchors, guard=guard, settings=settings
        )
        self._trainer = trainer
        self._datasets = datasets
        self._candidates = candidates

    def forecast(self) -> Forecast | None:
        """Tell what asking the language model would cost; None where there is none. Asks nothing."""
        return self._mining.forecast()

    def build_dataset(self, *, progress: Progress) -> Dataset:
        """Mine, reword, split, and store.

        Raises:
            EmptyCorpus: nothing is ingested.
            InvalidInput: too little was mined to train and to judge on.
        """
        dataset = self._mining.build(progress=progress)
        self._datasets.put(dataset)
        return dataset

    def foresee(self, dataset: str, *, progress: Progress) -> Detectable | None:
        """Tell before training which gain the gate questions can show; None where none of them can be answered.

        Raises:
            NotReady: nothing is live yet.
        """
        return self._judging.foresee(self._datasets.get(dataset), progress=progress)

    def train(self, dataset: str, *, progress: Progress) -> Trained:
        """Fine-tune the live encoder on a dataset.

        Raises:
            NotReady: nothing is live yet.
            InvalidInput: too few pairs.
        """
        stored, present = self._datasets.get(dataset), self._present
        encoder, report = self._trainer.train(
            present.live().encoder, stored.train, stored.dev, present.corpus(), progress=progress
        )
        return Trained(encoder=encoder, report=report)

    def evaluate(
        self, dataset: str, trained: Trained, *, foreseen: Detectable | None = None, progress: Progress
    ) -> Candidate:
        """Compare with the live release on the gate questions, let the gate decide, and store the candidate.

        `foreseen` is what was said before training, and goes onto the scorecard.

        Before, the candidate's weight of words and its threshold are chosen on the dev questions; the training
        report says how.

        Raises:
            NotReady: nothing is live yet.
            InvalidInput: no gate question has an answer in the corpus any more.
        """
        stored, present = self._datasets.get(dataset), self._present
        judged = self._judging.judge(stored, trained.encoder, foreseen=foreseen, progress=progress)
        present.releases.add(judged.release)
        report = trained.report
        candidate = Candidate(
            id=new_id(),
            tenant=present.tenant,
            encoder=trained.encoder,
            release=judged.release.digest,
            incumbent=judged.incumbent.digest,
            dataset=dataset,
            training=replace(report, settings={**report.settings, "tuning": judged.tuning}),
            scorecard=judged.scorecard,
            verdict=judged.verdict,
        )
        base = judged.incumbent.encoder
        if trained.encoder != base:
            present.encoders.describe(trained.encoder, model_card(candidate, stored, base=base))
        self._candidates.add(candidate)
        return candidate
