"""What retraining needs from the outside, as Protocols."""

from collections.abc import Collection, Sequence
from typing import Protocol

from rag.domain import Passage
from rag.ports import Permit, Progress
from retrain.domain import (
    Approval,
    Candidate,
    CandidateStatus,
    Dataset,
    EvalQuestion,
    Promotion,
    QuestionStyle,
    TrainingPair,
    TrainingReport,
    Written,
)


class Trainer(Protocol):
    """Fine-tunes an encoder artefact."""

    def train(
        self,
        incumbent: str,
        pairs: Sequence[TrainingPair],
        dev: Sequence[EvalQuestion],
        corpus: Sequence[Passage],
        *,
        progress: Progress,
    ) -> tuple[str, TrainingReport]:
        """Train from the incumbent's digest; return the new artefact's digest and how it went.

        A run that was killed goes on from its last checkpoint when called with the same arguments.

        Raises:
            InvalidInput: too few pairs to make one batch.
        """
        ...


class QuestionWriter(Protocol):
    """A language model that writes questions. May be shared by threads."""

    fingerprint: str
    """Identifies the model and what it is told: another one would write other questions."""

    def questions(self, passage: Passage, count: int, style: QuestionStyle) -> Written:
        """Write `count` questions of that style that this passage alone answers, or what the model took for such.

        A reply without any question is no failure: what was in it is said in `dropped`.

        Raises:
            UpstreamFailed: the model did not answer.
        """
        ...

    def paraphrases(self, question: str, count: int) -> Written:
        """Write `count` other wordings of the question; as above."""
        ...


class WritingCache(Protocol):
    """What a language model wrote, by a key of everything it was asked. May be shared by threads and processes."""

    def get(self, key: str) -> Written | None:
        """Return what was written; None where it was not."""
        ...

    def put(self, key: str, written: Written) -> None:
        """Keep what was written; on return it survives the process."""
        ...


class DatasetStore(Protocol):
    """Datasets, by digest."""

    def put(self, dataset: Dataset) -> None:
        """Write one; the same digest again does nothing."""
        ...

    def get(self, digest: str) -> Dataset:
        """Return one.

        Raises:
            NotFound: there is none.
            IntegrityError: its content no longer matches its digest.
        """
        ...

    def newest(self, *, tenant: str) -> Dataset | None:
        """Return the newest one whose manifest names the tenant; None where there is none that can be read."""
        ...


class CandidateStore(Protocol):
    """Candidates."""

    def add(self, candidate: Candidate) -> None:
        """Write one."""
        ...

    def get(self, candidate_id: str) -> Candidate:
        """Return one by its id, or by a prefix of it that fits one alone.

        Raises:
            NotFound: none fits.
            InvalidInput: several fit.
        """
        ...

    def newest(self, limit: int = 50) -> list[Candidate]:
        """Return the newest first."""
        ...

    def having(self, *statuses: CandidateStatus) -> list[Candidate]:
        """Return all that have one of these, the newest first."""
        ...

    def set_status(self, candidate_id: str, status: CandidateStatus) -> None:
        """Move a candidate on; NotFound where there is none of that id."""
        ...


class GateLookStore(Protocol):
    """How often each set of gate questions was looked at."""

    def count(self, gate: str) -> int:
        """Return the looks at the gate questions of that digest so far."""
        ...

    def look(self, gate: str, *, candidate: str, incumbent: str) -> int:
        """Take down a look and return its number, from 1; the same comparison again has the number it had.

        `gate` is the digest of the gate questions, the others are those of the releases that are compared.
        """
        ...


class AnchorStore(Protocol):
    """Gate questions that a live release has answered, by their fingerprints. Only ever added to."""

    def freeze(self, questions: Collection[str], *, release: str) -> None:
        """Write down that a release answered these; what is there stays as it is."""
        ...

    def among(self, questions: Collection[str]) -> frozenset[str]:
        """Return those of the questions that were ever written down."""
        ...


class ApprovalStore(Protocol):
    """Decisions of people. Never changed; the newest for a candidate counts."""

    def add(self, approval: Approval) -> None:
        """Write one."""
        ...

    def newest_for(self, candidate_id: str) -> Approval | None:
        """Return the newest decision on a candidate."""
        ...

    def permit(
        self, approval: str, candidate: Candidate, *, key: bytes, incumbents: Collection[str] = ()
    ) -> Permit:
        """Return what lets the candidate go live once, while that approval is the newest decision and allows it.

        `incumbents` are the digests of the releases that its incumbent was calibrated as: it may replace any of them.
        """
        ...


class PromotionStore(Protocol):
    """Promotions and rollbacks, with their progress."""

    def put(self, promotion: Promotion) -> None:
        """Write or replace one."""
        ...

    def get(self, promotion_id: str) -> Promotion:
        """Return one; NotFound where there is none."""
        ...

    def newest(self, limit: int = 20) -> list[Promotion]:
        """Return the newest first."""
        ...

    def open(self) -> list[Promotion]:
        """Return all that have not ended, the newest first."""
        ...
