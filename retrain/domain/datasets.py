"""What a candidate is trained on, chosen by and judged by."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from rag.domain import Passage, digest_of, utcnow
from retrain.domain.pairs import Origin, TrainingPair


@dataclass(frozen=True, kw_only=True, slots=True)
class EvalQuestion:
    """A held-back question."""

    id: str
    text: str
    relevant: frozenset[str]  # ids of the passages that answer it
    documents: frozenset[str]  # the documents these belong to
    origin: Origin
    kind: str = ""  # as a pair's
    asked_at: datetime | None = None  # for the log; the newest time where it was asked again
    parent: str = ""  # for a paraphrase, the id of the question it rewords

    @property
    def fingerprint(self) -> str:
        """SHA-256 over its id and what answers it: asked again of other passages, it is another question."""
        return digest_of({"id": self.id, "relevant": sorted(self.relevant)})


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """Pairs to train on and questions to judge by; the three splits share no document. Content-addressed."""

    digest: str = ""  # SHA-256 over all pairs and questions; derived where it is not given
    train: tuple[TrainingPair, ...]
    dev: tuple[EvalQuestion, ...]  # choose the checkpoint
    gate: tuple[EvalQuestion, ...]  # decide on the promotion
    manifest: Mapping[str, Any]  # counts by split and origin, what was left out and why; JSON values
    robustness: tuple[EvalQuestion, ...] = ()  # other wordings of gate questions: a slice, never the verdict
    created_at: datetime = field(default_factory=utcnow)

    @property
    def gate_digest(self) -> str:
        """SHA-256 over the gate questions alone, whatever their order: which exam it is."""
        questions = sorted((_plain(question) for question in self.gate), key=lambda plain: str(plain["id"]))
        return digest_of({"gate": questions})

    def __post_init__(self) -> None:
        """Derive the digest where none is given; the order within a split counts, the manifest does not."""
        if not self.digest:
            splits = ("train", "dev", "gate", "robustness") if self.robustness else ("train", "dev", "gate")
            content = {split: [_plain(item) for item in getattr(self, split)] for split in splits}
            object.__setattr__(self, "digest", digest_of(content))


_LATER = frozenset({"kind", "interaction", "asked_at", "judge", "negatives"})
"""Fields that came later: left out of digests where empty, so that older datasets keep theirs."""


def _plain(item: TrainingPair | EvalQuestion) -> dict[str, Any]:
    """Return JSON values of a pair or a question, sets in order."""
    plain = asdict(item)
    later = _LATER | {"parent"} if isinstance(item, EvalQuestion) else _LATER
    return {name: _canonical(value) for name, value in plain.items() if value or name not in later}


def _canonical(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardSet:
    """A general-domain set of questions and passages; only measured on, never learned from."""

    questions: tuple[EvalQuestion, ...]
    passages: tuple[Passage, ...]
