"""One retraining: what people asked and documents say become a dataset, an encoder, and a candidate with a verdict.

Steps take and return what can be written down (digests, ids), so that a flow may run them apart and repeat them.
"""

from dataclasses import dataclass, replace

from rag.domain import new_id
from rag.ports import Progress
from rag.releases.deployed import live_release
from retrain.dataset.mining import Mining
from retrain.dataset.writing import Forecast
from retrain.domain import Candidate, Dataset, Detectable, TrainingReport
from retrain.ports import CandidateStore, DatasetStore, Trainer
from retrain.present import Present
from retrain.verdict.card import model_card
from retrain.verdict.judging import Judging


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """What came of training."""

    encoder: str  # digest
    report: TrainingReport


@dataclass(frozen=True)
class RetrainCycle:
    """Retrains one tenant's encoder."""

    present: Present
    mining: Mining
    trainer: Trainer
    judging: Judging
    datasets: DatasetStore
    candidates: CandidateStore

    def forecast(self) -> Forecast | None:
        """Return what asking the language model would cost; None where there is none. Asks nothing."""
        return self.mining.forecast()

    def build_dataset(self, *, progress: Progress) -> Dataset:
        """Mine, reword, split, and store.

        Raises:
            EmptyCorpus: nothing is ingested.
            InvalidInput: too little was mined to train and to judge on.
        """
        dataset = self.mining.build(progress=progress)
        self.datasets.put(dataset)
        return dataset

    def foresee(self, dataset: str, *, progress: Progress) -> Detectable | None:
        """Return, before training, which gain the gate questions can show; None where none can be answered.

        Raises:
            NotReady: nothing is live yet.
        """
        return self.judging.foresee(self.datasets.get(dataset), progress=progress)

    def train(self, dataset: str, *, progress: Progress) -> Trained:
        """Fine-tune the live encoder on a dataset.

        Raises:
            NotReady: nothing is live yet.
            InvalidInput: too few pairs.
        """
        stored, present = self.datasets.get(dataset), self.present
        encoder, report = self.trainer.train(
            live_release(present.releases).encoder,
            stored.train,
            stored.dev,
            present.corpus(),
            progress=progress,
        )
        return Trained(encoder=encoder, report=report)

    def evaluate(
        self, dataset: str, trained: Trained, *, foreseen: Detectable | None = None, progress: Progress
    ) -> Candidate:
        """Compare with the live release on the gate questions, let the gate decide, and store the candidate.

        Before that, the candidate's context and weight of words are chosen on the dev questions, and its support is
        calibrated on the documents; the training report and the scorecard say how, and
        what a language model's questions have cost. What was `foreseen` before training goes onto the scorecard.

        Raises:
            NotReady: nothing is live yet.
            InvalidInput: no gate question has an answer in the corpus any more.
        """
        stored, present = self.datasets.get(dataset), self.present
        judged = self.judging.judge(stored, trained.encoder, foreseen=foreseen, progress=progress)
        present.releases.add(judged.release)
        report = trained.report
        told = {"tuning": judged.tuning}
        for name in ("language_model", "focus"):
            if name in stored.manifest:
                told[name] = stored.manifest[name]
        candidate = Candidate(
            id=new_id(),
            tenant=present.tenant,
            encoder=trained.encoder,
            release=judged.release.digest,
            incumbent=judged.incumbent.digest,
            dataset=dataset,
            training=replace(report, settings={**report.settings, **told}),
            scorecard=judged.scorecard,
            verdict=judged.verdict,
        )
        base = judged.incumbent.encoder
        if trained.encoder != base:
            present.models.encoders.describe(trained.encoder, model_card(candidate, stored, base=base))
        self.candidates.add(candidate)
        return candidate
